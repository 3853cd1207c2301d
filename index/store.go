package index

import (
	"context"

	"github.com/labsync/labsync/internal/device"
)

// Store keeps the index of one folder. One goroutine writes at a time (a store
// serialises its writers itself); reads see the last completed write and never
// wait for a writer. Every slice a store returns belongs to the caller.
//
// Names are compared byte by byte. A limit bounds the names returned; a page
// shorter than its limit is the last one.
type Store interface {
	Reader
	Recorder
	Intents
	Records
	Close() error
}

// Reader is what the steps ask of a store.
type Reader interface {
	// State returns what is known of a name; ok is false for a name never heard of.
	State(ctx context.Context, name string) (s State, ok bool, err error)
	// States returns what is known of each of the names, in their order, read
	// at once, which costs a fraction of as many calls. With blocks the entries
	// have their block lists, Local one with its head. Of a name never heard of
	// there is the Name alone.
	States(ctx context.Context, names []string, blocks bool) ([]State, error)
	// Locals pages through what is held at and below directory dir ("" is the
	// root), in ascending order of name, from names greater than after.
	// Tombstones are left out, blocks too.
	Locals(ctx context.Context, dir, after string, limit int) ([]Held, error)
	// Local returns what is held at a name, with blocks; nil if nothing ever was.
	Local(ctx context.Context, name string) (*Held, error)
	// Head returns the entry of one version of a name, with blocks. An error
	// wraps ErrNoVersion if it is not known (any more).
	Head(ctx context.Context, name string, v Version) (Entry, error)
	// ByInode returns live files held here that were last seen under this
	// inode of this file system. Like Holding and FindBlocks it
	// leaves out what is Unsupported, which is not on the disk.
	ByInode(ctx context.Context, device, inode uint64) ([]Held, error)
	// Holding returns live files held here whose content has this hash, without
	// blocks, at most limit.
	Holding(ctx context.Context, hash Hash, limit int) ([]Held, error)
	// Holders returns remote devices that announce a live entry with this
	// content hash, under whatever name; all of them unless very many names have
	// that content.
	Holders(ctx context.Context, hash Hash) ([]device.ID, error)
	// FindBlocks looks for blocks of these hashes in the files held here and
	// calls found for one place of each, when it has looked: found may use the
	// store. It reads the whole index once, so ask for many at a time.
	FindBlocks(ctx context.Context, wanted map[Hash]struct{}, found func(Hash, BlockPlace)) error
	// Dirty pages through the names that wait for a pass: ascending from names
	// greater than after, but for DirtyGoneDirectory descending from names less
	// than after ("" starts in both cases).
	Dirty(ctx context.Context, pass Dirty, after string, limit int) ([]State, error)
	// Flagged pages through the names held here (tombstones too) that carry any
	// of the flags, in ascending order from names greater than after.
	Flagged(ctx context.Context, any Flags, after string, limit int) ([]State, error)
	// Since returns what we announce, in ascending sequence after seq, with blocks.
	Since(ctx context.Context, seq int64, limit int) ([]Update, error)
	// Identity returns who this index is, and its highest sequence.
	Identity(ctx context.Context) (Identity, error)
	// Remote returns the index ID and highest sequence known of a device, zero if none.
	Remote(ctx context.Context, d device.ID) (RemoteIndex, error)
	// Remotes returns the devices of which anything is known, by ID: those that
	// have been reset to index 0 are not among them.
	Remotes(ctx context.Context) ([]device.ID, error)
	// Counts returns the sums that status shows.
	Counts(ctx context.Context) (Counts, error)
	// Behind returns what d still needs of us: the number of names that we
	// announce and d does not have at its path, and the bytes of the files among
	// them. Names of which d knows a later version do not count, nor tombstones
	// of names of which d has nothing.
	Behind(ctx context.Context, d device.ID) (files, bytes int64, err error)
	// Untaken returns the number of names that were settled although their heads
	// are not what is held: what others have was looked at and left.
	Untaken(ctx context.Context) (int64, error)
	// Setting returns a value kept for the folder's machinery, nil if absent.
	Setting(ctx context.Context, key string) ([]byte, error)
}

// BlockPlace is where a block lies on this disk.
type BlockPlace struct {
	Name   string
	Offset int64
	Size   int32
}

// Identity is who an index is to its peers.
type Identity struct {
	Replica  Replica // stands in the versions made here
	Index    uint64  // changes whenever the sequence numbering starts anew
	Sequence int64   // highest sequence recorded as ours
}

// RemoteIndex is how far a device's announcements are known here.
type RemoteIndex struct {
	Index    uint64
	Sequence int64
}

// Counts are sums over a folder.
type Counts struct {
	Files, Directories, Symlinks, Tombstones int64 // held here, but for what is Unsupported
	Bytes                                    int64 // of files held here
	NeedFiles, NeedBytes                     int64 // names that wait for a plan or a pull; bytes of their largest head
	Conflicts                                int64 // names whose open heads contradict one another
	ReceiveOnlyChanged                       int64
}

