package integration

import (
	"context"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/labsync/labsync/internal/api"
)

// folderID is the ID of the folder that all nodes of a cluster share.
const folderID = "shared"

// options of a cluster. The zero value is a full mesh over QUIC and TCP that
// shares one folder.
type options struct {
	schemes []string // to listen on
	links   [][2]int // who knows whom, nil for all
	apart   bool     // no folder is added
	// adapt changes a node before it starts for the first time.
	adapt func(i int, n *node)
	// adaptFolder changes what node i adds.
	adaptFolder func(i int, a *api.FolderAdd)
}

// Cluster is a number of devices that know each other and share a folder.
type Cluster struct {
	t     *testing.T
	opt   options
	nodes []*node
	sums  *sums
}

// NewCluster starts n daemons and returns when those that are linked are
// connected.
func NewCluster(t *testing.T, n int, o options) *Cluster {
	t.Helper()
	if o.schemes == nil {
		o.schemes = []string{"quic", "tcp"}
	}
	var listen []string
	for _, s := range o.schemes {
		listen = append(listen, s+"://127.0.0.1:0")
	}
	c := &Cluster{t: t, opt: o, sums: newSums()}
	top := t.TempDir()
	t.Cleanup(c.close) // after TempDir, so that it runs before the directory goes
	for i := range n {
		x := newNode(t, top, fmt.Sprintf("node%d", i), strings.Join(listen, ","))
		c.nodes = append(c.nodes, x)
		if o.adapt != nil {
			o.adapt(i, x)
		}
	}
	for i := range n {
		c.Start(i)
	}
	if !o.apart {
		c.share()
	}
	return c
}

// share adds the folder to every node.
func (c *Cluster) share() {
	c.t.Helper()
	for i, n := range c.nodes {
		a := api.FolderAdd{Path: n.folder, ID: folderID, Label: folderID}
		for j := range c.nodes {
			if c.linked(i, j) {
				a.Devices = append(a.Devices, c.nodes[j].id)
			}
		}
		if c.opt.adaptFolder != nil {
			c.opt.adaptFolder(i, &a)
		}
		_, err := n.client.AddFolder(c.t.Context(), a)
		n.must(err)
	}
}

func (c *Cluster) linked(i, j int) bool {
	if i == j {
		return false
	}
	for _, l := range c.opt.links {
		if l == [2]int{i, j} || l == [2]int{j, i} {
			return true
		}
	}
	return c.opt.links == nil
}

// Start starts the daemon of node i, which listens on a new port, and waits
// until it is connected to all that run and are linked to it.
func (c *Cluster) Start(i int) {
	c.t.Helper()
	c.nodes[i].start()
	for j := range c.nodes {
		if c.linked(i, j) && c.nodes[j].running() {
			c.introduce(i, j)
			c.introduce(j, i)
		}
	}
	for j := range c.nodes {
		if c.linked(i, j) && c.nodes[j].running() {
			c.awaitConnected(i, j)
		}
	}
}

// introduce tells node i where node j listens.
func (c *Cluster) introduce(i, j int) {
	c.t.Helper()
	other := c.nodes[j]
	_, err := c.nodes[i].client.AddDevice(c.t.Context(), api.DeviceConfig{ID: other.id, Name: other.name, Addresses: other.status().Listen})
	c.nodes[i].must(err)
}

// device is how node i sees node j.
func (c *Cluster) device(i, j int) api.Device {
	c.t.Helper()
	for _, d := range c.nodes[i].status().Devices {
		if d.ID == c.nodes[j].id {
			return d
		}
	}
	c.t.Fatalf("node%d does not know node%d", i, j)
	return api.Device{}
}

func (c *Cluster) awaitConnected(i, j int) {
	c.t.Helper()
	for _, pair := range [][2]int{{i, j}, {j, i}} {
		c.nodes[pair[0]].await(fmt.Sprintf("its connection to node%d", pair[1]), func() bool {
			d := c.device(pair[0], pair[1])
			return d.Connected || d.Paused
		})
	}
}

// Kill ends the daemon of node i with SIGKILL.
func (c *Cluster) Kill(i int) { c.t.Helper(); c.nodes[i].kill() }

// Stop ends the daemon of node i as Ctrl-C does, and checks that it is done in
// the time that users are promised.
func (c *Cluster) Stop(i int) {
	c.t.Helper()
	c.nodes[i].checkEnd(c.nodes[i].stop())
}

// close ends what runs and looks for crashes in the logs.
func (c *Cluster) close() {
	if c.t.Failed() {
		c.t.Logf("the nodes at the end:\n%s", c.situation())
		for _, n := range c.nodes {
			n.explainSilence()
		}
	}
	for _, n := range c.nodes {
		if n.cmd == nil {
			continue
		}
		if n.cmd.Process.Signal(os.Interrupt) != nil {
			n.cmd.Process.Kill()
		}
		select {
		case <-n.ended:
		case <-time.After(patience):
			c.t.Errorf("%s did not end when interrupted", n.name)
			n.cmd.Process.Kill()
			<-n.ended
		}
	}
	for _, n := range c.nodes {
		c.inspect(n)
	}
}

// logTail is how many lines of each log a failing test prints: the last ones, or
// those of a crash.
const logTail = 60

// explainSilence lets a daemon that does not answer print its stacks and end.
func (n *node) explainSilence() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second) // the test's own has ended
	defer cancel()
	if _, err := n.client.Status(ctx); err == nil || !n.running() {
		return
	}
	n.cmd.Process.Signal(syscall.SIGQUIT)
	<-n.ended
	n.t.Logf("%s did not answer; its stacks:\n%s", n.name, n.log())
	n.cmd = nil
}

func (c *Cluster) inspect(n *node) {
	text, err := os.ReadFile(n.logPath())
	if err != nil {
		return // it never ran
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	from := max(0, len(lines)-logTail)
	for i, line := range lines {
		if strings.Contains(line, "DATA RACE") || strings.HasPrefix(line, "panic:") || strings.HasPrefix(line, "fatal error:") {
			c.t.Errorf("%s: its log has %q", n.name, line)
			from = i
			break
		}
	}
	if c.t.Failed() {
		c.t.Logf("from the log of %s:\n%s", n.name, strings.Join(lines[from:min(len(lines), from+logTail)], "\n"))
	}
}
