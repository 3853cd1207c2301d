package index

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Replica names one index database that creates versions. It is a random
// number made with the database, not the device ID: a copied home or a
// restored backup must not continue the counters of the original.
type Replica uint64

// String returns the replica as 16 hexadecimal digits.
func (r Replica) String() string { return fmt.Sprintf("%016x", uint64(r)) }

// Shadow is the author of versions that must not include what this replica has
// recorded, though they were found here: what a loss of power left in the place
// of that, and what was written late by somebody who knew nothing of it.
// Both are heads then.
func (r Replica) Shadow() Replica {
	h := sha256.Sum256([]byte("labsync shadow " + r.String()))
	return Replica(binary.BigEndian.Uint64(h[:]))
}

// Aside is the replica in whose name siblings keep what the replica has made; see
// Version.Aside.
func (r Replica) Aside() Replica { return r ^ 0x6173_6964_652d_6f66 }

// ParseReplica is the inverse of String.
func ParseReplica(s string) (Replica, error) {
	n, err := strconv.ParseUint(s, 16, 64)
	if err != nil || len(s) != 16 {
		return 0, fmt.Errorf("replica %q: want 16 hexadecimal digits", s)
	}
	return Replica(n), nil
}

// Counter is one replica's component of a version vector.
type Counter struct {
	Replica Replica
	Value   uint64
}

// Version is a version vector: its counters sorted by replica, none zero. The
// nil Version precedes every other. Treat versions as immutable.
type Version []Counter

// Order is how two versions relate.
type Order int

// The four ways in which two versions can relate.
const (
	Equal      Order = iota // the same history
	Before                  // the receiver is an ancestor of the argument
	After                   // the receiver descends from the argument
	Concurrent              // neither knows of the other
)

// MaxCounters is the number of replicas a version from outside may name.
const MaxCounters = 1000

// Compare tells how v relates to w.
func (v Version) Compare(w Version) Order {
	order := Equal
	i, j := 0, 0
	for i < len(v) || j < len(w) {
		var side Order
		switch {
		case j == len(w) || i < len(v) && v[i].Replica < w[j].Replica:
			side = After
			i++
		case i == len(v) || v[i].Replica > w[j].Replica:
			side = Before
			j++
		default:
			switch {
			case v[i].Value > w[j].Value:
				side = After
			case v[i].Value < w[j].Value:
				side = Before
			}
			i++
			j++
		}
		switch {
		case side == Equal || side == order:
		case order == Equal:
			order = side
		default:
			return Concurrent
		}
	}
	return order
}

// Dominates reports whether v equals w or descends from it.
func (v Version) Dominates(w Version) bool {
	o := v.Compare(w)
	return o == Equal || o == After
}

// Counter returns the component of r, zero if there is none.
func (v Version) Counter(r Replica) uint64 {
	i, ok := slices.BinarySearchFunc(v, r, compareReplica)
	if !ok {
		return 0
	}
	return v[i].Value
}

func compareReplica(c Counter, r Replica) int { return cmp.Compare(c.Replica, r) }

// Bump returns a version that descends from v and was made by r at unix
// seconds now. Its own counter is max(previous+1, now): mostly the author's
// clock, and always above what this replica or its shadow used before, in v and
// in the other heads of the name that are passed along.
func (v Version) Bump(r Replica, now int64, heads ...Version) Version {
	return v.with(Counter{r, v.next(r, now, heads)})
}

// BumpShadow is Bump in the name of the shadow of r. What the two make of a name
// is counted together: a head of the shadow does not include what r had made,
// which nobody may know of any more when r makes a version of that head. Its
// counter has to be another one, even if the clock was set back.
func (v Version) BumpShadow(r Replica, now int64, heads ...Version) Version {
	return v.with(Counter{r.Shadow(), v.next(r, now, heads)})
}

// next is the counter of what r or its shadow makes of v beside heads.
func (v Version) next(r Replica, now int64, heads []Version) uint64 {
	shadow := r.Shadow()
	last := max(v.Counter(r), v.Counter(shadow))
	for _, h := range heads {
		last = max(last, h.Counter(r), h.Counter(shadow))
	}
	return max(last+1, uint64(max(now, 0)))
}

func (v Version) with(c Counter) Version {
	i, ok := slices.BinarySearchFunc(v, c.Replica, compareReplica)
	w := slices.Clone(v)
	if ok {
		w[i] = c
		return w
	}
	return slices.Insert(w, i, c)
}

