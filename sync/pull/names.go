package pull

import (
	"fmt"
	"path"

	"golang.org/x/text/unicode/norm"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/internal/folderfs"
)

// checkName refuses what no action may name, whoever decided it: what cannot be
// walked from the root, and anything in the work directory. The session
// rejects such names too; this is the last door.
func checkName(name string) error {
	if err := index.CheckName(name); err != nil {
		return fmt.Errorf("%q: %w: %w", name, folderfs.ErrName, err)
	}
	if err := folderfs.CheckChange(name); err != nil {
		return fmt.Errorf("%q: %w", name, err)
	}
	return nil
}

// isSpelled reports whether what was found at a name is spelled as the name is,
// with the directories that it is in: a file system may not tell it from another.
func (p *Puller) isSpelled(name string, found folderfs.Info) bool {
	alike := func(name string, found folderfs.Info) bool {
		return norm.NFC.String(found.Name) == norm.NFC.String(path.Base(name))
	}
	if can := p.fs.Capabilities(); can.CaseSensitive && can.UnicodeExact {
		return true
	}
	if !alike(name, found) {
		return false
	}
	for dir := parent(name); dir != ""; dir = parent(dir) {
		if info, err := p.fs.Lstat(dir); err != nil || !alike(dir, info) {
			return false
		}
	}
	return true
}
