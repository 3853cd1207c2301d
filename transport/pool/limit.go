package pool

import (
	"time"

	"golang.org/x/time/rate"
)

// Limits are rates in bytes per second of payload; zero is no limit.
type Limits struct {
	Send, Receive int64
}

const (
	// A bucket holds 20 ms of its rate: enough that a late wake-up loses nothing,
	// little enough that nothing is ahead of a control frame for long.
	burstsPerSecond = 50
	minBurst        = 4 << 10
	maxChunk        = 128 << 10
)

// buckets are the live limits of one device, or of all together.
type buckets struct {
	send, receive *rate.Limiter
}

func newBuckets(l Limits) buckets {
	b := buckets{rate.NewLimiter(rate.Inf, minBurst), rate.NewLimiter(rate.Inf, minBurst)}
	b.set(l)
	return b
}

// set changes the limits of open connections too.
func (b buckets) set(l Limits) {
	setRate(b.send, l.Send)
	setRate(b.receive, l.Receive)
}

func setRate(l *rate.Limiter, bytesPerSecond int64) {
	if bytesPerSecond <= 0 {
		l.SetLimit(rate.Inf)
		return
	}
	l.SetBurst(max(int(bytesPerSecond/burstsPerSecond), minBurst))
	l.SetLimit(rate.Limit(bytesPerSecond))
}

// meter charges one direction of a connection to every limit that applies.
type meter []*rate.Limiter

// chunk returns how many of n bytes to move at once.
func (m meter) chunk(n int) int {
	for _, l := range m {
		if l.Limit() != rate.Inf {
			n = min(n, l.Burst(), maxChunk)
		}
	}
	return n
}

// charge books n bytes that have moved and returns when the next may.
func (m meter) charge(n int) time.Time {
	now := time.Now()
	due := now
	for _, l := range m {
		for left := n; left > 0 && l.Limit() != rate.Inf; {
			// The burst may shrink in between: then the piece is refused and cut anew.
			piece := min(left, l.Burst())
			if r := l.ReserveN(now, piece); r.OK() {
				left -= piece
				if at := now.Add(r.DelayFrom(now)); at.After(due) {
					due = at
				}
			}
		}
	}
	return due
}
