package storetest

import (
	"crypto/sha256"
	"slices"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/internal/device"
)

// compare asks both stores everything.
func (d *duel) compare() {
	d.Helper()
	for _, name := range duelNames {
		d.compareName(name)
	}
	for _, dir := range append(duelNames, "") {
		after, limit := pick(d, append(duelNames, "")), d.random.IntN(4)
		d.both("locals", func(s index.Store) (any, error) { return s.Locals(d.ctx, dir, after, limit) })
		d.both("flagged", func(s index.Store) (any, error) {
			return s.Flagged(d.ctx, index.Ignored|index.Prefix, after, limit)
		})
		for pass := index.Clean; pass <= index.DirtyGoneDirectory; pass++ {
			d.both("dirty", func(s index.Store) (any, error) { return s.Dirty(d.ctx, pass, after, limit) })
		}
	}
	seq, limit := d.random.Int64N(d.sequence()+1), 1+d.random.IntN(5)
	d.both("since", func(s index.Store) (any, error) { return s.Since(d.ctx, seq, limit) })
	d.both("counts", func(s index.Store) (any, error) { return s.Counts(d.ctx) })
	d.both("pending", func(s index.Store) (any, error) { return s.Pending(d.ctx) })
	d.both("records", func(s index.Store) (any, error) { return s.RecordsSince(d.ctx, seq/2, limit) })
	for _, who := range []device.ID{alice, bob, carol, {9}} {
		d.both("remote", func(s index.Store) (any, error) { return s.Remote(d.ctx, who) })
		d.both("remote records", func(s index.Store) (any, error) { return s.RemoteRecords(d.ctx, who) })
		d.both("behind", func(s index.Store) (any, error) {
			files, bytes, err := s.Behind(d.ctx, who)
			return []int64{files, bytes}, err
		})
	}
	d.compareBlocks()
	d.audit()
}

func (d *duel) compareName(name string) {
	d.Helper()
	s := d.known(name)
	d.both("state", func(s index.Store) (any, error) {
		state, ok, err := s.State(d.ctx, name)
		return []any{state, ok}, err
	})
	d.both("local", func(s index.Store) (any, error) { return s.Local(d.ctx, name) })
	d.both("setting", func(s index.Store) (any, error) {
		value, err := s.Setting(d.ctx, name)
		return []any{value == nil, value}, err
	})
	for _, h := range s.Heads {
		d.both("head", func(s index.Store) (any, error) { return s.Head(d.ctx, name, h.Entry.Version) })
		d.both("holders", func(s index.Store) (any, error) { return s.Holders(d.ctx, h.Entry.Hash) })
		d.both("holding", func(s index.Store) (any, error) {
			held, err := s.Holding(d.ctx, h.Entry.Hash, 100)
			slices.SortFunc(held, func(a, b index.Held) int { return compareNames(a.Entry, b.Entry) })
			return held, err
		})
	}
	inode := d.random.Uint64N(4)
	d.both("inode", func(s index.Store) (any, error) { return s.ByInode(d.ctx, 1, inode) })
}

func compareNames(a, b index.Entry) int {
	return slices.Compare([]byte(a.Name), []byte(b.Name))
}

// compareBlocks checks that both find the same hashes, and each a place where
// the block is.
func (d *duel) compareBlocks() {
	d.Helper()
	wanted := make(map[index.Hash]struct{})
	for _, text := range []string{"one", "two", "three", "x", "", "nowhere"} {
		wanted[sha256.Sum256([]byte(text))] = struct{}{}
	}
	d.both("blocks", func(s index.Store) (any, error) {
		var found []string
		err := s.FindBlocks(d.ctx, wanted, func(h index.Hash, p index.BlockPlace) {
			held, err := s.Local(d.ctx, p.Name)
			d.must(err)
			offset := int64(0)
			for _, b := range held.Entry.Blocks {
				if b.Hash == h && b.Size == p.Size && offset == p.Offset {
					found = append(found, h.String())
					return
				}
				offset += int64(b.Size)
			}
			d.Fatalf("%s: block %v is not at %+v", d.step, h, p)
		})
		slices.Sort(found)
		return found, err
	})
}

// audit recomputes the sums of the first store from its names.
func (d *duel) audit() {
	d.Helper()
	var want index.Counts
	behind := make(map[device.ID]int64)
	first := d.firstAnnounced()
	for _, name := range duelNames {
		s := d.known(name)
		if s.Name == "" {
			continue
		}
		count(&want, s)
		if e, ok := first[name]; ok {
			for _, who := range []device.ID{alice, bob, carol} {
				if needs(s, who, &e) {
					behind[who]++
				}
			}
		}
	}
	equal(d.fixture, d.step+": counts", d.counts(), want)
	for _, who := range []device.ID{alice, bob, carol} {
		files, _, err := d.s.Behind(d.ctx, who)
		d.must(err)
		// A version that is announced and no head is not in a state, so the
		// model sees less than the store in names where there is one.
		if exact := d.onlyHeads(who); exact {
			equal(d.fixture, d.step+": behind", files, behind[who])
		}
	}
}

// firstAnnounced returns what we announce at the path of each name.
func (d *duel) firstAnnounced() map[string]index.Entry {
	d.Helper()
	updates, err := d.s.Since(d.ctx, 0, 1000)
	d.must(err)
	first := make(map[string]index.Entry)
	for _, u := range updates {
		first[u.Heads[0].Name] = u.Heads[0]
	}
	return first
}

// onlyHeads reports whether the device announces nothing but heads, as far as
// the states show: something in each name it was ever heard of.
func (d *duel) onlyHeads(who device.ID) bool {
	for _, name := range duelNames {
		s := d.known(name)
		heard := slices.ContainsFunc(s.Heads, func(h index.Head) bool { return slices.Contains(h.Devices, who) })
		first := slices.ContainsFunc(s.Heads, func(h index.Head) bool { return slices.Contains(h.AtPath, who) })
		if !heard || !first {
			return false
		}
	}
	return true
}

func count(c *index.Counts, s *index.State) {
	if l := s.Local; l != nil {
		switch e := &l.Entry; {
		case e.Deleted:
			c.Tombstones++
		case l.Flags&index.Unsupported != 0:
		case e.Type == index.Directory:
			c.Directories++
		case e.Type == index.Symlink:
			c.Symlinks++
		default:
			c.Files++
			c.Bytes += e.Size
		}
		if l.Flags&index.ReceiveOnlyChanged != 0 {
			c.ReceiveOnlyChanged++
		}
	}
	largest := int64(0)
	for _, h := range s.Heads {
		if !h.Entry.Deleted {
			largest = max(largest, h.Entry.Size)
		}
	}
	if s.Dirty != index.Clean {
		c.NeedFiles++
		c.NeedBytes += largest
	}
	if index.Contradict(s.Entries()) {
		c.Conflicts++
	}
}

// needs reports whether a device that announces heads of a name still needs
// what we announce at the path.
func needs(s *index.State, who device.ID, first *index.Entry) bool {
	live := false
	for _, h := range s.Heads {
		if !slices.Contains(h.Devices, who) {
			continue
		}
		live = live || !h.Entry.Deleted
		order := h.Entry.Version.Compare(first.Version)
		if order == index.After || order == index.Equal && h.Entry.SameContent(first) && slices.Contains(h.AtPath, who) {
			return false
		}
	}
	return live || !first.Deleted
}
