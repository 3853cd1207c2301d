package integration

import (
	"fmt"
	"testing"
	"time"
)

// TestAnEditRightAfterABigMoveArrives moves a directory of ten thousand files
// into the folder and edits one in it before anything can watch it. No
// periodic scan would find the edit later.
func TestAnEditRightAfterABigMoveArrives(t *testing.T) {
	c := NewCluster(t, 2, options{})
	n := c.nodes[0]
	const dirs, files = 100, 100
	for d := range dirs {
		for f := range files {
			name := fmt.Sprintf("d%02d/e/f%02d", d, f)
			n.write("../prepared/"+name, name+" as moved")
		}
	}
	const edited = "moved/d73/e/f42"
	begin := time.Now()
	n.rename("../prepared", "moved")
	n.write(edited, "as edited")
	if took := time.Since(begin); took > 50*time.Millisecond {
		t.Fatalf("the edit came %v after the move, which shows nothing", took)
	}
	c.AwaitTree(c.Tree(0))
	if got := c.nodes[1].read(edited); got != "as edited" {
		t.Errorf("%s is %q on the other device", edited, got)
	}
	// The directories are watched now, all of them.
	for d := range dirs {
		n.write(fmt.Sprintf("moved/d%02d/e/late", d), "late")
	}
	c.AwaitTree(c.Tree(0))
}