// Change is one step of a name's state here: a version recorded by a scan, or
// one placed, or heads taken note of.
type Change struct {
	// Base is the version held before, nil for none. If another one is held by
	// now the change is refused as stale and nothing of it is recorded.
	Base Version
	// Entry is what is held now, with blocks. Equal to the version held, it
	// only renews Disk and Flags, and no sequence number is spent unless the
	// announced heads change.
	Entry Entry
	Disk  Disk
	Flags Flags
	// Heads are the other heads that were considered. Those of them that are
	// still maximal are announced along with Entry. The name is clean
	// afterwards if no maximal head is left that is neither Entry nor here.
	Heads []Version
	// Missing are heads of which nobody has the content: what they alone dominate
	// is announced as if they were not.
	Missing []Version
	// Derived are entries of other names that follow from this state, such as
	// the sibling of a losing head: recorded as heads nobody announces yet.
	Derived []Entry
	// Intent, if not zero, is settled by this change.
	Intent IntentID
	// Lost are versions that this device announces no longer, though Entry does
	// not include them: what was held before and is not on this disk any more,
	// and heads of which nobody has the content. Not of a Quiet change.
	Lost []Version
	// Quiet changes are not announced: the name gets no sequence (Ignored,
	// Unsupported, ReceiveOnlyChanged). What was announced before stays, and
	// the quiet version is not a head.
	Quiet bool
}

// Recorder changes the index.
type Recorder interface {
	// Commit records changes in one transaction. durable asks that it survive
	// a power loss before Commit returns; whatever is announced must be. It
	// makes all earlier writes durable too, and no changes are enough for that.
	// Commit returns the indexes of those changes that were stale. An entry
	// without a name or a version is an error, and nothing is recorded.
	Commit(ctx context.Context, changes []Change, durable bool) (stale []int, err error)
	// Settle marks names clean whose maximal heads are all among the given
	// ones: the plan has nothing to do about them.
	Settle(ctx context.Context, settled []Settled) error
	// Unsettle marks dirty again every name at and below dir ("" for all)
	// whose maximal heads are not simply what is held.
	Unsettle(ctx context.Context, dir string) error
	// RecordRemote replaces what device d announces for the updates' names, in
	// their order, and notes the highest sequence. A name whose heads become
	// others is dirty again, unless the only one is held. An update without
	// heads only notes its sequence.
	RecordRemote(ctx context.Context, d device.ID, updates []Update) error
	// ResetRemote forgets what d announced, and how far its records are known,
	// because its index is a new one (or the device was removed: index 0).
	ResetRemote(ctx context.Context, d device.ID, index uint64) error
	// Renew makes a new replica and index ID, because the database may be a
	// copy of another one in use.
	Renew(ctx context.Context) (Identity, error)
	// Fork is Renew for a database of which it turns out late that it is a copy:
	// what it has recorded since is not what others may have heard under the same
	// versions. Those versions that no other device announces become the new
	// replica's; they include of the old one what another device has announced,
	// and nothing more.
	Fork(ctx context.Context) (Identity, error)
	// Leap raises the sequence by some random hundreds of millions, so that
	// two databases that go on from the same one use different sequences.
	Leap(ctx context.Context) (Identity, error)
	// SetSetting keeps a value for the folder's machinery; nil removes it.
	SetSetting(ctx context.Context, key string, value []byte) error
}

// Settled is a name and the heads that were considered when it was planned.
type Settled struct {
	Name  string
	Heads []Version
}

// IntentID names an intent within a store. Zero is none.
type IntentID int64

// Intent is a step on a user's file that was begun: committed before the file
// is touched, so that what a crash left behind can be told apart.
type Intent struct {
	ID        IntentID
	Operation string // "replace", "delete", "rename", "retype", "rmdir"
	Path      string // the name acted on
	To        string // of a rename: the new name
	Work      string // name in the work directory that takes or gives the bytes
	Expected  Held   // what stood at the path, without blocks
	New       Entry  // what is to stand there; a tombstone for a deletion
	Heads     []Version
}

// Intents are committed before and settled after steps on users' files.
type Intents interface {
	// Begin commits intents durably, in order, and returns their IDs.
	Begin(ctx context.Context, intents []Intent) ([]IntentID, error)
	// Pending returns the intents that were begun and not settled, by ID, with
	// the blocks of New.
	Pending(ctx context.Context) ([]Intent, error)
	// Abandon settles intents without a change: the step was taken back.
	Abandon(ctx context.Context, ids []IntentID) error
}

// Record is a replicated register beside the entries: device names, folder
// settings. Two versions of a record are joined by the function of its kind.
type Record struct {
	Kind, Key string
	Version   Version
	Sequence  int64 // of the device that sends it
	Payload   []byte
}

// Join merges two versions of one record. It must be associative, commutative
// and idempotent, and its result depend on its arguments only.
type Join func(a, b Record) Record

// Records keeps replicated records, with a sequence of their own.
type Records interface {
	// PutRecord records a new version made here and returns it.
	PutRecord(ctx context.Context, kind, key string, payload []byte, now int64) (Record, error)
	// JoinRecords takes in records from a device and returns those that changed,
	// as they are now, durably. Kinds without a Join of their own have Latest.
	JoinRecords(ctx context.Context, d device.ID, records []Record) ([]Record, error)
	// Record returns a record; ok is false if there is none.
	Record(ctx context.Context, kind, key string) (r Record, ok bool, err error)
	// RecordsOf returns all records of a kind, by key.
	RecordsOf(ctx context.Context, kind string) ([]Record, error)
	// RecordsSince returns records in ascending sequence after seq.
	RecordsSince(ctx context.Context, seq int64, limit int) ([]Record, error)
	// RemoteRecords returns the highest record sequence known of a device.
	RemoteRecords(ctx context.Context, d device.ID) (int64, error)
}
