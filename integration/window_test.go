package integration

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// faultVariable names the failpoints of a daemon; see internal/fault.
const faultVariable = "LABSYNC_FAULT"

// restart starts the daemon of node i anew with these failpoints, "" for none.
func (c *Cluster) restart(i int, points string) {
	c.t.Helper()
	if c.nodes[i].running() {
		c.Stop(i)
	}
	c.nodes[i].env = nil
	if points != "" {
		c.nodes[i].env = []string{faultVariable + "=" + points}
	}
	c.Start(i)
}

// standstill is a failpoint at which a daemon waits.
type standstill struct{ file string }

// standAt starts the daemon of node i anew, to stand still when it comes to a
// failpoint for the first time.
func (c *Cluster) standAt(i int, point string) standstill {
	c.t.Helper()
	s := standstill{filepath.Join(c.t.TempDir(), "go-on")}
	c.restart(i, point+"=pause:"+s.file)
	return s
}

// await waits until the node stands there. It returns false if the node has
// taken the two halves of a rename, of what was old, for a deletion and a new
// file.
func (s standstill) await(n *node, old os.FileInfo) (stands bool) {
	n.t.Helper()
	n.await("the failpoint to be reached", func() bool {
		_, err := os.Stat(s.file + ".reached")
		stands = err == nil
		renamed, err := os.Lstat(n.path("d/renamed"))
		return stands || err == nil && !n.exists("d/name") && !os.SameFile(old, renamed)
	})
	return stands
}

func (s standstill) release(n *node) { n.t.Helper(); n.must(os.WriteFile(s.file, nil, 0o600)) }

// texts are the contents of all files of a tree.
func (n *node) texts(tree Tree) map[string]string {
	n.t.Helper()
	out := map[string]string{}
	for name, o := range tree {
		if o.Kind == 0 {
			out[n.read(name)] = name
		}
	}
	return out
}

// checkTexts checks that every device has all of the contents at some path.
func (c *Cluster) checkTexts(want ...string) {
	c.t.Helper()
	tree := c.AwaitEqual()
	for _, n := range c.nodes {
		found := n.texts(tree)
		for _, text := range want {
			if _, ok := found[text]; !ok {
				c.t.Errorf("%s has lost %q; there are %v", n.name, text, found)
			}
		}
	}
}

// window is a moment in which the receiver changes a file that somebody saves.
type window struct {
	name  string
	point string
	from  func(n *node) // what both begin with, made on the sender
	sent  func(n *node) // the sender's change
	saved func(n *node) // what happens at the receiver while it stands at the point
	want  []string      // contents that exist afterwards
}

const (
	oldText   = "what both had"
	sentText  = "what was sent"
	savedText = "what was saved in that moment"
)

func hasOld(n *node)       { n.t.Helper(); n.write("d/name", oldText) }
func saveInPlace(n *node)  { n.t.Helper(); n.write("d/name", savedText) }
func saveByRename(n *node) { n.t.Helper(); n.save("d/name", savedText) }
func sendEdit(n *node)     { n.t.Helper(); n.save("d/name", sentText) }
func sendDelete(n *node)   { n.t.Helper(); n.remove("d/name") }
func sendRename(n *node)   { n.t.Helper(); n.rename("d/name", "d/renamed") }
func touchNothing(*node)   {}

// windows are all failpoints before, between and after a check and what it is
// for, each with a save there.
func windows() []window {
	both := []string{sentText, savedText}
	return []window{
		{"create, saved at the same name", "pull.create", touchNothing, sendEdit, saveInPlace, both},
		{"create, a directory made at the same name", "pull.create", touchNothing, sendEdit, func(n *node) { n.write("d/name/inner", savedText) }, both},
		{"create of a directory, a file saved at its name", "pull.create", touchNothing, func(n *node) { n.write("d/name", sentText) }, func(n *node) { n.save("d", savedText) }, both},
		{"replace, saved in place", "pull.exchange", hasOld, sendEdit, saveInPlace, both},
		{"replace, saved by rename", "pull.exchange", hasOld, sendEdit, saveByRename, both},
		{"replace, appended to", "pull.exchange", hasOld, sendEdit, func(n *node) { n.extend("d/name", " and more") }, []string{sentText, oldText + " and more"}},
		{"replace, moved away", "pull.exchange", hasOld, sendEdit, func(n *node) { n.rename("d/name", "kept") }, []string{sentText, oldText}},
		{"replace, deleted", "pull.exchange", hasOld, sendEdit, func(n *node) { n.remove("d/name") }, []string{sentText}},
		{"replace, a directory in its place", "pull.exchange", hasOld, sendEdit, func(n *node) { n.remove("d/name"); n.write("d/name/inner", savedText) }, both},
		{"replace, saved over what was just placed", "pull.exchanged", hasOld, sendEdit, saveByRename, []string{savedText}},
		{"delete, saved in place", "pull.delete", hasOld, sendDelete, saveInPlace, []string{savedText}},
		{"delete, saved by rename", "pull.delete", hasOld, sendDelete, saveByRename, []string{savedText}},
		{"delete, saved at the name that is just free", "pull.taken", hasOld, sendDelete, saveInPlace, []string{savedText}},
		{"rename, saved in place at the old name", "pull.move", hasOld, sendRename, saveInPlace, []string{savedText}},
		{"rename, saved by rename at the old name", "pull.move", hasOld, sendRename, saveByRename, []string{savedText}},
		{"rename, saved at the new name", "pull.move", hasOld, sendRename, func(n *node) { n.write("d/renamed", savedText) }, []string{oldText, savedText}},
		{"rename, saved at the old name after it", "pull.moved", hasOld, sendRename, saveInPlace, []string{oldText, savedText}},
		{"rename, saved at the new name after it", "pull.moved", hasOld, sendRename, func(n *node) { n.write("d/renamed", savedText) }, []string{savedText}},
		{"rmdir, a file made in it", "pull.rmdir", func(n *node) { n.mkdir("d") }, func(n *node) { n.remove("d") }, func(n *node) { n.write("d/name", savedText) }, []string{savedText}},
		{"attributes, saved in place", "pull.meta", hasOld, func(n *node) { n.chmod("d/name", 0o600) }, saveInPlace, []string{savedText}},
		{"attributes, saved by rename", "pull.meta", hasOld, func(n *node) { n.chmod("d/name", 0o600) }, saveByRename, []string{savedText}},
	}
}

