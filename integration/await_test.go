package integration

import (
	"strings"
	"time"

	"github.com/labsync/labsync/internal/api"
)

// patience is how long a condition may take that takes a second at most on a
// machine that has nothing else to do.
const patience = 60 * time.Second

// lookEvery is how often waiters look at what has no event.
const lookEvery = 25 * time.Millisecond

// await waits until the condition holds.
func (n *node) await(what string, cond func() bool) {
	n.t.Helper()
	n.awaitWithin(patience, what, cond)
}

// awaitWithin waits until the condition holds, at most so long.
func (n *node) awaitWithin(most time.Duration, what string, cond func() bool) {
	n.t.Helper()
	deadline := time.Now().Add(most)
	for !cond() {
		if time.Now().After(deadline) {
			n.t.Fatalf("%s: waited %v in vain for %s", n.name, most, what)
		}
		var event <-chan struct{}
		if n.feed != nil {
			event = n.feed.next()
		}
		select {
		case <-event:
		case <-time.After(lookEvery):
		}
	}
}

func (n *node) status() api.Status {
	n.t.Helper()
	s, err := n.client.Status(n.t.Context())
	n.must(err)
	return s
}

// folderStatus is the status of the one folder that each node has.
func (n *node) folderStatus() api.Folder {
	n.t.Helper()
	s := n.status()
	if len(s.Folders) != 1 {
		n.t.Fatalf("%s: %d folders, want one", n.name, len(s.Folders))
	}
	return s.Folders[0]
}

func (n *node) awaitFolder(what string, cond func(f *api.Folder) bool) api.Folder {
	n.t.Helper()
	var last api.Folder
	n.await(what, func() bool {
		last = n.folderStatus()
		return cond(&last)
	})
	return last
}

// awaitProblem waits for a problem of the folder and checks that its text is
// one sentence that has the words.
func (n *node) awaitProblem(path, code string, words ...string) {
	n.t.Helper()
	var found api.Problem
	n.await("problem "+code+" of "+path, func() bool {
		for _, p := range n.folderStatus().Errors {
			if p.Path == path && p.Code == code {
				found = p
				return true
			}
		}
		return false
	})
	n.checkSentence(found.Text, words...)
}

// awaitNoProblem waits until nothing is wrong with the folder.
func (n *node) awaitNoProblem() {
	n.t.Helper()
	n.awaitFolder("the folder to be in order", func(f *api.Folder) bool { return len(f.Errors) == 0 && f.State == api.FolderIdle })
}

// checkSentence checks that a text is one line that has all the words.
func (n *node) checkSentence(text string, words ...string) {
	n.t.Helper()
	if text == "" || strings.Contains(text, "\n") || strings.Contains(text, "goroutine") {
		n.t.Errorf("%s: %q is not one sentence", n.name, text)
	}
	for _, w := range words {
		if !strings.Contains(text, w) {
			n.t.Errorf("%s: %q does not have %q", n.name, text, w)
		}
	}
}
