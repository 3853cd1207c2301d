//go:build unix

package integration

import (
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestWhatCannotBeSyncedIsAProblemOfItsName puts all kinds of things into a
// folder beside a file, which has to arrive all the same.
func TestWhatCannotBeSyncedIsAProblemOfItsName(t *testing.T) {
	t.Parallel()
	c := NewCluster(t, 2, options{})
	n := c.nodes[0]
	type problem struct{ name, path, code, word string }
	problems := []problem{
		{"a pipe", "pipe", "not-a-file", "pipe"},
		{"a socket", "sock", "not-a-file", "socket"},
		{"a name that is not UTF-8", "bad\uFFFDname", "not-utf8", "UTF-8"},
	}
	n.must(syscall.Mkfifo(n.path("pipe"), 0o644))
	// A socket's path is short: the folder is the working directory for it.
	listener, err := net.Listen("unix", shortPath(t, n.folder, "sock"))
	n.must(err)
	defer listener.Close()
	n.must(os.WriteFile(n.path("bad\xffname"), []byte("x"), 0o644))
	if syscall.Mknod(n.path("device"), syscall.S_IFCHR|0o600, 1<<8|3) == nil {
		problems = append(problems, problem{"a device", "device", "not-a-file", "device"})
	}
	deep := strings.Repeat(strings.Repeat("d", 200)+"/", 21) // each part fits, the whole does not
	if mkdirDeep(n.folder, deep) == nil {
		defer removeDeep(n.folder, strings.Split(deep, "/")[0])
		problems = append(problems, problem{"a too long path", "", "name-too-long", "shorten"})
	}
	n.write("good", "arrives")
	c.nodes[1].await("the file beside them", func() bool { return c.nodes[1].holds("good", "arrives") })
	for _, p := range problems {
		t.Logf("%s", p.name)
		if p.path != "" {
			n.awaitProblem(p.path, p.code, p.word)
			continue
		}
		n.await("problem "+p.code, func() bool {
			for _, found := range n.folderStatus().Errors {
				if found.Code == p.code {
					n.checkSentence(found.Text, p.word)
					return true
				}
			}
			return false
		})
	}
	for name := range c.Tree(1) {
		if name != "good" && !strings.HasPrefix(name, "ddd") {
			t.Errorf("%q came through", name)
		}
	}
	// Put right, a problem goes.
	n.must(os.Remove(n.path("pipe")))
	n.must(os.Rename(n.path("bad\xffname"), n.path("good name")))
	c.nodes[1].await("the renamed file", func() bool { return c.nodes[1].exists("good name") })
	n.cli("folder", "rescan", folderID)
	n.await("the problems to go", func() bool {
		for _, p := range n.folderStatus().Errors {
			if p.Path == "pipe" || p.Code == "not-utf8" {
				return false
			}
		}
		return true
	})
}

// shortPath returns a path of a name in a directory that is short enough for a
// socket.
func shortPath(t *testing.T, dir, name string) string {
	link := shortDir(t) + "/f"
	if err := os.Symlink(dir, link); err != nil {
		t.Fatal(err)
	}
	return link + "/" + name
}

// shortDir makes a directory whose path is short and that all users reach.
func shortDir(t *testing.T) string {
	short, err := os.MkdirTemp("", "ls")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(short) })
	os.Chmod(short, 0o755) // for a daemon of another user
	return short
}

// mkdirDeep makes directories whose whole path is longer than a system call
// takes, one at a time.
func mkdirDeep(root, path string) error {
	dir, err := os.OpenRoot(root)
	for _, part := range strings.Split(strings.Trim(path, "/"), "/") {
		if err != nil {
			return err
		}
		if err = dir.Mkdir(part, 0o755); err != nil {
			break
		}
		var next *os.Root
		next, err = dir.OpenRoot(part)
		dir.Close()
		dir = next
	}
	if dir != nil {
		dir.Close()
	}
	return err
}

// removeDeep removes what mkdirDeep made.
func removeDeep(root, first string) {
	dir, err := os.OpenRoot(root)
	if err == nil {
		dir.RemoveAll(first)
		dir.Close()
	}
}

// TestPermissionsThatLackAreProblemsOfTheirNames runs a daemon that may not
// read one file and not write one directory.
func TestPermissionsThatLackAreProblemsOfTheirNames(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Setenv("XDG_RUNTIME_DIR", shortDir(t)) // each user has one of its own
	}
	c := NewCluster(t, 2, options{adapt: func(i int, n *node) { n.dropPrivileges() }})
	n := c.nodes[0]
	n.write("locked", "x")
	n.chmod("locked", 0)
	n.write("good", "arrives")
	n.own()
	c.nodes[1].await("the file beside it", func() bool { return c.nodes[1].holds("good", "arrives") })
	n.awaitProblem("locked", "unreadable", "locked", "permission")
	n.chmod("locked", 0o644)
	c.nodes[1].await("the file when it can be read", func() bool { return c.nodes[1].holds("locked", "x") })
	n.awaitNoProblem()

	c.Write(1, "d/a", "a")
	c.nodes[1].own()
	c.AwaitTree(c.Tree(1))
	n.must(os.Chown(n.path("d"), os.Geteuid(), -1)) // what is not ours cannot be opened either
	n.chmod("d", 0o555)
	c.Write(1, "d/b", "b")
	c.nodes[1].own()
	if os.Geteuid() != 0 {
		return // labsync lends itself permission in directories of its own user
	}
	n.awaitProblem("d/b", "read-only", "d/b")
	n.own()
	n.chmod("d", 0o755)
	c.nodes[0].await("the file when there is permission", func() bool { return n.holds("d/b", "b") })
}

// nobody is the user that daemons run as which must not be root.
const nobody = 65534

// dropPrivileges lets the node's daemon run as somebody who is not root.
func (n *node) dropPrivileges() {
	n.t.Helper()
	if os.Geteuid() != 0 {
		return
	}
	n.user = func(cmd *exec.Cmd) { cmd.SysProcAttr.Credential = &syscall.Credential{Uid: nobody, Gid: nobody} }
	n.own()
}

// own gives all that is the node's to the user that its daemon runs as.
func (n *node) own() {
	n.t.Helper()
	if n.user == nil {
		return
	}
	n.must(os.Chmod(filepath.Dir(filepath.Dir(n.home)), 0o755)) // of t.TempDir, which only its owner reaches
	for _, top := range []string{n.home, n.folder, os.Getenv("XDG_RUNTIME_DIR")} {
		n.must(filepath.WalkDir(top, func(path string, _ os.DirEntry, err error) error {
			return errors.Join(err, os.Lchown(path, nobody, nobody))
		}))
	}
}
