// Package storetest is the conformance suite of index.Store: Run holds one
// store against the documented semantics, Compare drives two stores through
// the same random operations and demands the same answers of both.
package storetest

import (
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"testing"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/internal/device"
)

// Run tests a store. open returns an empty one with a default Joins, and
// closes it when its test has ended.
func Run(t *testing.T, open func(t *testing.T) index.Store) {
	tests := []struct {
		name string
		run  func(f *fixture)
	}{
		{"an empty store knows nothing", testEmpty},
		{"what is committed is held, announced and clean", testCommit},
		{"a change with another base is stale and leaves no trace", testStale},
		{"a change of disk facts only spends no sequence", testTouch},
		{"a tombstone is held and not listed", testTombstone},
		{"a quiet version is held, no head, and dominates nothing", testQuiet},
		{"a remote version makes its name dirty until it is placed", testPlace},
		{"concurrent versions stay heads, and both are announced", testConcurrent},
		{"a head that was not considered leaves the name dirty", testUnconsidered},
		{"what is lost is announced by others only", testLost},
		{"a head that is withdrawn hides nothing", testWithdrawn},
		{"what a head hides is known while somebody shows it", testHidden},
		{"what a missing head alone dominates is announced", testMissing},
		{"equal vectors with different content are two heads", testTwins},
		{"settled names are clean until their heads change", testSettle},
		{"derived heads stay until dominated or announced", testDerived},
		{"an announcement replaces the one before", testAnnouncement},
		{"a reset device leaves nothing behind", testReset},
		{"the states of many names are those of each", testStates},
		{"pages follow the order of bytes and stop at the directory", testLocals},
		{"the passes page in their order", testDirtyPages},
		{"flagged names are paged", testFlagged},
		{"announcements are paged by sequence, each name once", testSince},
		{"content is found by hash, inode and block", testFind},
		{"what others announce is found by content", testHolders},
		{"counts follow every change", testCounts},
		{"a device is behind by what it needs of us", testBehind},
		{"intents are pending until they are settled", testIntents},
		{"many intents keep their order, and each is settled for itself", testManyIntents},
		{"a commit may derive a name that it changes as well", testDerivedAndChanged},
		{"records are joined and numbered", testRecords},
		{"settings are kept and removed", testSettings},
		{"renewing keeps everything but the identity", testRenew},
		{"a fork hands over what nobody else has", testFork},
		{"a leap raises the sequence and nothing else", testLeap},
		{"what is settled but not as others have it is counted", testUntaken},
		{"every field of an entry comes back", testFields},
		{"entries that cannot be recorded are refused whole", testRefused},
		{"answers share nothing with the store", testOwnership},
		{"a cancelled context is heeded, a closed store refuses", testEnd},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			test.run(&fixture{T: t, s: open(t), ctx: context.Background()})
		})
	}
}

// The devices and replicas of the tests.
var (
	alice = device.ID{1}
	bob   = device.ID{2}
	carol = device.ID{3}
)

const (
	ours   index.Replica = 0xa0
	theirs index.Replica = 0xb0
)

// v returns the version with the counters of ours and theirs.
func v(a, b uint64) index.Version {
	var version index.Version
	if a > 0 {
		version = append(version, index.Counter{Replica: ours, Value: a})
	}
	if b > 0 {
		version = append(version, index.Counter{Replica: theirs, Value: b})
	}
	return version
}

// file returns a version of a file whose blocks hold these texts.
func file(name string, version index.Version, blocks ...string) index.Entry {
	e := index.Entry{Name: name, Version: version, ModifiedBy: version[0].Replica, Mode: 0o644, Mtime: 1_700_000_000_000_000_001}
	for _, b := range blocks {
		e.Blocks = append(e.Blocks, index.Block{Size: int32(len(b)), Hash: sha256.Sum256([]byte(b))})
		e.Size += int64(len(b))
	}
	e.Hash = index.HashBlocks(e.Blocks)
	return e
}

func directory(name string, version index.Version) index.Entry {
	return index.Entry{Name: name, Type: index.Directory, Version: version, ModifiedBy: version[0].Replica, Mode: 0o755}
}

// deleted returns the tombstone that follows e.
func deleted(e index.Entry, version index.Version) index.Entry {
	return index.Entry{Name: e.Name, Type: e.Type, Deleted: true, Hash: e.Hash, Version: version,
		ModifiedBy: version[0].Replica, Parent: e.Version, Mtime: 1_700_000_000_000_000_002}
}

