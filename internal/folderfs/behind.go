package folderfs

import "sync/atomic"

const (
	behindStep = 8 << 20  // bytes that are handed to the disk together
	behindKeep = 64 << 20 // bytes of a file up to which it stays in memory
)

// behind counts what was written to a file. A large one is handed to the disk
// while more of it arrives, so that little is left for Sync to wait for. One
// that is very large also leaves memory as it does so: it would push out what
// the other programs of the machine need, a gigabyte in seconds.
type behind struct{ written atomic.Int64 }

// add counts n bytes and says whether it is time to hand over what there is, and
// whether to drop from memory what the disk has.
func (b *behind) add(n int64) (hand, drop bool) {
	now := b.written.Add(n)
	hand = now/behindStep != (now-n)/behindStep
	return hand, hand && now > behindKeep
}
