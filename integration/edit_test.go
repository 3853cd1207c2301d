package integration

import (
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
)

// The edits that a person or program makes in a node's folder. Names are
// slash-separated.

func (n *node) path(name string) string { return filepath.Join(n.folder, filepath.FromSlash(name)) }

// write makes or overwrites a file and the directories that it lies in.
func (n *node) write(name, text string) {
	n.t.Helper()
	n.must(os.MkdirAll(filepath.Dir(n.path(name)), 0o755))
	n.must(os.WriteFile(n.path(name), []byte(text), 0o644))
}

func (n *node) mkdir(name string) { n.t.Helper(); n.must(os.MkdirAll(n.path(name), 0o755)) }

func (n *node) remove(name string) { n.t.Helper(); n.must(os.RemoveAll(n.path(name))) }

func (n *node) rename(from, to string) { n.t.Helper(); n.must(os.Rename(n.path(from), n.path(to))) }

func (n *node) chmod(name string, mode fs.FileMode) {
	n.t.Helper()
	n.must(os.Chmod(n.path(name), mode))
}

func (n *node) stat(name string) (fs.FileInfo, error) { return os.Lstat(n.path(name)) }

func (n *node) symlink(target, name string) { n.t.Helper(); n.must(os.Symlink(target, n.path(name))) }

func (n *node) read(name string) string {
	n.t.Helper()
	text, err := os.ReadFile(n.path(name))
	n.must(err)
	return string(text)
}

// holds reports whether a file exists and has just this content.
func (n *node) holds(name, text string) bool {
	found, err := os.ReadFile(n.path(name))
	return err == nil && string(found) == text
}

func (n *node) exists(name string) bool {
	_, err := n.stat(name)
	return err == nil
}

// Write writes a file in the folder of node i.
func (c *Cluster) Write(i int, name, text string) { c.t.Helper(); c.nodes[i].write(name, text) }

// noise returns bytes that do not compress, the same for the same seed.
func noise(seed uint64, size int) []byte {
	b := make([]byte, size)
	fillNoise(seed, b)
	return b
}

func fillNoise(seed uint64, b []byte) {
	var key [32]byte
	copy(key[:], fmt.Sprint(seed))
	rand.NewChaCha8(key).Read(b)
}

// saveNoise writes a file elsewhere and renames it into the folder, so that it is
// never seen half written.
func (n *node) saveNoise(name string, seed uint64, size int64) {
	n.t.Helper()
	aside := filepath.Join("..", filepath.Base(n.folder)+".aside")
	n.writeNoise(aside, seed, size)
	n.must(os.MkdirAll(filepath.Dir(n.path(name)), 0o755))
	n.rename(aside, name)
}

// save writes a file as saveNoise does.
func (n *node) save(name, text string) {
	n.t.Helper()
	aside := filepath.Join("..", filepath.Base(n.folder)+".aside")
	n.write(aside, text)
	n.must(os.MkdirAll(filepath.Dir(n.path(name)), 0o755))
	n.rename(aside, name)
}

// writeNoise writes a file of the size without holding it in memory.
func (n *node) writeNoise(name string, seed uint64, size int64) {
	n.t.Helper()
	n.must(os.MkdirAll(filepath.Dir(n.path(name)), 0o755))
	file, err := os.Create(n.path(name))
	n.must(err)
	defer file.Close()
	var key [32]byte
	copy(key[:], fmt.Sprint(seed))
	source, buf := rand.NewChaCha8(key), make([]byte, 1<<20)
	for size > 0 {
		part := buf[:min(size, int64(len(buf)))]
		source.Read(part)
		_, err := file.Write(part)
		n.must(err)
		size -= int64(len(part))
	}
}
