//go:build unix

package integration

import (
	"fmt"
	"math"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// touch sets a modification time, also one that does not fit in an int64 of ns,
// which os.Chtimes cannot.
func (n *node) touch(name string, at time.Time) {
	n.t.Helper()
	ts, err := unix.TimeToTimespec(at)
	n.must(err)
	n.must(unix.UtimesNanoAt(unix.AT_FDCWD, n.path(name), []unix.Timespec{ts, ts}, 0))
	if info, err := n.stat(name); err != nil || !info.ModTime().Equal(at) {
		n.t.Skipf("this file system keeps no time of %d: %v", at.Year(), err)
	}
}

func TestTimesOfAllYearsTravel(t *testing.T) {
	t.Parallel()
	c := NewCluster(t, 2, options{})
	latest := time.Unix(0, math.MaxInt64) // stands for all that is later
	times := map[string]time.Time{}
	for _, year := range []int{1969, 2038, 2106, 2262, 2399} {
		name, at := fmt.Sprint(year), time.Date(year, 4, 11, 12, 0, 0, 5, time.UTC)
		times[name] = at
		c.Write(0, name, name)
		c.nodes[0].touch(name, at)
	}
	for name, at := range times {
		if at.After(latest) {
			at = latest
		}
		c.nodes[1].await("the file of "+name, func() bool {
			info, err := c.nodes[1].stat(name)
			return err == nil && info.ModTime().Equal(at) && c.nodes[1].holds(name, name)
		})
	}
	// No side takes the other's time for a change, whoever looks again.
	for i, n := range c.nodes {
		n.cli("folder", "rescan", folderID)
		n.write([]string{"after0", "after1"}[i], "passes all that was found before")
	}
	c.awaitAgreed(time.Now().Add(patience))
	c.nodes[0].await("a later file", func() bool { return c.nodes[0].exists("after1") })
	for name, at := range times {
		if info, err := c.nodes[0].stat(name); err != nil || !info.ModTime().Equal(at) {
			t.Errorf("the time of %s came back changed: %v, %v", name, info, err)
		}
	}
	for _, n := range c.nodes {
		if f := n.folderStatus(); len(f.Errors) > 0 || f.Conflicts > 0 {
			t.Errorf("%s: problems %v and %d conflicts, want none", n.name, f.Errors, f.Conflicts)
		}
	}
}
