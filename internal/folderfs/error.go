package folderfs

import (
	"errors"
	"io/fs"
	"os"
	"strconv"
	"syscall"
)

// Error is a failed operation on a folder. It matches, by errors.Is, the
// error of this package or of io/fs that says what it means, and the error
// number of the operating system, where there is one.
type Error struct {
	Op   string // "rename", "open", ...
	Name string // as the caller gave it; "" is the root
	To   string // second name of a rename or exchange, else ""
	Err  error

	sentinel error // what Err means, nil if Err says it itself
}

// NewError wraps err with the operation and its names, in place of those it
// names itself; nil stays nil. It is for implementations of Reader and Writer.
func NewError(op, name, to string, err error) error {
	if err == nil {
		return nil
	}
	switch e := err.(type) {
	case *Error:
		err = e.cause()
	case *fs.PathError:
		err = e.Err
	case *os.LinkError:
		err = e.Err
	case *os.SyscallError:
		err = e.Err
	}
	return &Error{Op: op, Name: name, To: to, Err: err, sentinel: meaning(err)}
}

func (e *Error) Error() string {
	text := e.Op + " "
	if e.Name == "" {
		text += "folder root"
	} else {
		text += strconv.Quote(e.Name)
	}
	if e.To != "" {
		text += " to " + strconv.Quote(e.To)
	}
	if e.sentinel != nil {
		return text + ": " + e.sentinel.Error()
	}
	return text + ": " + e.Err.Error()
}

// Unwrap returns the meaning and the cause.
func (e *Error) Unwrap() []error {
	if e.sentinel != nil {
		return []error{e.sentinel, e.Err}
	}
	return []error{e.Err}
}

// cause is the error without operation and names, meaning kept.
func (e *Error) cause() error {
	if e.sentinel == nil {
		return e.Err
	}
	return means{e.sentinel, e.Err}
}

// means says what an error number stands for where the number alone does not
// tell: ELOOP is ErrKind for the last component and ErrNotDirectory before.
type means struct{ sentinel, err error }

func (m means) Error() string   { return m.sentinel.Error() }
func (m means) Unwrap() []error { return []error{m.sentinel, m.err} }

// meaning returns the error of this package that an error number stands for,
// nil if err is no number, says it already, or io/fs has the word.
func meaning(err error) error {
	if _, ok := err.(means); ok {
		return nil
	}
	number, ok := errors.AsType[syscall.Errno](err)
	if !ok {
		return nil
	}
	return meaningOf(number)
}

func isNotExist(err error) bool   { return errors.Is(err, fs.ErrNotExist) }
func isPermission(err error) bool { return errors.Is(err, fs.ErrPermission) }
