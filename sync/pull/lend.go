package pull

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
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
	if err := g.noteLent(g.lent); err != nil {
		g.lent = g.lent[:len(g.lent)-1]
		return err
	}
	if err := g.fs.Chmod(dir, info.Mode|owner); err != nil {
		g.lent = g.lent[:len(g.lent)-1]
		return errors.Join(err, g.noteLent(g.lent))
	}
	return nil
}

var errNotLent = errors.New("not for want of the owner's permission")

func (g *group) noteLent(list []lent) error {
	if len(list) == 0 {
		return g.idx.SetSetting(g.ctx, lentKey, nil)
	}
	text, err := json.Marshal(list)
	if err != nil {
		return err
	}
	return g.idx.SetSetting(g.ctx, lentKey, text)
}

// giveBack restores the permissions, the latest first: a directory below one
// that is closed again can still be reached.
func (g *group) giveBack() error {
	if len(g.lent) == 0 {
		return nil
	}
	for i := len(g.lent) - 1; i >= 0; i-- {
		if err := restore(g.Puller, g.lent[i]); err != nil {
			return err // stays noted, for the next start
		}
	}
	g.lent = nil
	return g.noteLent(nil)
}

func restore(p *Puller, l lent) error {
	if err := p.fs.Chmod(l.Dir, l.Mode); err != nil && !isGone(err) {
		return fmt.Errorf("give back permissions: %w", err)
	}
	return nil
}

// recoverLent gives back what a crash has left open.
func (p *Puller) recoverLent(ctx context.Context) error {
	text, err := p.idx.Setting(ctx, lentKey)
	if err != nil || text == nil {
		return err
	}
	var list []lent
	if err := json.Unmarshal(text, &list); err != nil {
		return fmt.Errorf("setting %s: %w", lentKey, err)
	}
	for i := len(list) - 1; i >= 0; i-- {
		if err := restore(p, list[i]); err != nil {
			return err
		}
	}
	return p.idx.SetSetting(ctx, lentKey, nil)
}
