package pull

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/internal/folderfs"
	"github.com/labsync/labsync/sync/plan"
)

// Bounds of what is assembled at a time: memory for small files, descriptors
// for large ones.
const (
	windowBytes = 32 << 20
	windowFiles = 1000
	windowLarge = 8
)

// Fetch assembles what the actions with Fetches want in the work directory,
// verified and durable, and returns one outcome for each action, in their
// order. Actions that need no bytes are Done at once. A content that several
// actions want is fetched once. What could be had of a content stays for the
// next try when the rest could not. Stale is what nobody wants any more: it was
// put at its name meanwhile, or there is a later version and nobody sends this.
func (p *Puller) Fetch(ctx context.Context, actions []plan.Action) []plan.Outcome {
	outs := make([]plan.Outcome, len(actions))
	var first, twins []*job
	seen := map[index.Hash]*job{}
	k, err := p.whatIsKnown(ctx, fetching(actions))
	for i := range actions {
		a := &actions[i]
		outs[i].Name = a.Name
		if !a.Fetches() {
			continue
		}
		j := &job{out: &outs[i], want: a.Want, base: a.Base(), held: k.held(a.Name)}
		if !p.takeOff(a.Name) {
			j.fail(plan.Outcome{Name: a.Name, Status: plan.Postponed})
			continue
		}
		defer p.land(a.Name)
		e, err := a.Want, err
		if err == nil {
			e, err = p.withBlocks(ctx, k, a)
		}
		if err == nil {
			err = errors.Join(checkName(a.Name), checkBlocks(&e))
		}
		switch {
		case errors.Is(err, index.ErrNoVersion):
			j.fail(plan.Outcome{Name: a.Name, Status: plan.Stale})
			continue
		case err != nil:
			j.fail(failed(a.Name, err))
			continue
		}
		j.want = e
		if twin := seen[e.Hash]; twin != nil {
			twin.direct = false
			twins = append(twins, j) // finds the first one's file
			continue
		}
		j.direct = j.small() && a.Op == plan.Create
		seen[e.Hash] = j
		first = append(first, j)
	}
	for _, jobs := range [][]*job{first, twins} {
		for len(jobs) > 0 {
			n := window(jobs)
			p.fetch(ctx, jobs[:n])
			jobs = jobs[n:]
		}
	}
	return outs
}

// fetching returns those actions that need bytes.
func fetching(actions []plan.Action) []*plan.Action {
	var out []*plan.Action
	for i := range actions {
		if actions[i].Fetches() {
			out = append(out, &actions[i])
		}
	}
	return out
}

// window sorts small files before large ones and returns how many of the
// first jobs to assemble together.
func window(jobs []*job) int {
	slices.SortStableFunc(jobs, func(a, b *job) int {
		return cmp.Compare(boolInt(!a.small()), boolInt(!b.small()))
	})
	var bytes int64
	large := 0
	for n, j := range jobs {
		if j.small() {
			bytes += j.want.Size
		} else {
			large++
		}
		if n > 0 && (bytes > windowBytes || n == windowFiles || large > windowLarge || large > 0 && jobs[0].small()) {
			return n
		}
	}
	return len(jobs)
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

// fetch assembles one window of jobs.
func (p *Puller) fetch(ctx context.Context, jobs []*job) {
	p.opt.Parallel(len(jobs), func(i int) {
		if err := p.gather(ctx, jobs[i]); err != nil {
			jobs[i].fail(failed(jobs[i].name(), err))
		}
	})
	open := slices.DeleteFunc(slices.Clone(jobs), func(j *job) bool { return j.ended() || j.done() })
	err := p.reuseLeftovers(ctx, open)
	if err == nil {
		err = p.reuseBlocks(ctx, open)
	}
	if err != nil {
		for _, j := range open {
			if !j.ended() {
				j.fail(failed(j.name(), err))
			}
		}
	}
	open = slices.DeleteFunc(open, (*job).ended)
	p.budget(open)
	open = slices.DeleteFunc(open, (*job).ended)
	if len(open) > 0 {
		s := &swarm{p: p, jobs: open}
		s.run(ctx)
	}
}

// gather takes what this disk has of one content.
func (p *Puller) gather(ctx context.Context, j *job) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if ok, err := p.complete(ctx, j); ok || err != nil {
		return err
	}
	if held := j.held; held != nil && !held.Entry.Deleted && held.Entry.Type == index.File {
		j.path = pathOf(held)
	}
	j.list()
	if err := p.begin(ctx, j); err != nil {
		return err
	}
	if j.want.Size == 0 {
		j.needs = nil
	}
	if err := p.reuseWhole(ctx, j); err != nil {
		return err
	}
	return p.reuseOld(ctx, j, j.held)
}

// done reports whether gather found a complete work file, so that nothing had
// to be opened.
func (j *job) done() bool { return j.file == nil && j.data == nil }

// budget fails what certainly does not fit, before it is sent.
func (p *Puller) budget(jobs []*job) {
	free, err := p.fs.Free()
	if err != nil {
		return // the writes will tell
	}
	for _, j := range jobs {
		n := uint64(j.missing())
		if n > free {
			j.fail(failed(j.name(), folderfs.ErrNoSpace))
			continue
		}
		free -= n
	}
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
