package integration

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/labsync/labsync/index/store"
	"github.com/labsync/labsync/internal/api"
)

// seedVariable sets the seed of a storm.
const seedVariable = "LABSYNC_SEED"

// seeded returns the seed to use. It decides what people do and when daemons
// die; what comes of that is the machine's to decide as well.
func seeded(t *testing.T) uint64 {
	seed := uint64(4)
	if text := os.Getenv(seedVariable); text != "" {
		var err error
		if seed, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatalf("%s: %v", seedVariable, err)
		}
	}
	t.Logf("seed %d", seed)
	return seed
}

// TestNothingIsLostWhilePeopleWorkAndDaemonsDie lets two people work in a
// folder without pause, under the same few names, while their daemons die again
// and again: by SIGKILL at any moment, and at failpoints. Then both trees are
// equal, and every content that ever was is where it has to be, by the log of
// those who wrote them.
func TestNothingIsLostWhilePeopleWorkAndDaemonsDie(t *testing.T) {
	seed := seeded(t)
	s := &tempest{
		Cluster: NewCluster(t, 2, options{}), rand: rand.New(rand.NewPCG(seed, 1)), diary: newDiary(),
		ops: sized(150, 1000), goal: sized(2, 10), by: map[string]int{},
	}
	for i, n := range s.nodes {
		p, err := newPerson(n, seed+uint64(i)<<32, s.diary)
		n.must(err)
		s.people = append(s.people, p)
	}
	began := time.Now()
	s.rage()
	raged := time.Since(began)
	tree := s.AwaitEqual()
	t.Logf("two people made %s in %v, and %v later both devices were equal", s.operations(), raged.Round(time.Millisecond), (time.Since(began) - raged).Round(time.Millisecond))
	t.Logf("the daemons died %d and %d times (%s); %d times %d steps were open", s.deaths[0], s.deaths[1], s.ways(), s.opened, s.steps)
	s.judge(tree)

	for i := range s.nodes {
		s.restart(i, "")
	}
	s.checkRestart(tree, s.AwaitEqual())
	for _, n := range s.nodes {
		if f := n.folderStatus(); len(f.Errors) > 0 {
			t.Errorf("%s has problems: %v", n.name, f.Errors)
		}
	}
}

// checkRestart checks that a restart has found nothing that the run before had
// not, but for siblings whose bytes were nowhere when they were due: they are
// made when the same content turns up.
func (s *tempest) checkRestart(before, after Tree) {
	s.t.Helper()
	late := 0
	for name := range maps.Clone(after) {
		if _, known := before[name]; known || !strings.Contains(name, " (conflict, ") {
			continue
		}
		late++
		for ; name != "."; name = path.Dir(name) { // with its directories
			if _, known := before[name]; !known {
				delete(after, name)
			}
		}
	}
	s.t.Logf("a restart has made %d siblings that were due before", late)
	if d := difference(before, after); d != "" {
		s.t.Errorf("a restart has changed the trees (before / after):\n%s", d)
	}
}

// tempest is two people at work and two daemons that die.
type tempest struct {
	*Cluster
	rand   *rand.Rand
	diary  *diary
	people []*person
	ops    int // each person does at least
	goal   int // deaths of each daemon

	deaths [2]int
	raised [2]time.Time   // when each was started
	by     map[string]int // deaths by what killed
	opened int            // deaths that left open intents behind
	steps  int            // how many in all
}

// rage ends with both daemons running and nobody at work.
func (s *tempest) rage() {
	s.t.Helper()
	calm := make(chan struct{})
	var working sync.WaitGroup
	for _, p := range s.people {
		working.Go(func() { p.work(s.ops, calm) })
	}
	s.killAll()
	close(calm)
	working.Wait()
	for i := range s.nodes {
		s.introduce(i, 1-i)
	}
	s.awaitConnected(0, 1)
}

// pace is the time from one operation of a person to the next.
const pace = 8 * time.Millisecond

// work does at least so many operations, and goes on until calm is closed.
func (p *person) work(ops int, calm chan struct{}) {
	tick := time.NewTicker(pace)
	defer tick.Stop()
	for {
		select {
		case <-calm:
			if p.ops >= ops {
				return
			}
		default:
		}
		p.act()
		<-tick.C
	}
}

// untilDead is how long a daemon may take to come to its failpoint.
const untilDead = 3 * time.Second

// killAll kills daemons at random moments until each has died often enough, one
// of them between an intent and its record, and none is about to.
func (s *tempest) killAll() {
	s.t.Helper()
	for {
		s.pass(30, 500)
		var left []int
		for i, n := range s.nodes {
			if !n.running() {
				s.bury(i, n.deadly())
			}
			if s.deaths[i] < s.goal || s.opened == 0 || len(n.env) > 0 {
				left = append(left, i)
			}
		}
		if len(left) == 0 {
			return
		}
		victim := left[s.rand.IntN(len(left))]
		if n := s.nodes[victim]; n.running() && (len(n.env) == 0 || time.Since(s.raised[victim]) > untilDead) {
			n.must(n.cmd.Process.Kill())
			<-n.ended
			s.bury(victim, "at any moment")
		}
	}
}

// pass lets some milliseconds pass.
func (s *tempest) pass(from, to int) {
	<-time.After(time.Duration(from+s.rand.IntN(to-from)) * time.Millisecond)
}

