package pull

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
)

// A directory may have been synchronised as read-only, and things inside it
// change all the same. Its owner is lent write permission until the group
// ends; what is lent is noted durably first, so that a crash does not leave a
// permission behind that a scan would take for a person's.

// lentKey is the setting that holds a list of lent.
const lentKey = "pull.lent"

// lent is a directory on disk and the permissions it gets back.
type lent struct {
	Dir  string
	Mode uint32
}

// lend opens a directory for its owner. It fails if that is somebody else, or
// if it is open already and something else forbids writing.
func (g *group) lend(dir string) error {
	info, err := g.fs.Lstat(dir)
	if err != nil {
		return err
	}
	const owner = 0o300
	if dir == "" || info.Mode&owner == owner || !g.fs.Capabilities().Modes {
		return errNotLent
	}
	g.lent = append(g.lent, lent{dir, info.Mode})
	if err := g.noteLent(g.ctx); err != nil {
		g.lent = g.lent[:len(g.lent)-1]
		return err
	}
	if err := g.fs.Chmod(dir, info.Mode|owner); err != nil {
		g.lent = g.lent[:len(g.lent)-1]
		return errors.Join(err, g.noteLent(g.ctx))
	}
	return nil
}

var errNotLent = errors.New("not for want of the owner's permission")

func (p *Puller) noteLent(ctx context.Context) error {
	if len(p.lent) == 0 {
		return p.idx.SetSetting(ctx, lentKey, nil)
	}
	text, err := json.Marshal(p.lent)
	if err != nil {
		return err
	}
	return p.idx.SetSetting(ctx, lentKey, text)
}

// giveBack restores the permissions, the latest first: a directory below one
// that is closed again can still be reached. What cannot be restored stays noted,
// for the next group or the next start.
func (p *Puller) giveBack(ctx context.Context) error {
	if len(p.lent) == 0 {
		return nil
	}
	var errs error
	var rest []lent
	for _, l := range slices.Backward(p.lent) {
		if err := p.fs.Chmod(l.Dir, l.Mode); err != nil && !isGone(err) {
			errs = errors.Join(errs, fmt.Errorf("give back permissions: %w", err))
			rest = append(rest, l)
		}
	}
	slices.Reverse(rest)
	p.lent = rest
	return errors.Join(errs, p.noteLent(ctx))
}

// recoverLent gives back what a crash has left open.
func (p *Puller) recoverLent(ctx context.Context) error {
	text, err := p.idx.Setting(ctx, lentKey)
	if err != nil || text == nil {
		return err
	}
	if err := json.Unmarshal(text, &p.lent); err != nil {
		return fmt.Errorf("setting %s: %w", lentKey, err)
	}
	return p.giveBack(ctx)
}
