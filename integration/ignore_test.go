package integration

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/labsync/labsync/internal/api"
)

func TestIgnoreRulesTravelAndHoldAtOnce(t *testing.T) {
	t.Parallel()
	c := NewCluster(t, 2, options{})
	c.Write(0, ".labsyncignore", "*.tmp\n/cache/\n")
	c.nodes[1].await("the rules to travel", func() bool { return c.nodes[1].exists(".labsyncignore") })
	for i, n := range c.nodes {
		n.write("a.tmp", "private to "+n.name)
		n.write("cache/x", "private to "+n.name)
		n.write([]string{"seen0", "seen1"}[i], "x")
	}
	for i, n := range c.nodes {
		n.await("what is not ignored", func() bool { return n.exists([]string{"seen1", "seen0"}[i]) })
		if !n.holds("a.tmp", "private to "+n.name) || !n.holds("cache/x", "private to "+n.name) {
			t.Errorf("an ignored file of %s came through", n.name)
		}
	}

	// More rules hold at once where they are written, and where they arrive.
	c.Write(0, ".labsyncignore", "*.tmp\n/cache/\n*.log\n")
	c.nodes[1].await("the new rules", func() bool { return c.nodes[1].holds(".labsyncignore", c.nodes[0].read(".labsyncignore")) })
	c.Write(1, "b.log", "x")
	c.Write(1, "after", "x")
	c.nodes[0].await("a later file", func() bool { return c.nodes[0].exists("after") })
	if c.nodes[0].exists("b.log") {
		t.Error("a file came through that the new rules ignore")
	}
}

func TestRulesFromElsewhereThatIgnoreLessWait(t *testing.T) {
	t.Parallel()
	c := NewCluster(t, 2, options{})
	c.Write(0, ".labsyncignore", "secret*\n")
	c.AwaitTree(c.Tree(0))
	c.Write(1, "secret.txt", "not for the other")
	c.Write(0, ".labsyncignore", "# nothing is ignored\n")
	waiting := c.nodes[1].awaitFolder("the question", func(f *api.Folder) bool { return f.State == api.FolderWaiting && f.Waiting != nil })
	c.nodes[1].checkSentence(waiting.Waiting.Reason, ".labsyncignore", "ignores less")
	if waiting.Waiting.Command == "" {
		t.Error("status does not say what to type")
	}
	c.Write(1, "public", "x")
	c.nodes[0].await("a file that was never ignored", func() bool { return c.nodes[0].exists("public") })
	if c.nodes[0].exists("secret.txt") {
		t.Error("a file was sent that was ignored until another device said otherwise")
	}
}

func TestRulesThatWaitAreAcceptedByTheCommandOnly(t *testing.T) {
	t.Parallel()
	c := NewCluster(t, 2, options{})
	c.Write(0, ".labsyncignore", "secret*\n")
	c.AwaitTree(c.Tree(0))
	n := c.nodes[1]
	n.write("secret.txt", "not for the other")
	c.Write(0, ".labsyncignore", "# nothing is ignored\n")
	asks := func(f *api.Folder) bool { return f.State == api.FolderWaiting && f.Waiting != nil }
	waiting := n.awaitFolder("the question", asks)
	rules := n.path(".labsyncignore")
	for i, step := range []struct {
		name string
		do   func()
	}{
		{"another link to the rules, made and removed", func() { n.must(os.Link(rules, rules+"~")); n.must(os.Remove(rules + "~")) }},
		{"other permissions", func() { n.chmod(".labsyncignore", 0o600) }},
		{"another time", func() { at := time.Unix(1_700_000_000, 0); n.must(os.Chtimes(rules, at, at)) }},
		{"a restart", func() { c.Stop(1); c.Start(1) }},
		{"a whole scan", func() { n.cli("folder", "rescan", folderID) }},
	} {
		step.do()
		later := fmt.Sprintf("later%d", i)
		n.write(later, "passes all that was found before")
		c.nodes[0].await("a file written after "+step.name, func() bool { return c.nodes[0].exists(later) })
		n.awaitFolder("the question after "+step.name, asks)
		if c.nodes[0].exists("secret.txt") {
			t.Fatalf("%s was taken for consent: the secret was sent", step.name)
		}
	}
	n.cli(strings.Fields(waiting.Waiting.Command)[1:]...)
	c.nodes[0].await("what is not ignored any more", func() bool { return c.nodes[0].holds("secret.txt", "not for the other") })
	n.awaitFolder("the question to be gone", func(f *api.Folder) bool { return f.Waiting == nil && f.State == api.FolderIdle })
}
