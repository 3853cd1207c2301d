package memfs

import (
	"time"

	"github.com/labsync/labsync/internal/folderfs"
)

// Options of New. The zero value is a Linux disk.
type Options struct {
	// Capabilities is the personality; the zero value stands for Linux().
	Capabilities folderfs.Capabilities
	// ReservedNames refuses what Windows cannot hold.
	ReservedNames bool
	// FreshInodes never gives an inode number out again. By default the number
	// of a removed file is the next file's, as on ext4, so that whoever takes
	// the number for an identity is found out.
	FreshInodes bool
	// PageSize is the unit in which a crash tears content; 4096 by default.
	PageSize int
	// Capacity in bytes of content; 0 is without limit.
	Capacity int64
	// Clock gives the time in ns since 1970. By default each reading is a
	// millisecond after the one before.
	Clock func() int64
	// Hook is called before every operation of the Writer.
	Hook Hook
}

// Linux is ext4 without reflinks.
func Linux() folderfs.Capabilities {
	return folderfs.Capabilities{
		Exchange: true, NoReplace: true, StableInodes: true, Ctime: true,
		MtimeGranularity: time.Nanosecond, ClockStep: time.Nanosecond,
		CaseSensitive: true, UnicodeExact: true, Symlinks: true, Modes: true, HardLinks: true,
		MaxName: 255, Watchable: true,
	}
}

// MacOS is HFS+: case-preserving but insensitive, names decomposed (NFD).
func MacOS() folderfs.Capabilities {
	c := Linux()
	c.CaseSensitive, c.UnicodeExact = false, false
	return c
}

// Windows is NTFS as a user without the right to make links sees it.
func Windows() folderfs.Capabilities {
	c := Linux()
	c.Exchange, c.StableInodes, c.Ctime, c.CaseSensitive = false, false, false, false
	c.Symlinks, c.Modes, c.HardLinks = false, false, false
	c.MtimeGranularity, c.ClockStep = 100*time.Nanosecond, 100*time.Nanosecond
	return c
}

// FAT is a USB stick: no links, no modes, no exchange, times in steps of 2 s.
func FAT() folderfs.Capabilities {
	c := Windows()
	c.MtimeGranularity, c.ClockStep = 2*time.Second, 2*time.Second
	return c
}

// defaults fills in what was left out.
func (o Options) defaults() Options {
	if o.Capabilities == (folderfs.Capabilities{}) {
		o.Capabilities = Linux()
	}
	if o.PageSize <= 0 {
		o.PageSize = 4096
	}
	if o.Clock == nil {
		now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).UnixNano()
		o.Clock = func() int64 {
			now += int64(time.Millisecond)
			return now
		}
	}
	return o
}
