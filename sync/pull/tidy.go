package pull

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/internal/folderfs"
)

// What was fetched may never be placed: a later version comes, while a program
// here has the file open. Such a file in tmp/ is a good source for the next
// version, and in the way after that. So of each name the youngest file that
// nobody needs is kept for a day, and the others go.
//
// Nothing is removed but what this program has made: a partial file never holds
// anything else, and a complete one is compared with the facts it was made
// with, or read. Only what stood in the tree for a moment can be another, when an
// exchange was taken back: somebody may have saved over it.

const (
	// tidyEvery is how often tmp/ is looked through at most.
	tidyEvery = time.Minute
	// keepSource is how long a file is kept that nobody needs.
	keepSource = 24 * time.Hour
	// stalePartial is the age after which a partial file of an earlier run is
	// removed at a start, if nobody needs it.
	stalePartial = 30 * 24 * time.Hour
)

// tidy removes files from tmp/ that nobody needs. It reads at most one of them,
// and lets placements go on meanwhile. Trouble with it is not worth stopping for:
// what stays is looked at another time.
func (p *Puller) tidy(ctx context.Context) {
	due, err := p.due(ctx)
	if err == nil && len(due) > 0 {
		p.prove(ctx, due)
		err = p.clear(due)
	}
	if err != nil && ctx.Err() == nil {
		p.opt.Log.Warn("the work directory was not tidied", "err", err)
	}
}

// due returns files in tmp/ that nobody needs and that are not worth keeping.
func (p *Puller) due(ctx context.Context) ([]string, error) {
	p.placing.Lock()
	defer p.placing.Unlock()
	now := p.opt.Now()
	if since := now.Sub(p.tidied); since >= 0 && since < tidyEvery || p.unsettled {
		return nil, nil
	}
	p.tidied = now
	infos, err := p.fs.ReadDir(folderfs.TempDir)
	if err != nil {
		return nil, err
	}
	due := p.idle(infos, now)
	needed, err := p.needed(ctx, due)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.DeleteFunc(due, func(work string) bool {
		if t := p.temps[work]; t != nil && needed[work] {
			t.since = now
		}
		return needed[work]
	}), nil
}

// idle returns those files of tmp/ that no Fetch works on, and that are old or
// have a younger one beside them, made for the same name. What is not labsync's is
// left out, and what is known of files that are gone is forgotten.
func (p *Puller) idle(infos []folderfs.Info, now time.Time) []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.meet(infos, now)
	youngest := map[string]int64{} // by key
	for work, t := range p.temps {
		key := keyIn(work)
		youngest[key] = max(youngest[key], t.made)
	}
	var out []string
	for work, t := range p.temps {
		key := keyIn(work)
		if t.since.After(now) {
			t.since = now // the clock was set back
		}
		if p.flying[key] == 0 && !t.other && (t.made < youngest[key] || now.Sub(t.since) >= keepSource) {
			out = append(out, work)
		}
	}
	slices.Sort(out)
	return out
}

// meet brings what is known of the files in tmp/ into line with what is there.
func (p *Puller) meet(infos []folderfs.Info, now time.Time) {
	there := map[string]*temp{}
	for i := range infos {
		info := &infos[i]
		work := folderfs.TempDir + "/" + info.Name
		if _, ours := folderfs.ParseWork(work); !ours || info.Kind != folderfs.File {
			continue
		}
		there[work] = p.temps[work]
		if there[work] == nil {
			there[work] = &temp{since: now, made: max(info.Mtime, info.Ctime)}
		}
	}
	for work, t := range p.temps {
		if p.flying[keyIn(work)] > 0 {
			there[work] = t // it may have come since
		}
	}
	p.temps = there
}

func keyIn(work string) string {
	w, _ := folderfs.ParseWork(work)
	return w.Key
}

// needed returns which of these files hold what may still be placed: content
// of a head, or of a step that was begun. A file that the tree has at the name of
// the head is not needed for it.
func (p *Puller) needed(ctx context.Context, works []string) (map[string]bool, error) {
	needed := map[string]bool{}
	byHash := map[index.Hash][]string{}
	var names []string
	p.mu.Lock()
	for _, work := range works {
		if w, ok := folderfs.ParseWork(work); ok {
			byHash[w.Hash] = append(byHash[w.Hash], work)
		}
		if t := p.temps[work]; t != nil && t.name != "" {
			names = append(names, t.name)
		}
	}
	p.mu.Unlock()
	if len(byHash) == 0 {
		return needed, nil
	}
	need := func(e *index.Entry) {
		if e.Deleted || e.Type != index.File {
			return
		}
		for _, work := range byHash[e.Hash] {
			needed[work] = true
		}
		delete(byHash, e.Hash)
	}
	heads := func(states []index.State) {
		for i := range states {
			s := &states[i]
			for _, h := range slices.Concat(s.Heads, s.Hidden) {
				if e := &h.Entry; s.Local == nil || !s.Local.Entry.SameContent(e) {
					need(e)
				}
			}
		}
	}
	pending, err := p.idx.Pending(ctx)
	if err != nil {
		return nil, err
	}
	for i := range pending {
		need(&pending[i].New)
	}
	states, err := p.idx.States(ctx, names, false)
	if err != nil {
		return nil, err
	}
	heads(states)
	const page = 1000
	for after := ""; len(byHash) > 0; after = states[len(states)-1].Name {
		if states, err = p.idx.Dirty(ctx, index.DirtyLive, after, page); err != nil {
			return nil, err
		}
		heads(states)
		if len(states) < page {
			break
		}
	}
	return needed, nil
}

// prove reads the first complete file of which it is not known that it is what
// this program has made, and notes its facts if its content is what its name says.
func (p *Puller) prove(ctx context.Context, due []string) {
	for _, work := range due {
		w, _ := folderfs.ParseWork(work)
		info, err := p.fs.Lstat(work)
		if err != nil || w.Kind == folderfs.Partial || p.proven(work, info) {
			continue
		}
		e, err := p.read(ctx, work, "", nil)
		if err != nil {
			continue // it stays
		}
		p.mu.Lock()
		defer p.mu.Unlock()
		if t := p.temps[work]; t != nil && e.Hash == w.Hash {
			t.facts = info
		} else if t != nil {
			t.other = true
		}
		return
	}
}

// proven reports whether a file shows the facts it had while it was known to be
// of this program's making.
func (p *Puller) proven(work string, info folderfs.Info) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	t := p.temps[work]
	return t != nil && t.facts != (folderfs.Info{}) && sameFile(t.facts, info, p.fs.Capabilities())
}

// clear removes those of the files that are proven to be ours and that nobody
// has begun to use since they were found due.
func (p *Puller) clear(due []string) error {
	p.placing.Lock()
	defer p.placing.Unlock()
	var errs error
	for _, work := range due {
		if key := keyIn(work); p.ground(key) {
			errs = errors.Join(errs, p.discard(work))
			p.lift(key)
		}
	}
	return errs
}

func (p *Puller) discard(work string) error {
	w, _ := folderfs.ParseWork(work)
	info, err := p.fs.Lstat(work)
	if isGone(err) {
		return nil
	}
	if err != nil || w.Kind != folderfs.Partial && !p.proven(work, info) {
		return err
	}
	if busy, err := p.fs.Busy(work); err == nil && busy {
		return nil
	}
	if err := p.fs.Remove(work); err != nil {
		return err
	}
	p.noteWork("", work)
	return nil
}
