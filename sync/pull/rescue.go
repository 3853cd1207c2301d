package pull

import (
	"errors"
	"io/fs"
	"path"
	"strconv"

	"github.com/labsync/labsync/internal/folderfs"
)

// rescue moves a work file whose bytes nobody can account for to where a
// person finds it. It is never removed.
func (p *Puller) rescue(work string) (string, error) {
	base := path.Base(work)
	for i := 0; ; i++ {
		to := folderfs.RecoverDir + "/" + base
		if i > 0 {
			to += "." + strconv.Itoa(i)
		}
		err := p.fs.RenameNoReplace(work, to)
		if errors.Is(err, fs.ErrExist) && i < 1000 {
			continue
		}
		if err == nil {
			p.noteWork(to, work)
			p.opt.OnEvent(Event{Kind: Recovered, Work: to})
			p.opt.Log.Warn("unexpected bytes in the work directory are kept", "work", to)
			err = errors.Join(p.syncDir(folderfs.RecoverDir), p.syncDir(parent(work)))
		}
		return to, err
	}
}
