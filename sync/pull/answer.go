package pull

import (
	"fmt"
	"slices"
	"time"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/internal/device"
)

// maxStrikes is how many bad blocks of one content a device may send.
const maxStrikes = 3

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
// Fewer answers than were asked for are an error.
func judge(batch []piece, answers [][]byte) error {
	var whole []byte
	for i := range batch {
		w := &batch[i]
		b := &w.need.block
		parts := (int(b.Size) + MaxRange - 1) / MaxRange
		if len(answers) < parts {
			return fmt.Errorf("%d of %d blocks were answered", i, len(batch))
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
	return nil
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

// strikeTime is how long a device that has sent bad blocks of a content is not
// asked for it: its memory may have been at fault, and nobody else may have it.
const strikeTime = 10 * time.Minute

// offence is how often a device has sent bad blocks of a content, and when last.
type offence struct {
	count int
	last  time.Time
}

// old reports whether an offence is over. A clock that was set back ends it too.
func (o offence) old(now time.Time) bool {
	age := now.Sub(o.last)
	return age < 0 || age >= strikeTime
}

// struck reports whether a device has sent too many bad blocks of a content.
func (p *Puller) struck(d device.ID, content index.Hash) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	o := p.strikes[strike{d, content}]
	return o.count >= maxStrikes && !o.old(p.opt.Now())
}

// blame counts a bad block against the device that sent it.
func (p *Puller) blame(d device.ID, want *index.Entry) {
	const bound = 10_000 // of what liars make this remember
	p.mu.Lock()
	if len(p.strikes) >= bound {
		clear(p.strikes)
	}
	by, now := strike{d, want.Hash}, p.opt.Now()
	o := p.strikes[by]
	if o.old(now) {
		o.count = 0
	}
	o.count, o.last = o.count+1, now
	p.strikes[by] = o
	p.mu.Unlock()
	p.opt.OnEvent(Event{Kind: BadBlock, Name: want.Name, Device: d})
	if o.count == maxStrikes {
		p.opt.OnEvent(Event{Kind: Struck, Name: want.Name, Device: d})
	}
	p.opt.Log.Warn("a device sent a block that does not match its hash", "device", d, "name", want.Name, "count", o.count)
}
