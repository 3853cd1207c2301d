package pull

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/internal/device"
	"github.com/labsync/labsync/internal/folderfs"
	"github.com/labsync/labsync/sync/plan"
)

// maxStrikes is how many bad blocks of one content a device may send.
const maxStrikes = 3

// maxRanges bounds one request.
const maxRanges = 1024

// finishers is how many files are made durable at a time: as many as one
// journal commit of the usual file systems serves.
const finishers = 16

// swarm fetches what a set of jobs still needs from all devices at once. There
// is no schedule: whoever is free takes the next batch, so that a fast device
// serves more. Askers hand whole files on to finishers, which make them durable
// meanwhile.
type swarm struct {
	p *Puller

	mu     sync.Mutex // guards what follows, and the jobs
	change *sync.Cond
	jobs   []*job
	whole  []*job             // to be finished
	dead   map[device.ID]bool // asked in vain
	flying int                // requests out
	askers int                // that have not returned yet
	full   bool               // the disk is
}

// piece is a block on its way, for one job.
type piece struct {
	job  *job
	need need
	got  int64 // bytes that came
	end  pieceEnd
	err  error // of writing it
}

// pieceEnd is what became of a piece.
type pieceEnd uint8

const (
	unanswered pieceEnd = iota // the request failed
	absent                     // the device does not have it
	wrong                      // it sent something else
	written
)

// run returns when every job has either ended or become a complete work file.
func (s *swarm) run(ctx context.Context) {
	s.change = sync.NewCond(&s.mu)
	s.dead = map[device.ID]bool{}
	var peers []Peer
	for _, j := range s.jobs {
		if j.whole() {
			s.whole = append(s.whole, j)
			continue
		}
		j.lacks = map[device.ID]bool{}
		j.peers = s.p.src.Peers(j.want.Hash)
		for _, peer := range j.peers {
			if !slices.ContainsFunc(peers, func(q Peer) bool { return q.Device() == peer.Device() }) {
				peers = append(peers, peer)
			}
		}
	}
	s.askers = len(peers) * s.p.opt.Outstanding
	askers := s.askers
	s.p.opt.Parallel(askers+min(finishers, len(s.jobs)), func(i int) {
		if i < askers {
			s.ask(ctx, peers[i%len(peers)]) // every device's first request before any second one
		} else {
			s.finish()
		}
	})
	for _, j := range s.jobs {
		if !j.ended() && !j.whole() {
			j.fail(s.unfulfilled(ctx, j))
		}
	}
}

// ask takes batches for one device until there is nothing it could be asked.
func (s *swarm) ask(ctx context.Context, peer Peer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer func() { s.askers--; s.change.Broadcast() }()
	for ctx.Err() == nil {
		batch := s.take(peer.Device())
		if len(batch) == 0 {
			if s.flying == 0 {
				return
			}
			s.change.Wait() // what is out may come back unanswered
			continue
		}
		s.flying++
		s.mu.Unlock()
		answers, err := peer.Request(ctx, ranges(batch))
		if err == nil {
			judge(batch, answers)
		}
		s.mu.Lock()
		s.flying--
		if err != nil {
			s.dead[peer.Device()] = true
			s.p.opt.Log.Debug("request failed", "device", peer.Device(), "err", err)
		}
		s.settle(peer.Device(), batch)
		s.change.Broadcast()
	}
}

// serves reports whether the device may be asked for blocks of the job.
func (s *swarm) serves(d device.ID, j *job) bool {
	return !s.dead[d] && !j.lacks[d] && !s.p.struck(d, j.want.Hash) &&
		slices.ContainsFunc(j.peers, func(p Peer) bool { return p.Device() == d })
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

// ranges cuts the blocks of a batch into what one may ask for.
func ranges(batch []piece) []Range {
	var out []Range
	for i := range batch {
		b, at := batch[i].need.block, batch[i].need.at[0]
		for done := int32(0); done < b.Size; done += MaxRange {
			out = append(out, Range{
				Name: batch[i].job.name(), Hash: b.Hash,
				Offset: at + int64(done), Size: min(b.Size-done, MaxRange),
			})
		}
	}
	return out
}

// judge puts the answers together, and writes those blocks whose hash is right.
func judge(batch []piece, answers [][]byte) {
	var whole []byte
	for i := range batch {
		w := &batch[i]
		b := &w.need.block
		parts := (int(b.Size) + MaxRange - 1) / MaxRange
		if len(answers) < parts {
			return // fewer than were asked for: as if the request had failed
		}
		mine := answers[:parts]
		answers = answers[parts:]
		if slices.ContainsFunc(mine, func(p []byte) bool { return p == nil }) {
			w.end = absent
			continue
		}
		p := mine[0]
		if parts > 1 {
			whole = slices.Concat(mine...)
			p = whole
		}
		w.got = int64(len(p))
		if w.end = wrong; isBlock(p, b) {
			w.end, w.err = written, w.job.put(&w.need, p)
		}
	}
}

// settle takes back what did not come and hands on what is whole.
func (s *swarm) settle(d device.ID, batch []piece) {
	received := map[*job]int64{}
	for i := range batch {
		w := &batch[i]
		j := w.job
		j.flying--
		j.out.Received += w.got
		received[j] += w.got
		again := w.need
		switch w.end {
		case written:
			if w.err != nil && !j.ended() {
				s.fail(j, w.err)
			}
			again.at = nil
		case absent:
			j.lacks[d] = true
		case wrong:
			again.avoid = d
			s.p.blame(d, &j.want)
		}
		switch {
		case j.ended():
			if j.flying == 0 {
				j.close()
			}
		case again.at != nil:
			j.needs = append(j.needs, again)
		case j.whole():
			s.whole = append(s.whole, j)
		}
	}
	for i := range batch { // in the order of the batch, not of the map
		if n := received[batch[i].job]; n > 0 {
			s.p.opt.OnEvent(Event{Kind: Progress, Name: batch[i].job.name(), Device: d, Received: n})
			delete(received, batch[i].job)
		}
	}
}

// finish makes whole files durable until no more can come.
func (s *swarm) finish() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		for len(s.whole) == 0 {
			if s.askers == 0 {
				return
			}
			s.change.Wait()
		}
		j := s.whole[0]
		s.whole = s.whole[1:]
		s.mu.Unlock()
		err := s.p.finish(j)
		s.mu.Lock()
		if err != nil {
			s.fail(j, err)
		}
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

// struck reports whether a device has sent too many bad blocks of a content.
func (p *Puller) struck(d device.ID, content index.Hash) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.strikes[strike{d, content}] >= maxStrikes
}

// blame counts a bad block against the device that sent it.
func (p *Puller) blame(d device.ID, want *index.Entry) {
	const bound = 10_000 // of what liars make this remember
	p.mu.Lock()
	if len(p.strikes) >= bound {
		clear(p.strikes)
	}
	p.strikes[strike{d, want.Hash}]++
	n := p.strikes[strike{d, want.Hash}]
	p.mu.Unlock()
	p.opt.OnEvent(Event{Kind: BadBlock, Name: want.Name, Device: d})
	if n == maxStrikes {
		p.opt.OnEvent(Event{Kind: Struck, Name: want.Name, Device: d})
	}
	p.opt.Log.Warn("a device sent a block that does not match its hash", "device", d, "name", want.Name, "count", n)
}
