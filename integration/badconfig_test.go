package integration

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestMistakesAreRefusedInOneSentence starts daemons and commands on what is
// wrong.
func TestMistakesAreRefusedInOneSentence(t *testing.T) {
	t.Parallel()
	other := newNode(t, t.TempDir(), "other", "quic://127.0.0.1:0")
	mistyped := other.id[:len(other.id)-1] + map[bool]string{true: "B", false: "A"}[strings.HasSuffix(other.id, "A")]
	for _, tt := range []struct {
		name  string
		spoil func(n *node)
		args  []string
		code  int
		words []string
	}{
		{"malformed configuration", configured("name = [unclosed"), []string{"up"}, 1, []string{"config.toml", "line"}},
		{"an unknown key", configured("no_such_key = \"x\"\n"), []string{"up"}, 1, []string{"config.toml", "no_such_key"}},
		{"a value of the wrong kind", configured("name = 3\n"), []string{"up"}, 1, []string{"config.toml line 1"}},
		{"an address that is none", configured("listen = [\"quic://nowhere:port\"]\n"), []string{"up"}, 1, []string{"listen"}},
		{"a wrong check character", nil, []string{"device", "add", mistyped, "--name", "x"}, 2, []string{"check character"}},
		{"a folder inside another", addFolder, []string{"folder", "add", "FOLDER/inner"}, 1, []string{"inner", "FOLDER"}},
		{"a folder around another", addFolder, []string{"folder", "add", "FOLDER/.."}, 1, []string{"FOLDER"}},
		{"a path that is a file", func(n *node) { n.write("file", "") }, []string{"folder", "add", "FOLDER/file"}, 2, []string{"FOLDER/file", "is a file"}},
		{"up on a path that is a file", func(n *node) { n.write("file", "") }, []string{"up", "FOLDER/file"}, 2, []string{"FOLDER/file", "is a file"}},
		{"a device that is not known", nil, []string{"folder", "add", "FOLDER", "--device", other.id}, 1, []string{"device"}},
		{"no daemon", nil, []string{"wait"}, 4, []string{"labsync up"}},
		{"no such command", nil, []string{"fodler"}, 2, []string{"fodler"}},
		{"a private key that is damaged", func(n *node) { n.spoilKey() }, []string{"up"}, 1, []string{"key"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			n := newNode(t, t.TempDir(), "node", "quic://127.0.0.1:0,tcp://127.0.0.1:0")
			if tt.spoil != nil {
				tt.spoil(n)
			}
			fill := func(list []string) []string {
				out := make([]string, len(list))
				for i, s := range list {
					out[i] = strings.ReplaceAll(s, "FOLDER", n.folder)
				}
				return out
			}
			n.checkRefusal(n.run(fill(tt.args)...), tt.code, fill(tt.words)...)
		})
	}
}

// configured overwrites the person's configuration.
func configured(text string) func(*node) {
	return func(n *node) {
		n.t.Helper()
		n.must(os.WriteFile(filepath.Join(n.home, "config.toml"), []byte(text), 0o600))
	}
}

func addFolder(n *node) { n.t.Helper(); n.cli("folder", "add", n.folder) }

func (n *node) spoilKey() {
	n.t.Helper()
	paths, err := filepath.Glob(filepath.Join(n.home, "*key*"))
	n.must(err)
	for _, p := range paths {
		n.must(os.WriteFile(p, []byte("no key"), 0o600))
	}
}

func TestASecondDaemonOnTheHomeIsRefused(t *testing.T) {
	t.Parallel()
	c := NewCluster(t, 1, options{})
	c.nodes[0].checkRefusal(c.nodes[0].run("up"), 1, c.nodes[0].home)
	c.nodes[0].await("the first one to go on", func() bool { return c.nodes[0].status().Running })
}

func TestAPortInUseIsNamed(t *testing.T) {
	t.Parallel()
	c := NewCluster(t, 1, options{})
	top := t.TempDir()
	for _, taken := range c.nodes[0].status().Listen {
		n := newNode(t, filepath.Join(top, taken[:4]), "late", taken)
		n.checkRefusal(n.run("up"), 1, taken[strings.LastIndex(taken, ":"):])
	}
}

// TestABadEditOfTheConfigurationIsRefusedAndTheOldOneHolds edits the file under
// a daemon that runs.
func TestABadEditOfTheConfigurationIsRefusedAndTheOldOneHolds(t *testing.T) {
	t.Parallel()
	c := NewCluster(t, 2, options{})
	n := c.nodes[0]
	good, err := os.ReadFile(filepath.Join(n.home, "config.toml"))
	n.must(err)
	configured(string(good) + "\nno_such_key = 1\n")(n)
	n.checkSentence(n.awaitEvent("config-refused", "").Text, "no_such_key")
	c.Write(0, "still", "works")
	c.AwaitTree(c.Tree(0))
	configured(strings.Replace(string(good), "node0", "renamed", 1))(n)
	n.await("the corrected configuration", func() bool { return n.status().Name == "renamed" })
}

func TestDemoShowsTwoDevicesAtWork(t *testing.T) {
	t.Parallel()
	n := newNode(t, t.TempDir(), "demo", "quic://127.0.0.1:0")
	top := n.path("../top")
	n.launch("demo", top)
	for _, side := range []string{"left", "right"} {
		n.await("the folder "+side, func() bool { return n.exists("../top/" + side) })
	}
	n.await("the demo to explain itself", func() bool { return strings.Contains(n.log(), "Ctrl-C") })
	n.write("../top/left/hello", "from the left")
	n.await("the file on the right", func() bool { return n.holds("../top/right/hello", "from the left") })
	n.write("../top/right/back", "from the right")
	n.await("the file on the left", func() bool { return n.holds("../top/left/back", "from the right") })
	n.checkEnd(n.stop())
	if !n.exists("../top/left/back") {
		t.Error("the folder given by the person is gone")
	}
}
