package register

import (
	"github.com/labsync/labsync/index"
)

// Need is a number of names and the bytes of the files among them.
type Need struct{ Names, Bytes int64 }

func (n *Need) add(m Need, sign int64) {
	n.Names += sign * m.Names
	n.Bytes += sign * m.Bytes
}

// Tally holds the sums over registers that status asks for every second.
// Stores keep it along with the registers: they subtract a register as it was
// and add it as it is, so that no sum ever costs a walk.
type Tally struct {
	Counts index.Counts
	// Live is what a device that announces nothing needs of us.
	Live Need
	// Known corrects Live for the devices that announce something.
	Known map[int]Need
}

// Behind returns what a device needs of us.
func (t *Tally) Behind(device int) Need {
	n := t.Live
	n.add(t.Known[device], 1)
	return n
}

// Replace counts the register as it is in place of what it was; either may be
// nil or empty.
func (t *Tally) Replace(was, is *Register) {
	if was != nil {
		t.count(was, -1)
	}
	if is != nil {
		t.count(is, 1)
	}
}

func (t *Tally) count(r *Register, sign int64) {
	t.countHeld(r, sign)
	if r.Dirty != index.Clean {
		t.Counts.NeedFiles += sign
		t.Counts.NeedBytes += sign * r.LargestHead()
	}
	if r.conflicting() {
		t.Counts.Conflicts += sign
	}
	t.countBehind(r, sign)
}

func (t *Tally) countHeld(r *Register, sign int64) {
	v := r.Held()
	if v == nil {
		return
	}
	if r.Flags&index.ReceiveOnlyChanged != 0 {
		t.Counts.ReceiveOnlyChanged += sign
	}
	switch {
	case v.Entry.Deleted:
		t.Counts.Tombstones += sign
	case r.Present() == nil:
	case v.Entry.Type == index.Directory:
		t.Counts.Directories += sign
	case v.Entry.Type == index.Symlink:
		t.Counts.Symlinks += sign
	default:
		t.Counts.Files += sign
		t.Counts.Bytes += sign * v.Entry.Size
	}
}

// LargestHead returns the size of the largest live file among the heads.
func (r *Register) LargestHead() int64 {
	var size int64
	for _, h := range r.Maximal() {
		size = max(size, bytesOf(&h.Entry))
	}
	return size
}

func bytesOf(e *index.Entry) int64 {
	if e.Deleted || e.Type != index.File {
		return 0
	}
	return e.Size
}

func (r *Register) conflicting() bool {
	if len(r.Versions) < 2 {
		return false
	}
	var entries []index.Entry
	for _, h := range r.Maximal() {
		entries = append(entries, h.Entry)
	}
	return index.Contradict(entries)
}

// countBehind adds what other devices need of this name. One that announces
// nothing needs what we announce at the path, if that is live. One that
// announces something needs it unless it has it at its path or knows a later
// version, and needs our tombstone only if it has something live.
func (t *Tally) countBehind(r *Register, sign int64) {
	ours := r.Ours()
	if len(ours) == 0 {
		return
	}
	first := &ours[0].Entry
	whole := Need{1, bytesOf(first)}
	var live Need
	if !first.Deleted {
		live = whole
	}
	t.Live.add(live, sign)
	for _, p := range r.peers(first) {
		var need Need
		if !p.served && (!first.Deleted || p.live) {
			need = whole
		}
		need.add(live, -1)
		if t.Known == nil {
			t.Known = make(map[int]Need)
		}
		known := t.Known[p.device]
		known.add(need, sign)
		t.Known[p.device] = known
	}
}

// peer is how a device stands towards what we have at the path.
type peer struct {
	device int
	served bool // has it at the path, or knows a later version
	live   bool // announces something live
}

func (r *Register) peers(first *index.Entry) []peer {
	var peers []peer
	at := func(device int) *peer {
		for i := range peers {
			if peers[i].device == device {
				return &peers[i]
			}
		}
		peers = append(peers, peer{device: device})
		return &peers[len(peers)-1]
	}
	for i := range r.Versions {
		v := &r.Versions[i]
		order := v.Entry.Version.Compare(first.Version)
		for _, a := range v.Announced {
			if a.Device == Self {
				continue
			}
			p := at(a.Device)
			p.live = p.live || !v.Entry.Deleted
			p.served = p.served || order == index.After || a.First && order == index.Equal && v.Entry.SameContent(first)
		}
	}
	return peers
}
