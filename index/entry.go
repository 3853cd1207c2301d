package index

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
)

// Type is what a name stands for.
type Type uint8

// The types of entries.
const (
	File Type = iota
	Directory
	Symlink
)

// String returns "file", "directory" or "symlink".
func (t Type) String() string {
	return [...]string{"file", "directory", "symlink"}[t]
}

// Hash is a SHA-256.
type Hash [sha256.Size]byte

// String returns the hash in hexadecimal.
func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// Block is a piece of a file's content. Blocks follow one another without a
// gap, so a block's offset is the sum of the sizes before it.
type Block struct {
	Size int32
	Hash Hash
}

// HashBlocks returns the hash over a block list: the SHA-256 of the blocks'
// hashes, one after the other. It is BEP's blocks_hash.
func HashBlocks(blocks []Block) Hash {
	h := sha256.New()
	for i := range blocks {
		h.Write(blocks[i].Hash[:])
	}
	return Hash(h.Sum(nil))
}

// Entry is one version of one name: what its author saw there. Its fields and
// rules are those of BEP's FileInfo, so that it can be sent unchanged; Parent
// and RenamedFrom are known to labsync devices only.
type Entry struct {
	Name    string // slash-separated, relative, UTF-8 NFC
	Type    Type   // of a tombstone: what was deleted
	Deleted bool   // a tombstone
	Size    int64  // bytes; 0 but for files
	Mtime   int64  // modification time in ns since 1970; of a tombstone: when it was made
	Mode    uint32 // permission bits, 0777 only
	Target  string // of a symlink: its text

	Version    Version
	ModifiedBy Replica // author of this version

	// BlockSize is the size of every block but the last, or 0 when the blocks
	// were cut by content.
	BlockSize int32
	// Blocks is the list the version's author cut. An empty file has one block
	// of size 0; directories, symlinks and tombstones have none. Stores leave
	// it nil unless their method says otherwise.
	Blocks []Block
	// Hash identifies the content: HashBlocks of a file, the SHA-256 of a
	// symlink's text. A tombstone has the hash of what was deleted.
	Hash Hash

	Parent      Version // the version this one was edited from; nil if none is known
	RenamedFrom string  // the name this content had before, or ""
	// ContentVersion is the version in which these bytes came to be, when a
	// later one changed only permissions or times; nil means this version. A
	// head whose content came to be in an ancestor of another head does not
	// contradict that one's content.
	ContentVersion Version
}

// ContentAt is the version in which the entry's content came to be.
func (e *Entry) ContentAt() Version {
	if len(e.ContentVersion) > 0 {
		return e.ContentVersion
	}
	return e.Version
}

// SameContent reports whether two entries stand for the same content: both
// deleted, both directories, links with the same text, or files whose block
// lists hash alike. Files cut by different policies may be equal in bytes and
// still differ here; see MayBeEqual.
func (e *Entry) SameContent(f *Entry) bool {
	switch {
	case e.Deleted || f.Deleted:
		return e.Deleted && f.Deleted
	case e.Type != f.Type:
		return false
	case e.Type == Directory:
		return true
	case e.Type == Symlink:
		return e.Target == f.Target
	}
	return e.Hash == f.Hash && e.Size == f.Size
}

// Agrees reports whether e has nothing to say against f's content: it has the
// same, or its own came to be in an ancestor of f, so that f's author knew and
// replaced it while e only changed permissions or times.
func (e *Entry) Agrees(f *Entry) bool {
	return e.SameContent(f) || e.Type == f.Type && !e.Deleted && !f.Deleted &&
		len(e.ContentVersion) > 0 && f.Version.Dominates(e.ContentVersion)
}

// Contradict reports whether any of these heads contradict one another.
func Contradict(heads []Entry) bool {
	for i := range heads {
		for j := range heads[:i] {
			if !heads[i].Agrees(&heads[j]) && !heads[j].Agrees(&heads[i]) {
				return true
			}
		}
	}
	return false
}

// MayBeEqual reports whether two files with different hashes may still hold
// the same bytes, because their authors cut them differently. Only hashing one
// along the other's block list tells. It needs no blocks: a file of one block
// has the same hash under every policy.
func (e *Entry) MayBeEqual(f *Entry) bool {
	const oneBlock = 1 << 17 // no policy cuts a file this small
	return e.Type == File && f.Type == File && !e.Deleted && !f.Deleted &&
		e.Hash != f.Hash && e.Size == f.Size && e.Size > oneBlock &&
		(e.BlockSize != f.BlockSize || e.BlockSize == 0)
}

// SameMeta reports whether permissions and modification time are equal, as far
// as the type has them: a symlink has neither, a directory no time of its own.
func (e *Entry) SameMeta(f *Entry) bool {
	switch e.Type {
	case Symlink:
		return true
	case Directory:
		return e.Mode == f.Mode
	}
	return e.Mode == f.Mode && e.Mtime == f.Mtime
}

// Baseless reports whether the version was recorded without a predecessor: the
// author's index knew nothing of the name. Against another version only
// content decides then.
func (e *Entry) Baseless() bool {
	return !e.Deleted && len(e.Parent) == 0 && len(e.Version) == 1 && e.Version[0].Replica == e.ModifiedBy
}

// Clock is the author's logical clock in this version: the counter that
// ModifiedBy has in the entry's own vector.
func (e *Entry) Clock() uint64 { return e.Version.Counter(e.ModifiedBy) }

// Clone returns a copy that shares no slice with e.
func (e Entry) Clone() Entry {
	e.Version = slices.Clone(e.Version)
	e.Blocks = slices.Clone(e.Blocks)
	e.Parent = slices.Clone(e.Parent)
	e.ContentVersion = slices.Clone(e.ContentVersion)
	return e
}
