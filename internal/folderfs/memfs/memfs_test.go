package memfs_test

import (
	"io"
	"testing"
	"time"

	"github.com/labsync/labsync/internal/folderfs"
	"github.com/labsync/labsync/internal/folderfs/fstest"
	"github.com/labsync/labsync/internal/folderfs/memfs"
)

// user adapts memfs.User to the suite.
type user struct{ memfs.User }

func (user) Fifo(string) error { return folderfs.ErrUnsupported }

func (u user) Hold(name string) (io.WriteCloser, error) { return u.User.Hold(name) }

func prepared(t testing.TB, opts memfs.Options) *memfs.FS {
	t.Helper()
	f := memfs.New(opts)
	if err := f.Prepare(); err != nil {
		t.Fatal(err)
	}
	return f
}

// without is Linux that lacks something.
func without(change func(c *folderfs.Capabilities)) memfs.Options {
	c := memfs.Linux()
	change(&c)
	return memfs.Options{Capabilities: c}
}

func TestFolder(t *testing.T) {
	for _, one := range []struct {
		says string
		opts memfs.Options
	}{
		{"Linux", memfs.Options{}},
		{"tiny pages", memfs.Options{PageSize: 3}},
		{"macOS", memfs.Options{Capabilities: memfs.MacOS()}},
		{"Windows", memfs.Options{Capabilities: memfs.Windows(), ReservedNames: true}},
		{"FAT", memfs.Options{Capabilities: memfs.FAT(), ReservedNames: true}},
		{"no exchange", without(func(c *folderfs.Capabilities) { c.Exchange = false })},
		{"no noreplace", without(func(c *folderfs.Capabilities) { c.NoReplace = false })},
		{"no stable inodes", without(func(c *folderfs.Capabilities) { c.StableInodes = false })},
		{"no ctime", without(func(c *folderfs.Capabilities) { c.Ctime = false })},
		{"no case", without(func(c *folderfs.Capabilities) { c.CaseSensitive = false })},
		{"decomposed names", without(func(c *folderfs.Capabilities) { c.UnicodeExact = false })},
		{"no symlinks", without(func(c *folderfs.Capabilities) { c.Symlinks = false })},
		{"no modes", without(func(c *folderfs.Capabilities) { c.Modes = false })},
		{"no hard links", without(func(c *folderfs.Capabilities) { c.HardLinks = false })},
		{"short names", without(func(c *folderfs.Capabilities) { c.MaxName = 143 })},
		{"coarse times", without(func(c *folderfs.Capabilities) {
			c.MtimeGranularity, c.ClockStep = time.Second, time.Second
		})},
	} {
		t.Run(one.says, func(t *testing.T) {
			fstest.Run(t, func(t *testing.T) fstest.Fixture {
				f := prepared(t, one.opts)
				return fstest.Fixture{Writer: f, User: user{f.User()}}
			})
		})
	}
}