// deadly is the failpoint that the daemon was started with.
func (n *node) deadly() string {
	if len(n.env) == 0 {
		n.t.Fatalf("%s: the daemon died of nothing that killed it:\n%s", n.name, n.log())
	}
	point, _, _ := strings.Cut(strings.TrimPrefix(n.env[0], faultVariable+"="), "=")
	return point
}

// bury counts a death and what it has left open, and starts the daemon again
// after a while.
func (s *tempest) bury(i int, by string) {
	s.t.Helper()
	n := s.nodes[i]
	n.gone()
	s.deaths[i]++
	s.by[by]++
	if open := n.pending(); open > 0 {
		s.opened++
		s.steps += open
	}
	s.pass(1, 300)
	s.raise(i)
}

// openPoints are failpoints between an intent and what settles it.
var openPoints = []string{"pull.begun", "pull.exchange", "pull.exchanged", "pull.taken"}

// deadlyAt is the environment of a daemon that dies at one of the failpoints.
func (s *tempest) deadlyAt(points []string) []string {
	return []string{fmt.Sprintf("%s=%s=kill@%d", faultVariable, points[s.rand.IntN(len(points))], 1+s.rand.IntN(3))}
}

// raise starts the daemon of node i, often to die at a failpoint, which may be
// before it is up.
func (s *tempest) raise(i int) {
	s.t.Helper()
	n := s.nodes[i]
	n.env, n.feed, s.raised[i] = nil, nil, time.Now()
	switch {
	case s.opened == 0 && s.deaths[i] > 0:
		n.env = s.deadlyAt(openPoints)
	case s.deaths[i] < s.goal && s.deaths[i]%2 == 1:
		n.env = s.deadlyAt(pullPoints)
	}
	n.launch("up")
	up := false
	n.await("the daemon to answer, or die", func() bool {
		_, err := n.client.Status(s.t.Context())
		up = err == nil
		return up || !n.running()
	})
	if up {
		n.feed = newFeed(s.t.Context(), n.client)
		s.tell(i, 1-i)
		s.tell(1-i, i)
	}
}

// tell tells node i where node j listens, if both live long enough.
func (s *tempest) tell(i, j int) {
	ctx, cancel := context.WithTimeout(s.t.Context(), patience)
	defer cancel()
	status, err := s.nodes[j].client.Status(ctx)
	if err == nil {
		_, err = s.nodes[i].client.AddDevice(ctx, api.DeviceConfig{ID: s.nodes[j].id, Name: s.nodes[j].name, Addresses: status.Listen})
	}
	if err != nil && s.nodes[i].running() && s.nodes[j].running() {
		s.t.Errorf("node%d is not told of node%d: %v", i, j, err)
	}
}

// pending counts the steps that the index of a node that does not run has
// begun and not recorded.
func (n *node) pending() int {
	n.t.Helper()
	if !n.exists(filepath.Join("..", filepath.Base(n.home), "index")) {
		return 0 // it died before it had one
	}
	x := n.openIndex()
	defer x.Close()
	open, err := x.Pending(n.t.Context())
	n.must(err)
	return len(open)
}

// openIndex opens a copy of the index of a node that does not run, so that the
// next daemon finds it as the last one left it. The caller closes it.
func (n *node) openIndex() *store.Store {
	n.t.Helper()
	dir := n.t.TempDir()
	paths, err := filepath.Glob(filepath.Join(n.home, "index", "*.db*"))
	n.must(err)
	database := ""
	for _, p := range paths {
		if strings.HasSuffix(p, "-shm") {
			continue // it is made anew from the log
		}
		text, err := os.ReadFile(p)
		n.must(err)
		to := filepath.Join(dir, filepath.Base(p))
		n.must(os.WriteFile(to, text, 0o600))
		if filepath.Ext(p) == ".db" {
			database = to
		}
	}
	x, err := store.Open(n.t.Context(), database, store.Options{})
	n.must(err)
	return x
}

// judge checks the accounts of all contents.
func (s *tempest) judge(tree Tree) {
	s.t.Helper()
	aside := map[content]string{}
	for i, p := range s.people {
		for _, line := range p.wrong {
			s.t.Error(line)
		}
		removed, err := contentsBelow(p.trash)
		s.nodes[i].must(err)
		for sum := range removed {
			s.diary.end(sum, deed{by: p.name, kind: "trash"})
		}
		for _, part := range []string{"displaced", "recovered"} {
			found, err := contentsBelow(filepath.Join(p.folder, workDir, part))
			s.nodes[i].must(err)
			maps.Copy(aside, found)
		}
	}
	v := s.diary.judge(tree, aside)
	s.t.Logf("%d contents were written: %d are at a path, %d were replaced or deleted by people and are kept, %d were and are gone; %d are lost",
		v.contents, v.current, v.kept, v.userGone, len(v.lost))
	for _, line := range v.lost {
		s.t.Errorf("lost: %s", line)
	}
	for _, name := range v.unknown {
		s.t.Errorf("%q holds what nobody has written", name)
	}
}

// operations says how many operations of each kind were made.
func (s *tempest) operations() string {
	total, kind := 0, map[string]int{}
	for _, p := range s.people {
		total += p.ops
		for k, n := range p.made {
			kind[k] += n
		}
	}
	return fmt.Sprintf("%d operations (%s)", total, counted(kind))
}

func (s *tempest) ways() string { return counted(s.by) }

// counted lists what was counted, by name.
func counted(of map[string]int) string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(of)) {
		out = append(out, fmt.Sprintf("%s %d", name, of[name]))
	}
	return strings.Join(out, ", ")
}
