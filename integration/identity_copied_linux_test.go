package integration

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/labsync/labsync/internal/api"
	"github.com/labsync/labsync/internal/config"
)

// copyNode copies the home of node i, and makes the copy a node that knows what
// it knew. Its folder is the same directory.
func (c *Cluster) copyNode(i int) *node {
	c.t.Helper()
	n := c.nodes[i]
	x := &node{t: c.t, name: "copy", home: n.home + "-copy", folder: n.folder, id: n.id}
	n.copyTree(n.home, x.home)
	x.client = api.NewClient(config.SocketPath(x.home))
	c.nodes = append(c.nodes, x)
	return x
}

// elsewhere lets a stopped node have a copy of its folder.
func (n *node) elsewhere() {
	n.t.Helper()
	path := filepath.Join(n.home, config.FoldersFile)
	text, err := os.ReadFile(path)
	n.must(err)
	n.copyTree(n.folder, n.folder+"-copy")
	n.must(os.WriteFile(path, []byte(strings.ReplaceAll(string(text), n.folder, n.folder+"-copy")), 0o600))
	n.folder += "-copy"
}

// onAnotherMachine lets the node's commands see another machine ID, or skips the
// test where that cannot be done.
func (n *node) onAnotherMachine() {
	n.t.Helper()
	const id = "/etc/machine-id"
	if _, err := os.Stat(id); err != nil {
		n.t.Skip("this machine has no ID: ", err)
	}
	other := filepath.Join(n.t.TempDir(), "machine-id")
	n.must(os.WriteFile(other, []byte("0123456789abcdef0123456789abcdef\n"), 0o644))
	n.wrap = func(args []string) []string {
		return append([]string{"unshare", "--mount", "sh", "-c", `mount --bind "$0" ` + id + ` && exec "$@"`, other}, args...)
	}
	if out, err := exec.Command("unshare", "--mount", "true").CombinedOutput(); err != nil {
		n.t.Skipf("mounts of its own cannot be had here: %v: %s", err, out)
	}
}

// awaitError waits for a problem of the whole device.
func (n *node) awaitError(code string, words ...string) {
	n.t.Helper()
	var text string
	n.await("status to say "+code, func() bool {
		for _, p := range n.status().Errors {
			if p.Code == code {
				text = p.Text
				return true
			}
		}
		return false
	})
	n.checkSentence(text, words...)
}

// TestACopiedHomeBesideTheFirstIsKeptOut starts a copy of a home while the first
// runs, and then does what the sentences say.
func TestACopiedHomeBesideTheFirstIsKeptOut(t *testing.T) {
	t.Parallel()
	c := NewCluster(t, 2, options{})
	for name, text := range yesterday {
		c.nodes[0].put(name, text)
	}
	c.AwaitTree(c.Tree(0))
	first, other := c.nodes[0], c.nodes[1]
	x := c.copyNode(0)
	x.start()
	x.awaitError("second-instance", "node1", x.home, "key.pem")
	x.tellsOf("second-instance", "node1", x.home)
	other.awaitError("second-instance", "node0", "copied")
	other.tellsOf("second-instance", "node0", "copied")
	f := x.awaitFolder("its folder to be refused", func(f *api.Folder) bool { return f.State == api.FolderError && len(f.Errors) > 0 })
	x.checkSentence(f.Errors[0].Text, x.folder, "in use by another labsync")
	first.put("while the copy runs", "2")
	other.put("edited there", "2")
	other.await("what the first one sends", func() bool { return other.holds("while the copy runs", versionOf("while the copy runs", "2")) })
	first.await("what it is sent", func() bool { return first.holds("edited there", versionOf("edited there", "2")) })
	if got := first.folderStatus().Errors; len(got) != 0 {
		t.Errorf("the first one has problems: %v", got)
	}

	// What its sentences say: another folder, and an identity of its own.
	x.stop()
	x.cli("folder", "remove", folderID)
	for _, file := range []string{"key.pem", "cert.pem"} {
		x.must(os.Rename(filepath.Join(x.home, file), filepath.Join(t.TempDir(), file)))
	}
	x.folder += "-copy"
	x.mkdir("")
	x.start()
	x.id = strings.TrimSpace(x.cli("id"))
	if x.id == first.id {
		t.Fatal("the copy still has the identity of the first")
	}
	other.cli("device", "add", x.id, "--name", "copy", "--address", x.status().Listen[0])
	other.cli("folder", "set", folderID, "--device", "copy")
	x.cli("folder", "add", x.folder, "--id", folderID, "--device", "node1")
	x.await("the files", func() bool {
		return x.holds("same", versionOf("same", "1")) && x.holds("while the copy runs", versionOf("while the copy runs", "2"))
	})
	for _, n := range []*node{x, first} {
		if told := n.status().Errors; len(told) != 0 {
			t.Errorf("%s: %v", n.name, told)
		}
	}
}

// TestACopiedHomeOnAnotherMachineIsAnotherReplica lets both copies edit the same
// name apart.
func TestACopiedHomeOnAnotherMachineIsAnotherReplica(t *testing.T) {
	t.Parallel()
	c := newYesterday(t)
	first, other := c.nodes[0], c.nodes[1]
	c.Stop(0)
	c.Stop(1)
	x := c.copyNode(0)
	x.elsewhere()
	x.onAnotherMachine()
	alone := func(n *node, text string, files int64) {
		n.start()
		n.put("same", "by "+text)
		n.put("made by "+text, text)
		n.awaitRecorded(files)
	}
	alone(first, "the first", int64(len(yesterday)+1))
	first.stop()
	alone(x, "the copy", int64(len(yesterday)+1))
	x.tellsOf("index-renewed", "another machine")
	x.remove("deleted here")
	x.awaitRecorded(int64(len(yesterday)))

	other.start()
	meet := func(n *node) {
		t.Helper()
		for _, pair := range [][2]*node{{n, other}, {other, n}} {
			_, err := pair[0].client.AddDevice(t.Context(), api.DeviceConfig{ID: pair[1].id, Name: pair[1].name, Addresses: pair[1].status().Listen})
			pair[0].must(err)
		}
	}
	meet(x)
	c.AwaitEqual()
	x.stop()
	first.start()
	meet(first)
	tree := c.AwaitEqual()
	if kept := siblings(tree); len(kept) != 1 {
		t.Errorf("conflicts %q, want one", kept)
	}
	first.stop()
	x.start()
	meet(x)
	c.AwaitEqual()
	want := map[string]string{"made by the first": "the first", "made by the copy": "the copy", "deleted here": "", "deleted there": "1"}
	for i := range c.nodes {
		c.checkFiles(i, want)
		found := c.nodes[i].texts(tree)
		for _, text := range []string{"same by the first", "same by the copy"} {
			if _, ok := found[text]; !ok {
				t.Errorf("%s has lost %q", c.nodes[i].name, text)
			}
		}
	}
	c.checkVectors()
}
