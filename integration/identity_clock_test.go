//go:build unix

package integration

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/labsync/labsync/internal/api"
)

// wrongClock is a clock that the tests set; see internal/fault.
type wrongClock struct{ file string }

func newWrongClock(t *testing.T) wrongClock { return wrongClock{filepath.Join(t.TempDir(), "shift")} }

func (w wrongClock) set(n *node, shift string) {
	n.t.Helper()
	n.must(os.WriteFile(w.file, []byte(shift), 0o600))
}

func (w wrongClock) point() string { return "clock=shift:" + w.file }

// clockProblem is what status says of the clock, "" for nothing.
func (n *node) clockProblem() string {
	n.t.Helper()
	for _, p := range n.status().Errors {
		if p.Code == "clock-wrong" {
			return p.Text
		}
	}
	return ""
}

const (
	to1970 = "-496000h" // some 56 years
	to2090 = "561000h"
)

// TestAWrongClockKeepsNothingFromBeingSynchronised starts a device at 1970, and
// sets its clock to 2090 and back while it runs. Both devices take whatever the
// other makes, a later edit replaces an earlier one, and status says so.
func TestAWrongClockKeepsNothingFromBeingSynchronised(t *testing.T) {
	t.Parallel()
	c := NewCluster(t, 2, options{})
	for _, name := range []string{"a", "b"} {
		c.Write(0, name, "1")
	}
	c.AwaitTree(c.Tree(0))
	n, other := c.nodes[1], c.nodes[0]
	other.write("made before", "x")
	w := newWrongClock(t)
	w.set(n, to1970)
	c.restart(1, w.point())
	n.checkSentence(n.clockProblem(), "19", "set it")
	n.tellsOf("clock-wrong", "19", "set it")
	c.AwaitEqual()
	step := func(what string) {
		t.Helper()
		t.Log(what)
		n.write("a", "by the wrong clock, "+what)
		c.AwaitTree(c.Tree(1))
		other.write("a", "after it, "+what)
		other.write("new "+what, "x")
		c.AwaitTree(c.Tree(0))
		n.write("of "+what, "x")
		n.remove("new " + what)
		c.AwaitTree(c.Tree(1))
		if f := n.folderStatus(); f.Conflicts != 0 || len(f.Errors) != 0 {
			t.Errorf("%s: %d conflicts, problems %v", what, f.Conflicts, f.Errors)
		}
		if f := other.folderStatus(); f.Conflicts != 0 || len(f.Errors) != 0 {
			t.Errorf("%s: beside it %d conflicts, problems %v", what, f.Conflicts, f.Errors)
		}
	}
	step("1970")
	w.set(n, to2090)
	n.await("status to say that the clock is ahead", func() bool { return n.clockProblem() != "" && n.clockProblem() != n.told("clock-wrong")[0] })
	n.checkSentence(n.clockProblem(), "20", "set it")
	step("2090")
	w.set(n, "0s")
	n.await("the problem to go", func() bool { return n.clockProblem() == "" })
	step("now")
	w.set(n, "-20000h")
	step("two years ago")
	c.restart(1, "")
	step("at last")

	// Apart, none of them overwrites what it does not know.
	c.Stop(1)
	other.write("b", "2")
	other.await("the edit to be recorded", func() bool { return c.device(0, 1).NeedFiles >= 1 })
	c.Stop(0)
	w.set(n, to1970)
	n.env = []string{faultVariable + "=" + w.point()}
	n.start()
	n.write("b", "3")
	n.awaitFolder("the folder to be at rest", func(f *api.Folder) bool { return f.State == api.FolderIdle })
	c.Start(0)
	c.checkTexts("2", "3")
	c.checkVectors()
}
