package folderfs

import (
	"errors"
	"io"
	"time"
)

// The work directory at the root of each folder, and its parts.
const (
	WorkDir      = ".labsync"
	TempDir      = WorkDir + "/tmp"       // being assembled; named by the hash of what they should hold
	DisplacedDir = WorkDir + "/displaced" // just taken away from the tree
	RecoverDir   = WorkDir + "/recovered" // found after a crash and matching no intent
)

// Kind is what a name is on disk.
type Kind uint8

// The kinds of names. Other is everything that is never synchronised: FIFOs,
// sockets, device nodes.
const (
	File Kind = iota
	Directory
	Symlink
	Other
)

// Info is what the file system says about a name, the link itself where it is one.
type Info struct {
	Name   string // last component as the disk spells it; any bytes but '/'
	Kind   Kind
	Size   int64
	Mtime  int64  // ns since 1970
	Ctime  int64  // ns since 1970; 0 where there is none
	Mode   uint32 // permission bits, 0777
	Inode  uint64 // 0 where there is none
	Device uint64 // of the file system it lies on
	Links  uint64 // hard links
}

// Errors beside those of io/fs (ErrNotExist, ErrExist, ErrPermission are used
// as they are; test with errors.Is).
var (
	ErrNotEmpty     = errors.New("directory is not empty")
	ErrNotDirectory = errors.New("not a directory") // also for a component that is a link
	ErrCrossDevice  = errors.New("on another file system")
	ErrNoSpace      = errors.New("no space left on the file system")
	ErrUnsupported  = errors.New("not supported by this file system")
	ErrKind         = errors.New("not a regular file")
	ErrName         = errors.New("name cannot be used") // "..", absolute, empty component, NUL
	ErrTooLong      = errors.New("name is too long for this file system")
	ErrBusy         = errors.New("open for writing elsewhere")
	ErrRootGone     = errors.New("folder root is missing or another one")
)

// OpenFile is an open regular file.
type OpenFile interface {
	io.Reader
	io.ReaderAt
	io.Closer
	// Stat returns the facts of the open file, whatever its name is by now.
	Stat() (Info, error)
}

// Reader looks at a folder.
type Reader interface {
	// Lstat returns the facts of a name.
	Lstat(name string) (Info, error)
	// ReadDir lists a directory with the facts of each name, in order of name.
	// Names that vanish meanwhile are left out; a name whose facts cannot be
	// read is an error of the whole call. The work directory is listed too.
	ReadDir(name string) ([]Info, error)
	// Open opens a regular file for reading. It never blocks on a FIFO and
	// never follows a link: ErrKind.
	Open(name string) (OpenFile, error)
	// ReadLink returns a symlink's text.
	ReadLink(name string) (string, error)
	// Busy reports whether some process has the file open for writing, as far
	// as the system can tell (Linux: a read lease cannot be had).
	Busy(name string) (bool, error)
	// Capabilities returns what Probe found, or what was assumed.
	Capabilities() Capabilities
	// Root returns the identity of the directory opened as root.
	Root() RootID
	// CheckRoot looks the root's path up again: ErrRootGone if it is missing or
	// another directory than the one opened.
	CheckRoot() error
	// Free returns the bytes an ordinary user can still write here.
	Free() (uint64, error)
}

// RootID tells one root from another.
type RootID struct{ Device, Inode uint64 }

// NewFile is a file being written in the work directory.
type NewFile interface {
	OpenFile
	io.WriterAt
	// CopyFrom fills [at, at+n) of this file with [from, from+n) of src, sharing
	// the extents where the file system can (reflink), else by
	// copy_file_range, else by reading and writing. It returns the bytes copied.
	CopyFrom(src OpenFile, from, at, n int64) (int64, error)
	Truncate(size int64) error
	// Chmod and Chtimes set permissions and modification time of the open file.
	Chmod(mode uint32) error
	Chtimes(mtime int64) error
	// Sync makes content and facts durable, but not the name. After an error
	// the content must be written anew: the pages may count as clean.
	Sync() error
}

// Writer changes a folder.
type Writer interface {
	Reader
	// Create makes a new file in the work directory, readable and writable by
	// its owner; an existing name is ErrExist.
	Create(name string) (NewFile, error)
	// OpenTemp opens an existing file of the work directory to go on writing.
	OpenTemp(name string) (NewFile, error)
	// Mkdir makes a directory with these permissions, or none; parents must exist.
	Mkdir(name string, mode uint32) error
	// Symlink makes a link with this text; an existing name is ErrExist.
	Symlink(text, name string) error
	// RenameNoReplace moves old to new; an existing new is ErrExist. Atomic
	// where Capabilities().NoReplace, else as near as the system allows.
	RenameNoReplace(old, new string) error
	// Exchange swaps two existing names atomically; ErrUnsupported where the
	// file system cannot.
	Exchange(a, b string) error
	// Rmdir removes an empty directory: ErrNotEmpty, ErrNotDirectory.
	Rmdir(name string) error
	// Remove removes a file or link inside the work directory; anywhere else
	// it refuses with ErrName.
	Remove(name string) error
	// Chmod sets permissions of a file or directory, never through a link.
	Chmod(name string, mode uint32) error
	// Chtimes sets a file's modification time, never through a link.
	Chtimes(name string, mtime int64) error
	// Inherit copies owner, ACL and extended attributes of the file at from
	// onto the work file to, as far as permitted; what is not is no error.
	Inherit(from, to string) error
	// SyncDir makes the entries of a directory durable.
	SyncDir(name string) error
	// SyncFile makes content and facts of the file at a name durable.
	SyncFile(name string) error
	Close() error
}

// Capabilities are what a folder's file system can do. Probe finds them by
// trying in the work directory.
type Capabilities struct {
	Exchange         bool          // atomic swap of two names
	NoReplace        bool          // atomic rename that refuses an existing target
	StableInodes     bool          // a file keeps its inode number while it exists
	Ctime            bool          // a change time the user cannot set
	MtimeGranularity time.Duration // smallest step of modification times that are set
	ClockStep        time.Duration // step of the times the system itself gives to a changed file
	CaseSensitive    bool
	UnicodeExact     bool // a name is kept in the form it was given (no NFD)
	Symlinks         bool
	Modes            bool // permission bits are kept, the executable bit among them
	Reflink          bool
	HardLinks        bool
	MaxName          int  // longest component in bytes
	Watchable        bool // file events reach us (not so on network file systems)
}