// TestASaveInTheWindowIsKept lets the receiver stand where it has looked at a
// name and not touched it yet, or touched it and not looked again, and saves a
// file there. In every second run it is killed at that point.
func TestASaveInTheWindowIsKept(t *testing.T) {
	t.Parallel()
	for _, w := range windows() {
		for _, killed := range []bool{false, true} {
			name := w.name
			if killed {
				name += ", then killed"
			}
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				c, still := w.begin(t)
				w.saved(c.nodes[1])
				if killed {
					c.Kill(1)
					c.restart(1, "")
				} else {
					still.release(c.nodes[1])
				}
				c.checkTexts(w.want...)
				for _, n := range c.nodes {
					if f := n.folderStatus(); len(f.Errors) > 0 {
						t.Errorf("%s has problems afterwards: %v", n.name, f.Errors)
					}
				}
			})
		}
	}
}

// begin returns a cluster whose node 1 stands at the point.
func (w *window) begin(t *testing.T) (*Cluster, standstill) {
	t.Helper()
	for {
		c := NewCluster(t, 2, options{})
		w.from(c.nodes[0])
		c.AwaitEqual()
		still := c.standAt(1, w.point)
		old, err := os.Lstat(c.nodes[1].path("d/name"))
		if err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
		w.sent(c.nodes[0])
		if still.await(c.nodes[1], old) {
			return c, still
		}
		t.Log("the rename came in two halves, which is none")
	}
}

// pullPoints are the failpoints of sync/pull.
var pullPoints = []string{
	"pull.temp.sync", "pull.begun", "pull.create", "pull.exchange", "pull.exchanged", "pull.delete", "pull.taken",
	"pull.rmdir", "pull.move", "pull.moved", "pull.meta", "pull.placed", "pull.durable", "pull.committed",
}

// TestAReceiverMayDieOrFailAtEveryFailpoint lets the receiver die, or a call
// fail, at each failpoint of a group of all kinds of steps. Nobody saves anything
// there, so both have to agree on the sender's tree, with the old bytes kept.
func TestAReceiverMayDieOrFailAtEveryFailpoint(t *testing.T) {
	t.Parallel()
	actions := []string{"kill", "error:EIO", "error:ENOSPC"}
	for i, point := range pullPoints {
		if raceEnabled && i%4 != 0 {
			continue // all of them take minutes; ".ci/run storm" has the whole list
		}
		for _, action := range actions[:sized(2, 3)] {
			t.Run(point+" "+action, func(t *testing.T) {
				t.Parallel()
				c := NewCluster(t, 2, options{})
				a, b := c.nodes[0], c.nodes[1]
				for _, name := range []string{"edited", "deleted", "renamed", "attributes"} {
					a.write("d/"+name, name)
				}
				a.mkdir("d/emptied")
				c.AwaitEqual()
				c.restart(1, point+"="+action+"@1")
				a.save("d/edited", sentText)
				a.save("d/new", sentText+" too")
				a.remove("d/deleted")
				a.rename("d/renamed", "d/moved")
				a.chmod("d/attributes", 0o600)
				a.remove("d/emptied")
				if action == "kill" {
					<-b.ended
					b.gone()
					c.restart(1, "")
				}
				c.AwaitTree(c.Tree(0))
				kept := slices.Collect(maps.Values(b.aside()))
				for _, text := range []string{"edited", "deleted"} {
					if !slices.Contains(kept, text) {
						t.Errorf("the old bytes %q are not kept; there are %q", text, kept)
					}
				}
				b.awaitNoProblem()
			})
		}
	}
}

// aside returns the contents that labsync has put out of the way, by path below
// the work directory.
func (n *node) aside() map[string]string {
	n.t.Helper()
	out := map[string]string{}
	for _, part := range []string{"displaced", "recovered"} {
		dir := filepath.Join(n.folder, workDir, part)
		list, err := os.ReadDir(dir)
		if os.IsNotExist(err) {
			continue
		}
		n.must(err)
		for _, d := range list {
			if !d.Type().IsRegular() {
				continue
			}
			text, err := os.ReadFile(filepath.Join(dir, d.Name()))
			n.must(err)
			out[part+"/"+d.Name()] = string(text)
		}
	}
	return out
}

// extend appends to a file.
func (n *node) extend(name, text string) {
	n.t.Helper()
	file, err := os.OpenFile(n.path(name), os.O_APPEND|os.O_WRONLY, 0)
	n.must(err)
	_, err = file.WriteString(text)
	n.must(err)
	n.must(file.Close())
}