// Hand returns the version with the counter of one replica lowered to kept, 0
// for none, and another one set: what r made is then its heir's.
func (v Version) Hand(r Replica, kept uint64, heir Counter) Version {
	w := slices.DeleteFunc(slices.Clone(v), func(c Counter) bool { return c.Replica == r })
	if kept > 0 {
		w = w.with(Counter{r, kept})
	}
	return w.with(heir)
}

// Aside returns the version that the sibling of a loser has: each counter is that
// of another replica, the same on every device. Two names have counters of
// their own, and a version that was made under one could also come to be made under
// the other, of another content. Aside of that is v again.
func (v Version) Aside() Version {
	w := slices.Clone(v)
	for i := range w {
		w[i].Replica = w[i].Replica.Aside()
	}
	slices.SortFunc(w, func(a, b Counter) int { return cmp.Compare(a.Replica, b.Replica) })
	return w
}

// Merge returns the least version that dominates both v and w.
func (v Version) Merge(w Version) Version {
	m := make(Version, 0, len(v)+len(w))
	i, j := 0, 0
	for i < len(v) || j < len(w) {
		switch {
		case j == len(w) || i < len(v) && v[i].Replica < w[j].Replica:
			m = append(m, v[i])
			i++
		case i == len(v) || v[i].Replica > w[j].Replica:
			m = append(m, w[j])
			j++
		default:
			m = append(m, Counter{v[i].Replica, max(v[i].Value, w[j].Value)})
			i++
			j++
		}
	}
	return m
}

// String writes the version as replica:counter pairs, for logs and traces.
func (v Version) String() string {
	var b strings.Builder
	for i, c := range v {
		if i > 0 {
			b.WriteByte(' ')
		}
		fmt.Fprintf(&b, "%v:%d", c.Replica, c.Value)
	}
	return "{" + b.String() + "}"
}

// Append encodes v at the end of b: per counter 8 bytes of replica and the
// value as a varint, sorted by replica. Equal versions encode equally.
func (v Version) Append(b []byte) []byte {
	for _, c := range v {
		b = binary.BigEndian.AppendUint64(b, uint64(c.Replica))
		b = binary.AppendUvarint(b, c.Value)
	}
	return b
}

// ErrBadVersion is wrapped by the errors of ParseVersion.
var ErrBadVersion = errors.New("malformed version vector")

// ParseVersion decodes what Append wrote. It accepts only the canonical form.
func ParseVersion(b []byte) (Version, error) {
	var v Version
	for len(b) > 0 {
		if len(b) < 9 || len(v) == MaxCounters {
			return nil, ErrBadVersion
		}
		r := Replica(binary.BigEndian.Uint64(b))
		n, size := binary.Uvarint(b[8:])
		if size <= 0 || n == 0 || len(v) > 0 && v[len(v)-1].Replica >= r {
			return nil, ErrBadVersion
		}
		if b[8+size-1] == 0 { // a longer varint than n needs
			return nil, ErrBadVersion
		}
		v = append(v, Counter{r, n})
		b = b[8+size:]
	}
	return v, nil
}

// Canonical sorts the counters of a version from outside and refuses what no
// honest replica makes: zero or repeated counters, more than MaxCounters, or
// a counter more than ten years ahead of unix seconds now (max+1 must never
// wrap, and a clock that far off orders nothing).
func Canonical(counters []Counter, now int64) (Version, error) {
	if len(counters) > MaxCounters {
		return nil, fmt.Errorf("%w: %d counters", ErrBadVersion, len(counters))
	}
	const tenYears = 10 * 366 * 24 * 3600
	v := Version(slices.Clone(counters))
	slices.SortFunc(v, func(a, b Counter) int { return cmp.Compare(a.Replica, b.Replica) })
	for i, c := range v {
		switch {
		case c.Value == 0:
			return nil, fmt.Errorf("%w: zero counter", ErrBadVersion)
		case i > 0 && v[i-1].Replica == c.Replica:
			return nil, fmt.Errorf("%w: replica %v twice", ErrBadVersion, c.Replica)
		case c.Value > uint64(max(now, 0))+tenYears:
			return nil, fmt.Errorf("%w: counter %d of %v is more than ten years ahead", ErrBadVersion, c.Value, c.Replica)
		}
	}
	return v, nil
}
