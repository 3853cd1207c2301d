package integration

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"time"
)

// awaitAgreed waits until every node that runs says that it is in sync.
func (c *Cluster) awaitAgreed(deadline time.Time) {
	c.t.Helper()
	ctx, cancel := context.WithDeadline(c.t.Context(), deadline)
	defer cancel()
	for _, n := range c.nodes {
		if !n.running() {
			continue
		}
		if err := n.client.Wait(ctx, ""); errors.Is(err, context.DeadlineExceeded) {
			c.t.Fatalf("%s is not in sync with the others:\n%s", n.name, c.situation())
		} else if err != nil {
			n.must(err)
		}
	}
}

// awaitSomething returns at the next event of a node that runs, or soon.
func (c *Cluster) awaitSomething() {
	timer := time.NewTimer(4 * lookEvery)
	defer timer.Stop()
	cases := []reflect.SelectCase{{Dir: reflect.SelectRecv, Chan: reflect.ValueOf(timer.C)}}
	for _, n := range c.nodes {
		if n.running() {
			cases = append(cases, reflect.SelectCase{Dir: reflect.SelectRecv, Chan: reflect.ValueOf(n.feed.next())})
		}
	}
	reflect.Select(cases)
}

// situation says in some lines how the nodes are.
func (c *Cluster) situation() string {
	var b strings.Builder
	for _, n := range c.nodes {
		if !n.running() {
			fmt.Fprintf(&b, "%s does not run\n", n.name)
			continue
		}
		ctx, cancel := context.WithTimeout(context.Background(), time.Second) // a test's own has ended in its cleanup
		s, err := n.client.Status(ctx)
		cancel()
		if err != nil {
			fmt.Fprintf(&b, "%s does not answer: %v\n", n.name, err)
		}
		for _, f := range s.Folders {
			fmt.Fprintf(&b, "%s: folder %s %s, holds %d, needs %d (%d bytes), waiting %v, problems %v\n",
				n.name, f.ID, f.State, f.LocalFiles, f.NeedFiles, f.NeedBytes, f.Waiting, f.Errors)
		}
		for _, d := range s.Devices {
			fmt.Fprintf(&b, "%s: device %s connected %v paused %v %s/%s, needs %d, error %q\n", n.name, d.Name, d.Connected, d.Paused, d.Transport, d.Bulk, d.NeedFiles, d.Error)
		}
	}
	return b.String()
}
