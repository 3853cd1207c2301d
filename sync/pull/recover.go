package pull

import (
	"cmp"
	"context"
	"fmt"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/internal/folderfs"
	"github.com/labsync/labsync/sync/plan"
)

// Report is what Recover found.
type Report struct {
	Finished  int            // steps that had been begun and were completed
	TakenBack int            // steps that had been begun and were undone
	Rescan    []string       // names to compare with the disk before they are trusted
	Problems  []plan.Problem // what a person should look at
}

// runningKey is a setting that exists from Recover to Close. It holds
// Options.Boot.
const runningKey = "pull.running"

// Recover settles what an earlier run left behind: steps it had begun,
// permissions it had lent, strange files in the work directory. If that run did
// not end with Close the machine may have lost power: what had changed shortly
// before is then marked to be read again, whatever its facts say; and unless
// the machine has been up since, as suspect: a loss of power may be all that
// has changed it.
// Call it before anything else uses the folder.
func (p *Puller) Recover(ctx context.Context) (Report, error) {
	p.placing.Lock()
	defer p.placing.Unlock()
	if err := p.recoverLent(ctx); err != nil {
		return Report{}, fmt.Errorf("recover: %w", err)
	}
	was, err := p.idx.Setting(ctx, runningKey)
	if err != nil {
		return Report{}, fmt.Errorf("recover: %w", err)
	}
	var lastLook int64
	if was != nil {
		if lastLook, err = p.lastLook(ctx); err != nil {
			return Report{}, fmt.Errorf("recover: %w", err)
		}
	}
	rep, err := p.settle(ctx)
	if err != nil {
		return rep, err
	}
	if err := p.sweep(ctx, &rep); err != nil {
		return rep, fmt.Errorf("recover: %w", err)
	}
	if was != nil {
		flags := index.MustRescan
		if p.opt.Boot == "" || string(was) != p.opt.Boot {
			flags |= index.Suspect
		}
		if err := p.adoptCreated(ctx, &rep); err != nil {
			return rep, fmt.Errorf("recover: %w", err)
		}
		if err := p.distrust(ctx, &rep, flags, lastLook); err != nil {
			return rep, fmt.Errorf("recover: %w", err)
		}
	}
	err = p.idx.SetSetting(ctx, runningKey, []byte(cmp.Or(p.opt.Boot, "unknown")))
	if err != nil {
		return rep, fmt.Errorf("recover: %w", err)
	}
	return rep, nil
}

// Close notes that the folder's work has ended in good order. Call it last,
// when nothing else is going on.
func (p *Puller) Close(ctx context.Context) error {
	p.placing.Lock()
	defer p.placing.Unlock()
	if p.unsettled {
		return nil // the next start has to look
	}
	if err := p.idx.SetSetting(ctx, runningKey, nil); err != nil {
		return fmt.Errorf("note the end of work: %w", err)
	}
	return nil
}

// sweep looks through tmp, where nothing but our own files should be. What
// cannot be ours is kept for a person to look at.
func (p *Puller) sweep(ctx context.Context, rep *Report) error {
	infos, err := p.fs.ReadDir(folderfs.TempDir)
	if err != nil {
		return err
	}
	var old []string
	for i := range infos {
		info := &infos[i]
		name := folderfs.TempDir + "/" + info.Name
		w, ours := folderfs.ParseWork(name)
		switch {
		case info.Kind == folderfs.Directory || info.Kind == folderfs.Other:
		case !ours:
			to, err := p.rescue(name)
			if err != nil {
				return err
			}
			rep.Problems = append(rep.Problems, plan.Problem{Name: to, Code: plan.CodeIO, Text: fmt.Sprintf(
				"a file that is not labsync's was found in its work directory and is kept as %q; move it where it belongs, or delete it", to)})
		case w.Kind == folderfs.Partial && max(info.Mtime, info.Ctime) < p.opt.Now().Add(-stalePartial).UnixNano():
			old = append(old, name)
		}
	}
	needed, err := p.needed(ctx, old)
	if err != nil {
		return err
	}
	for _, name := range old {
		if needed[name] {
			continue
		}
		if err := p.fs.Remove(name); err != nil {
			return err
		}
	}
	return nil
}
