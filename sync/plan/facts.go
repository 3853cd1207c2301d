package plan

import (
	"github.com/labsync/labsync/conflict"
	"github.com/labsync/labsync/index"
)

// Direction is which changes a folder takes part in on this device.
type Direction uint8

// The directions of a folder.
const (
	SendReceive Direction = iota
	SendOnly              // changes of others are not placed here
	ReceiveOnly           // changes made here are not announced
)

// Limits are what the folder's file system cannot do.
type Limits struct {
	NoSymlinks bool
	MaxName    int   // longest component in bytes, 0 for no limit
	NoModes    bool  // permission bits are not kept
	TimeStep   int64 // modification times are kept in steps of so many ns; 0 is 1
}

// SameMeta reports whether a file system with these limits may show the one
// entry with the attributes of the other. Some round times down, others up, so
// any two that are less than a step apart may.
func (l Limits) SameMeta(e, f *index.Entry) bool {
	switch {
	case e.Type == index.Symlink:
		return true
	case e.Mode != f.Mode && !l.NoModes:
		return false
	}
	apart := e.Mtime - f.Mtime
	return e.Type == index.Directory || max(apart, -apart) < max(l.TimeStep, 1)
}

// Facts are what a decision about one name is made from.
type Facts struct {
	State index.State
	// From is the state of the winner's RenamedFrom, if it has one.
	From *index.State
	// Differs are versions that were compared byte by byte with what is held
	// and found to differ.
	Differs []index.Version

	// Nowhere are contents that cannot be had. Heads of which no device has one at
	// the path do not count.
	Nowhere []index.Hash

	// Patient says that more announcements may be on their way: the new name of
	// a rename waits for the deletion of the old one.
	Patient bool

	Direction Direction
	Ignored   bool // an ignore rule matches the name here
	Limits    Limits
	Author    Names
}

// Names tells who a replica stands for; nil knows nobody.
type Names func(index.Replica) conflict.Author

func (f *Facts) author(r index.Replica) conflict.Author {
	if f.Author == nil {
		return conflict.Author{}
	}
	return f.Author(r)
}