// fixture is a store under test with the calls that no test expects to fail.
type fixture struct {
	*testing.T
	s   index.Store
	ctx context.Context
}

func (f *fixture) must(err error) {
	f.Helper()
	if err != nil {
		f.Fatal(err)
	}
}

// commit commits changes, none of which may be stale.
func (f *fixture) commit(changes ...index.Change) {
	f.Helper()
	stale, err := f.s.Commit(f.ctx, changes, true)
	f.must(err)
	if len(stale) > 0 {
		f.Fatalf("changes %v were stale", stale)
	}
}

// hold commits entries as the first version of their names.
func (f *fixture) hold(entries ...index.Entry) {
	f.Helper()
	for _, e := range entries {
		f.commit(index.Change{Entry: e})
	}
}

// announce records one update of a device for each list of heads.
func (f *fixture) announce(d device.ID, heads ...index.Entry) {
	f.Helper()
	r, err := f.s.Remote(f.ctx, d)
	f.must(err)
	f.must(f.s.RecordRemote(f.ctx, d, []index.Update{{Sequence: r.Sequence + 1, Heads: heads}}))
}

func (f *fixture) state(name string) index.State {
	f.Helper()
	s, ok, err := f.s.State(f.ctx, name)
	f.must(err)
	if !ok {
		f.Fatalf("nothing is known of %q", name)
	}
	return s
}

func (f *fixture) unknown(name string) {
	f.Helper()
	if s, ok, err := f.s.State(f.ctx, name); ok || err != nil {
		f.Fatalf("state of %q = %+v, %v; want none", name, s, err)
	}
}

// heads checks the heads of a name, each written as its version, then who
// announces it: a, b, c for the devices, o for us; capital where it is first.
func (f *fixture) heads(name string, dirty index.Dirty, want ...string) {
	f.Helper()
	s := f.state(name)
	f.same("heads of "+name, s.Heads, want)
	if s.Dirty != dirty {
		f.Fatalf("%q is dirty %d, want %d", name, s.Dirty, dirty)
	}
}

// hidden checks what is hidden of a name: versions as in heads.
func (f *fixture) hidden(name string, want ...string) {
	f.Helper()
	f.same("hidden of "+name, f.state(name).Hidden, want)
}

func (f *fixture) same(what string, heads []index.Head, want []string) {
	f.Helper()
	var got []string
	for _, h := range heads {
		got = append(got, fmt.Sprintf("%d,%d %s", h.Entry.Version.Counter(ours), h.Entry.Version.Counter(theirs), announcers(h)))
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		f.Fatalf("%s = %q, want %q", what, got, want)
	}
}

func announcers(h index.Head) string {
	var b []byte
	for i, d := range []device.ID{alice, bob, carol} {
		switch {
		case slices.Contains(h.AtPath, d):
			b = append(b, "ABC"[i])
		case slices.Contains(h.Devices, d):
			b = append(b, "abc"[i])
		}
	}
	if h.Ours {
		b = append(b, 'o')
	}
	return string(b)
}

// updates checks all that is announced: name and versions, ours at the path
// first.
func (f *fixture) updates(want ...string) {
	f.Helper()
	updates, err := f.s.Since(f.ctx, 0, 1000)
	f.must(err)
	var got []string
	last := int64(0)
	for _, u := range updates {
		if u.Sequence <= last {
			f.Fatalf("sequence %d after %d", u.Sequence, last)
		}
		last = u.Sequence
		text := u.Heads[0].Name
		for _, h := range u.Heads {
			text += fmt.Sprintf(" %d,%d", h.Version.Counter(ours), h.Version.Counter(theirs))
		}
		got = append(got, text)
	}
	if !slices.Equal(got, want) {
		f.Fatalf("announced %q, want %q", got, want)
	}
}

func (f *fixture) sequence() int64 {
	f.Helper()
	id, err := f.s.Identity(f.ctx)
	f.must(err)
	return id.Sequence
}

func (f *fixture) counts() index.Counts {
	f.Helper()
	c, err := f.s.Counts(f.ctx)
	f.must(err)
	return c
}

// equal fails the test if got is not want.
func equal[T comparable](f *fixture, what string, got, want T) {
	f.Helper()
	if got != want {
		f.Fatalf("%s = %+v, want %+v", what, got, want)
	}
}
