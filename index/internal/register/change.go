package register

import (
	"github.com/labsync/labsync/index"
)

// Commit applies a change of what is held here. ok is false if it is stale:
// another version than c.Base is held; the register is then as it was.
// announced tells that what this device announces is another list now, which
// the store has to give a sequence number.
func (r *Register) Commit(c *index.Change) (announced, ok bool) {
	if !r.holds(c.Base) {
		return false, false
	}
	versions, at := intern(r.copied(), &c.Entry)
	// What a scan finds out about a file that is as it was tells nobody anything.
	first, ours := versions[at].by(Self)
	renewed := versions[at].Held && ours && first.First
	withdrawn := false
	for i := range versions {
		if _, announces := versions[i].by(Self); announces && !c.Quiet && i != at && contains(c.Lost, versions[i].Entry.Version) {
			versions[i].announce(Announcer{Device: Self}, false)
			withdrawn = true
		}
		versions[i].Held = i == at
	}
	r.setVersions(versions)
	r.Disk, r.Flags = c.Disk, c.Flags
	if c.Entry.Deleted {
		r.Disk = index.Disk{}
	}
	if !c.Quiet && !(renewed && len(c.Heads)+len(c.Lost) == 0) {
		announced = r.announceHeld(c.Heads, c.Missing) || withdrawn
	}
	r.Dirty = index.Clean
	for _, h := range r.Maximal() {
		if !h.Held && !contains(c.Heads, h.Entry.Version) {
			r.Dirty = r.Open()
			break
		}
	}
	return announced, true
}

// holds reports whether base is the version held, nil standing for none.
func (r *Register) holds(base index.Version) bool {
	v := r.Held()
	if v == nil {
		return len(base) == 0
	}
	return v.Entry.Version.Compare(base) == index.Equal
}

// announceHeld announces what is held, and with it those versions that this device
// announced before or has considered now and that are maximal, but for what is
// missing.
//
// It writes into r.Versions: its caller has just made that slice.
func (r *Register) announceHeld(considered, missing []index.Version) (changed bool) {
	versions := r.Versions
	set := func(v *Version, now bool) {
		was, ours := v.by(Self)
		if now != ours || now && was.First != v.Held {
			v.announce(Announcer{Self, v.Held}, now)
			changed = true
		}
	}
	// What is held comes first: from now on it dominates.
	for i := range versions {
		if versions[i].Held {
			set(&versions[i], true)
		}
	}
	for i := range versions {
		if v := &versions[i]; !v.Held {
			_, ours := v.by(Self)
			set(v, (ours || contains(considered, v.Entry.Version)) && !dominated(versions, i, missing))
		}
	}
	if changed {
		r.setVersions(versions)
	}
	return changed
}

// Announce replaces what a device announces by these heads, the first of which
// it has at the path; none withdraws everything.
func (r *Register) Announce(device int, heads []index.Entry) {
	versions := r.copied()
	for i := range versions {
		versions[i].announce(Announcer{Device: device}, false)
	}
	for k := range heads {
		var i int
		versions, i = intern(versions, &heads[k])
		if _, twice := versions[i].by(device); !twice {
			versions[i].announce(Announcer{device, k == 0}, true)
		}
	}
	r.replan(versions)
}

// Derive adds a head that nobody announces yet. One that is dominated already
// comes too late and is not recorded.
func (r *Register) Derive(e *index.Entry) {
	versions, i := intern(r.copied(), e)
	versions[i].Derived = true
	r.replan(versions)
}

// replan makes versions the register's, and the name dirty if its heads are
// others than before: whoever settled it has not considered these.
func (r *Register) replan(versions []Version) {
	before := r.Maximal()
	r.setVersions(versions)
	if !same(before, r.Maximal()) {
		r.Dirty = r.Open()
	}
}

// Settle marks the name clean if all of its heads were considered.
func (r *Register) Settle(considered []index.Version) {
	for _, h := range r.Maximal() {
		if !contains(considered, h.Entry.Version) {
			return
		}
	}
	r.Dirty = index.Clean
}
