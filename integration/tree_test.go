package integration

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Tree is what a folder holds, by slash-separated name.
type Tree map[string]Object

// Object is a file, directory or symbolic link as far as it is to be the same
// on every device: the time of a directory or link is not.
type Object struct {
	Kind    fs.FileMode // type bits
	Perm    fs.FileMode // of files and directories
	ModTime time.Time   // of files
	Sum     [sha256.Size]byte
	Target  string // of links
}

// workDir is labsync's own directory in a folder.
const workDir = ".labsync"

// sums remembers the hashes of files, so that waiting for big trees to be equal
// reads each file once.
type sums struct{ known map[string]sum }

type sum struct {
	info fs.FileInfo
	sum  [sha256.Size]byte
}

func newSums() *sums { return &sums{known: map[string]sum{}} }

// of returns the hash of a file that the caller has just looked at.
func (s *sums) of(path string, info fs.FileInfo) (out [sha256.Size]byte, err error) {
	if k, ok := s.known[path]; ok && os.SameFile(k.info, info) && k.info.Size() == info.Size() && k.info.ModTime().Equal(info.ModTime()) {
		return k.sum, nil
	}
	file, err := os.Open(path)
	if err != nil {
		return out, err
	}
	defer file.Close()
	h := sha256.New()
	if _, err := io.Copy(h, file); err != nil {
		return out, err
	}
	h.Sum(out[:0])
	// A file of just now may change once more within the clock's grain.
	if time.Since(info.ModTime()) > time.Second {
		s.known[path] = sum{info, out}
	}
	return out, nil
}

// walk reads a tree. It fails with fs.ErrNotExist if the tree changes under it.
func (s *sums) walk(root string) (Tree, error) {
	tree := Tree{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || path == root {
			return err
		}
		name, _ := filepath.Rel(root, path)
		if name == workDir {
			return filepath.SkipDir
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		o := Object{Kind: info.Mode().Type()}
		switch {
		case info.IsDir():
			o.Perm = info.Mode().Perm()
		case o.Kind == fs.ModeSymlink:
			o.Target, err = os.Readlink(path)
		case o.Kind == 0:
			o.Perm, o.ModTime = info.Mode().Perm(), info.ModTime()
			o.Sum, err = s.of(path, info)
		}
		tree[filepath.ToSlash(name)] = o
		return err
	})
	return tree, err
}

// difference lists what two trees differ in; "" if they are equal.
func difference(a, b Tree) string {
	const most = 8
	names := maps.Clone(a)
	maps.Copy(names, b)
	var out []string
	for _, name := range slices.Sorted(maps.Keys(names)) {
		x, inA := a[name]
		y, inB := b[name]
		if inA && inB && x.ModTime.Equal(y.ModTime) {
			y.ModTime = x.ModTime
		}
		if inA != inB || x != y {
			out = append(out, fmt.Sprintf("%q: %s / %s", name, describe(x, inA), describe(y, inB)))
		}
	}
	if len(out) > most {
		out = append(out[:most], fmt.Sprintf("and %d more", len(out)-most))
	}
	return strings.Join(out, "\n")
}

func describe(o Object, exists bool) string {
	switch {
	case !exists:
		return "missing"
	case o.Kind == fs.ModeSymlink:
		return "link to " + o.Target
	case o.Kind == 0:
		return fmt.Sprintf("file %x %v %v", o.Sum[:4], o.Perm, o.ModTime.Format("15:04:05.000000000"))
	}
	return (o.Kind | o.Perm).String()
}

// Tree reads the tree of node i.
func (c *Cluster) Tree(i int) Tree {
	c.t.Helper()
	for {
		tree, err := c.sums.walk(c.nodes[i].folder)
		if errors.Is(err, fs.ErrNotExist) {
			continue // something was just moved
		}
		c.nodes[i].must(err)
		return tree
	}
}

// AwaitTree waits until every node that runs holds the tree.
func (c *Cluster) AwaitTree(want Tree) {
	c.t.Helper()
	c.awaitTrees(func(Tree) Tree { return want })
}

// AwaitEqual waits until all nodes that run hold the same tree and none needs
// anything, and returns the tree.
func (c *Cluster) AwaitEqual() Tree {
	c.t.Helper()
	return c.awaitTrees(func(first Tree) Tree { return first })
}

// awaitTrees waits until the nodes agree and each holds the tree that want
// makes of the first one's.
func (c *Cluster) awaitTrees(want func(Tree) Tree) Tree {
	c.t.Helper()
	deadline := time.Now().Add(3 * patience)
	for {
		c.awaitAgreed(deadline.Add(patience)) // the trees say more about what is wrong
		first, differ := Tree(nil), ""
		for i, n := range c.nodes {
			if !n.running() {
				continue
			}
			tree := c.Tree(i)
			if first == nil {
				first = tree
			}
			if d := difference(want(first), tree); d != "" {
				differ = fmt.Sprintf("%s has (wanted / found):\n%s", n.name, d)
				break
			}
		}
		if differ == "" {
			return first
		}
		if time.Now().After(deadline) {
			c.t.Fatalf("the trees are not as wanted: %s", differ)
		}
		c.awaitSomething()
	}
}
