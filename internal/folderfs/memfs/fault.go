package memfs

import (
	"errors"
	"fmt"

	"github.com/labsync/labsync/internal/folderfs"
)

// Op names an operation of the Writer or of a file it opened.
type Op string

// The operations a Hook sees.
const (
	OpLstat     Op = "lstat"
	OpReadDir   Op = "read directory"
	OpOpen      Op = "open"
	OpRead      Op = "read"
	OpStat      Op = "stat"
	OpReadLink  Op = "read link"
	OpBusy      Op = "ask for writers of"
	OpCheckRoot Op = "check root"
	OpFree      Op = "free space"
	OpCreate    Op = "create"
	OpWrite     Op = "write"
	OpCopy      Op = "copy to"
	OpTruncate  Op = "truncate"
	OpClose     Op = "close"
	OpMkdir     Op = "make directory"
	OpSymlink   Op = "make symlink"
	OpRename    Op = "rename"
	OpExchange  Op = "exchange"
	OpRmdir     Op = "remove directory"
	OpRemove    Op = "remove"
	OpChmod     Op = "chmod"
	OpChtimes   Op = "set time of"
	OpInherit   Op = "copy owner and attributes of"
	OpSync      Op = "sync"
	OpSyncDir   Op = "sync directory"
)

// Changes reports whether an operation changes what a crash can leave behind.
func (o Op) Changes() bool {
	switch o {
	case OpCreate, OpWrite, OpCopy, OpTruncate, OpMkdir, OpSymlink, OpRename, OpExchange,
		OpRmdir, OpRemove, OpChmod, OpChtimes, OpInherit, OpSync, OpSyncDir:
		return true
	default:
		return false
	}
}

// ErrDead is for a Hook to return to a process that has died: nothing of what it
// still asks for happens.
var ErrDead = errors.New("the process has died")

// Hook is called before an operation with the name it acts on (the first of
// two; for an open file, the one it was opened by). If it returns an error the
// operation fails with it and does nothing, but for two cases: a failed sync
// forgets what it should have written, and ShortWrite writes a part. Error
// numbers (syscall.EIO, ...) are given the meaning they have on a disk.
type Hook func(op Op, name string) error

// ShortWrite makes a write or copy stop after N bytes with Err, as a disk that
// fills up does.
type ShortWrite struct {
	N   int64
	Err error
}

func (s *ShortWrite) Error() string { return fmt.Sprintf("short write of %d bytes: %v", s.N, s.Err) }

// Unwrap returns Err.
func (s *ShortWrite) Unwrap() error { return s.Err }

// SetHook replaces Options.Hook; nil takes it away.
func (f *FS) SetHook(hook Hook) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.opts.Hook = hook
}

// ask calls the hook.
func (f *FS) ask(op Op, name string) error {
	f.mu.Lock()
	hook := f.opts.Hook
	f.mu.Unlock()
	if hook == nil {
		return nil
	}
	return hook(op, name)
}

// do runs one operation of the Writer: the hook first, then the body under the
// lock, its error named.
func (f *FS) do(op Op, name, to string, body func() error) error {
	err := f.ask(op, name)
	if err == nil {
		f.mu.Lock()
		defer f.mu.Unlock()
		if err = f.alive(); err == nil {
			err = body()
		}
	}
	return folderfs.NewError(string(op), name, to, err)
}
