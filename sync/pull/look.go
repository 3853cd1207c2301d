package pull

import (
	"context"
	"slices"
	"time"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/internal/device"
	"github.com/labsync/labsync/sync/plan"
)

// A large fetch takes long, and the world goes on meanwhile: devices come and
// go, somebody puts the very file here by other means, its author makes the
// next version. So every now and then a worker looks around between two
// batches, and always before the fetch ends for want of a source. No timer does
// it: while every request is out nothing is noticed until one of them ends.

// lookEvery is the least time between two looks. They may take a part of
// lookShare of all time: with many files one is long.
const (
	lookEvery = time.Second
	lookShare = 20
)

// sight is when a swarm looked around.
type sight struct {
	at      time.Time // when the last look ended; zero to look at once
	took    time.Duration
	looking bool
	fresh   bool // no request has ended since it began
}

// due reports whether it is time to look around.
func (s *swarm) due(ctx context.Context) bool {
	if s.sight.looking || s.full || ctx.Err() != nil {
		return false
	}
	since := s.p.opt.Now().Sub(s.sight.at)
	return since >= max(lookEvery, lookShare*s.sight.took) && len(s.lacking()) > 0
}

// lacking returns the jobs that have not got all of their blocks.
func (s *swarm) lacking() []*job {
	var out []*job
	for _, j := range s.jobs {
		if !j.ended() && !j.whole() {
			out = append(out, j)
		}
	}
	return out
}

// view is what a look found out about a job.
type view struct {
	peers []Peer
	here  bool // the content stands at the name by now
	past  bool // nobody sends or wants it any more
}

// view looks at a job that others may be working on: it reads only what stays.
func (s *swarm) view(ctx context.Context, j *job) view {
	v := view{peers: s.p.src.Peers(j.want.Hash)}
	state, ok, err := s.p.idx.State(ctx, j.name())
	if err != nil || !ok {
		return v // the plan will know
	}
	held := state.Local
	v.here = held != nil && !holdsVersion(held, j.base) && held.Entry.SameContent(&j.want)
	v.past = len(v.peers) == 0 && !slices.ContainsFunc(state.Heads, func(h index.Head) bool { return h.Entry.SameContent(&j.want) })
	return v
}

// look asks anew who has what is missing, and whether it is still wanted.
func (s *swarm) look(ctx context.Context) {
	jobs := s.lacking()
	s.sight.looking, s.sight.fresh = true, true
	s.busy++
	s.mu.Unlock()
	began := s.p.opt.Now()
	views := make([]view, len(jobs))
	for i, j := range jobs {
		views[i] = s.view(ctx, j)
	}
	now := s.p.opt.Now()
	s.mu.Lock()
	s.busy--
	s.sight.looking, s.sight.at, s.sight.took = false, now, now.Sub(began)
	for i, j := range jobs {
		s.adjust(j, &views[i])
	}
	s.join()
	s.change.Broadcast()
}

// adjust takes in what was found out about a job, unless it has ended since.
func (s *swarm) adjust(j *job, v *view) {
	if j.ended() || j.whole() {
		return
	}
	j.peers = v.peers
	for d := range j.lacks {
		if !lists(j.peers, d) {
			delete(j.lacks, d) // it may have it when it is named again
		}
	}
	switch stale := (plan.Outcome{Name: j.name(), Status: plan.Stale}); {
	case v.here:
		j.here = true
		j.fail(stale)
	case v.past:
		s.p.giveUp(j, stale)
	}
}

// join makes the devices that any job names the sources. One that failed and
// was gone since begins anew when it comes back.
func (s *swarm) join() {
	s.sources = nil
	for _, j := range s.lacking() {
		for _, peer := range j.peers {
			if !lists(s.sources, peer.Device()) {
				s.sources = append(s.sources, peer)
			}
		}
	}
	for d := range s.dead {
		if !lists(s.sources, d) {
			delete(s.dead, d)
		}
	}
}

func lists(peers []Peer, d device.ID) bool {
	return slices.ContainsFunc(peers, func(p Peer) bool { return p.Device() == d })
}
