package register

import (
	"bytes"
	"slices"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/internal/device"
)

// State returns the register as stores give it out, sharing nothing with it.
// ids[n] is the device with number n.
func (r *Register) State(ids []device.ID) index.State {
	s := index.State{Name: r.Name, Dirty: r.Dirty, Local: r.HeldWithoutBlocks()}
	for _, v := range r.Maximal() {
		s.Heads = append(s.Heads, v.head(ids))
	}
	for _, v := range r.hidden() {
		s.Hidden = append(s.Hidden, v.head(ids))
	}
	return s
}

// hidden lists the versions that are dominated and at the path of some device.
func (r *Register) hidden() (versions []*Version) {
	if len(r.Versions) < 2 {
		return nil // by far the most names
	}
	for i := range r.Versions {
		if v := &r.Versions[i]; v.isAtPath() && dominated(r.Versions, i, nil) {
			versions = append(versions, v)
		}
	}
	return versions
}

// isAtPath reports whether some device announces to have the version there.
func (v *Version) isAtPath() bool {
	return slices.ContainsFunc(v.Announced, func(a Announcer) bool { return a.First })
}

func (v *Version) head(ids []device.ID) index.Head {
	h := index.Head{Entry: v.WithoutBlocks()}
	for _, a := range v.Announced {
		if a.Device == Self {
			h.Ours = true
			continue
		}
		h.Devices = append(h.Devices, ids[a.Device])
		if a.First {
			h.AtPath = append(h.AtPath, ids[a.Device])
		}
	}
	slices.SortFunc(h.Devices, CompareDevices)
	slices.SortFunc(h.AtPath, CompareDevices)
	return h
}

// WithoutBlocks returns a copy of the entry that shares nothing and has no
// block list.
func (v *Version) WithoutBlocks() index.Entry {
	e := v.Entry
	e.Blocks = nil
	return e.Clone()
}

// HeldWithoutBlocks returns a copy of what is held, nil for nothing.
func (r *Register) HeldWithoutBlocks() *index.Held {
	v := r.Held()
	if v == nil {
		return nil
	}
	return &index.Held{Entry: v.WithoutBlocks(), Disk: r.Disk, Flags: r.Flags}
}

// Holders returns the numbers of the other devices that announce a live entry
// with this content.
func (r *Register) Holders(hash index.Hash) []int {
	var numbers []int
	for i := range r.Versions {
		v := &r.Versions[i]
		if v.Entry.Deleted || v.Entry.Hash != hash {
			continue
		}
		for _, a := range v.Announced {
			if a.Device != Self {
				numbers = append(numbers, a.Device)
			}
		}
	}
	return numbers
}

// CompareDevices orders device IDs by their bytes.
func CompareDevices(a, b device.ID) int { return bytes.Compare(a[:], b[:]) }
