package pull

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/labsync/labsync/internal/device"
	"github.com/labsync/labsync/internal/folderfs"
	"github.com/labsync/labsync/sync/plan"
)

// maxRanges bounds one request.
const maxRanges = 1024

// finishers is how many files are made durable at a time: as many as one
// journal commit of the usual file systems serves.
const finishers = 16

// swarm fetches what a set of jobs still needs from all devices at once. There
// is no schedule: whoever is free asks the device that has the least to do, so
// that a fast one serves more, or makes a whole file durable meanwhile.
type swarm struct {
	p *Puller

	mu        sync.Mutex // guards what follows, and the jobs
	change    *sync.Cond
	jobs      []*job
	sources   []Peer             // of all jobs, as of the last look
	whole     []*job             // to be finished
	dead      map[device.ID]bool // asked in vain
	out       map[device.ID]int  // requests out
	busy      int                // workers whose end may give others something to do
	finishing int                // of them, those that make a file durable
	sight     sight
	full      bool // the disk is
}

// lateDevices is how many devices may join with all their requests while a
// fetch is under way. Further ones share what workers there are.
const lateDevices = 2

// run returns when every job has either ended or become a complete work file.
func (s *swarm) run(ctx context.Context) {
	s.change = sync.NewCond(&s.mu)
	s.dead, s.out = map[device.ID]bool{}, map[device.ID]int{}
	for _, j := range s.jobs {
		if j.whole() {
			s.whole = append(s.whole, j)
			continue
		}
		j.lacks = map[device.ID]bool{}
		j.peers = s.p.src.Peers(j.want.Hash)
	}
	s.join()
	s.sight = sight{at: s.p.opt.Now(), fresh: true}
	askers := (len(s.sources) + lateDevices) * s.p.opt.Outstanding
	s.p.opt.Parallel(askers+min(finishers, len(s.jobs)), func(int) {
		s.mu.Lock()
		defer s.mu.Unlock()
		for s.step(ctx) {
		}
	})
	for _, j := range s.jobs {
		if !j.ended() && !j.whole() {
			s.p.giveUp(j, s.unfulfilled(ctx, j))
		}
		if j.here && !j.small() {
			_ = s.p.fs.Remove(tempOf(&j.want, folderfs.Partial)) // or it is swept some day
		}
	}
}

// step does one thing for the jobs, or waits until there may be one to do. It
// reports false when nothing can come any more.
func (s *swarm) step(ctx context.Context) bool {
	if s.due(ctx) {
		s.look(ctx)
		return true
	}
	if peer, batch := s.next(ctx); len(batch) > 0 {
		s.ask(ctx, peer, batch)
		return true
	}
	if len(s.whole) > 0 && s.finishing < finishers {
		s.finish()
		return true
	}
	if s.busy > 0 {
		s.change.Wait()
		return true
	}
	if s.sight.fresh || s.full || ctx.Err() != nil || len(s.lacking()) == 0 {
		return false
	}
	s.look(ctx) // before giving up
	return true
}

// next takes a batch for the device with the fewest requests out: every
// device's first one before any second one.
func (s *swarm) next(ctx context.Context) (Peer, []piece) {
	if ctx.Err() != nil {
		return nil, nil
	}
	for n := range s.p.opt.Outstanding {
		for _, peer := range s.sources {
			if s.out[peer.Device()] != n {
				continue
			}
			if batch := s.take(peer.Device()); len(batch) > 0 {
				return peer, batch
			}
		}
	}
	return nil, nil
}

// ask sends a batch to a device and takes in what comes.
func (s *swarm) ask(ctx context.Context, peer Peer, batch []piece) {
	d := peer.Device()
	s.busy++
	s.out[d]++
	s.mu.Unlock()
	answers, err := peer.Request(ctx, ranges(batch))
	if err == nil {
		err = judge(batch, answers)
	}
	s.mu.Lock()
	s.out[d]--
	s.busy--
	s.sight.fresh = false
	if err != nil {
		s.dead[d] = true
		s.sight.at = time.Time{} // it may have gone
		s.p.opt.Log.Debug("request failed", "device", d, "err", err)
	}
	s.settle(d, batch)
	s.change.Broadcast()
}

// serves reports whether the device may be asked for blocks of the job.
func (s *swarm) serves(d device.ID, j *job) bool {
	return !s.dead[d] && !j.lacks[d] && !s.p.struck(d, j.want.Hash) && lists(j.peers, d)
}

// alone reports whether no other device is left that serves the job.
func (s *swarm) alone(d device.ID, j *job) bool {
	return !slices.ContainsFunc(j.peers, func(p Peer) bool { return p.Device() != d && s.serves(p.Device(), j) })
}

// take removes a batch of blocks that the device can be asked for from the jobs.
func (s *swarm) take(d device.ID) []piece {
	if s.dead[d] || s.full {
		return nil
	}
	var batch []piece
	var size int64
	count := 0
	for _, j := range s.jobs {
		if j.ended() || len(j.needs) == 0 || !s.serves(d, j) {
			continue
		}
		alone := s.alone(d, j)
		rest := j.needs[:0]
		for k, n := range j.needs {
			if !alone && n.avoid == d {
				rest = append(rest, n)
				continue
			}
			parts := (int(n.block.Size) + MaxRange - 1) / MaxRange
			if len(batch) > 0 && (size+int64(n.block.Size) > s.p.opt.BatchBytes || count+parts > maxRanges) {
				j.needs = append(rest, j.needs[k:]...)
				return batch
			}
			batch = append(batch, piece{job: j, need: n})
			j.flying++
			size += int64(n.block.Size)
			count += parts
		}
		j.needs = rest
	}
	return batch
}

// finish makes a whole file durable.
func (s *swarm) finish() {
	j := s.whole[0]
	s.whole = s.whole[1:]
	s.busy++
	s.finishing++
	s.mu.Unlock()
	err := s.p.finish(j)
	s.mu.Lock()
	s.finishing--
	s.busy--
	if err != nil {
		s.fail(j, err)
	}
	if s.busy == 0 {
		s.change.Broadcast() // it may have been the last
	} else if len(s.whole) > 0 {
		s.change.Signal() // this worker may ask a device next
	}
}

// fail ends a job whose bytes cannot be kept. When the disk is full nothing
// more is fetched; what came stays for the next try.
func (s *swarm) fail(j *job, err error) {
	j.fail(failed(j.name(), err))
	if errors.Is(err, folderfs.ErrNoSpace) {
		s.full = true
	}
}

// unfulfilled says why a job has not got all of its blocks.
func (s *swarm) unfulfilled(ctx context.Context, j *job) plan.Outcome {
	switch {
	case ctx.Err() != nil:
		return plan.Outcome{Name: j.name(), Status: plan.Postponed}
	case s.full:
		return failed(j.name(), folderfs.ErrNoSpace)
	}
	for _, peer := range j.peers {
		if s.p.struck(peer.Device(), j.want.Hash) {
			return problem(j.name(), plan.Failed, plan.CodeBadBlocks, fmt.Sprintf(
				"device %v sent wrong bytes of %q three times and is not asked for it any more; check its disk and memory", peer.Device(), j.name()))
		}
	}
	return problem(j.name(), plan.Postponed, plan.CodeNoSource, fmt.Sprintf(
		"no connected device can send %q; it comes when one that has it is connected", j.name()))
}
