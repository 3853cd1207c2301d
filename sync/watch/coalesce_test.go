package watch

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

// play runs a coalescer on events at given times, asking for what is due
// whenever it says so, and returns the deliveries as "time: names | trees".
func play(events map[time.Duration][]string, until time.Duration) []string {
	start := time.Unix(1e9, 0)
	c := newCoalescer()
	var out []string
	for at := time.Duration(0); at <= until; at += time.Millisecond {
		now := start.Add(at)
		for _, name := range events[at] {
			if dir, tree := trimTree(name); tree {
				c.tree(dir, now)
			} else {
				c.note(name, now)
			}
		}
		if next, ok := c.next(); !ok || next.After(now) {
			continue
		}
		if names, trees := c.due(now); len(names)+len(trees) > 0 {
			out = append(out, fmt.Sprintf("%v: %v | %v", at, names, trees))
		}
	}
	return out
}

// trimTree tells "dir/..." as an event of a subtree.
func trimTree(name string) (string, bool) {
	if n := len(name) - len("..."); n >= 0 && name[n:] == "..." {
		return name[:max(n-1, 0)], true
	}
	return "", false
}

func every(step, until time.Duration, names ...string) map[time.Duration][]string {
	events := map[time.Duration][]string{}
	for at := time.Duration(0); at < until; at += step {
		events[at] = names
	}
	return events
}

func TestSettling(t *testing.T) {
	const ms = time.Millisecond
	for _, c := range []struct {
		name   string
		events map[time.Duration][]string
		want   []string
	}{
		{"nothing", nil, nil},
		{"a single save", map[time.Duration][]string{0: {"a", "a"}, 2 * ms: {"a"}}, []string{"14ms: [a] | []"}},
		{"two saves with a pause", map[time.Duration][]string{0: {"a"}, 1500 * ms: {"a"}},
			[]string{"12ms: [a] | []", "1.512s: [a] | []"}},
		{"two saves in a row settle longer", map[time.Duration][]string{0: {"a"}, 100 * ms: {"a"}},
			[]string{"12ms: [a] | []", "124ms: [a] | []"}},
		{"a file written without a pause", every(5*ms, 6*time.Second, "log"),
			[]string{"4s: [log] | []", "6.019s: [log] | []"}},
		{"a new subtree", map[time.Duration][]string{0: {"d/..."}, 10 * ms: {"d/x"}, 40 * ms: {"d/y/z"}},
			[]string{"90ms: [] | [d]"}},
		{"a subtree takes in what was pending below it", map[time.Duration][]string{0: {"d/x", "dx"}, 5 * ms: {"d/..."}},
			[]string{"12ms: [dx] | []", "55ms: [] | [d]"}},
		{"a subtree in a subtree", map[time.Duration][]string{0: {"d/e/...", "d/..."}}, []string{"50ms: [] | [d]"}},
		{"the whole folder", map[time.Duration][]string{0: {"a", "...", "b/c"}}, []string{"50ms: [] | []"}},
	} {
		if got := play(c.events, 7*time.Second); !slices.Equal(got, c.want) {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

func TestABurstComesInFewBatches(t *testing.T) {
	events := map[time.Duration][]string{}
	for i := range 200 {
		at := time.Duration(i) * time.Millisecond
		events[at] = []string{fmt.Sprintf("d%d/f", i)}
	}
	got := play(events, time.Second)
	if len(got) > 6 {
		t.Errorf("200 files within 200 ms came in %d batches", len(got))
	}
}

func TestACrowdedDirectoryBecomesASubtree(t *testing.T) {
	c, now := newCoalescer(), time.Unix(1e9, 0)
	c.note("other", now)
	for i := range crowd + 1 {
		c.note(fmt.Sprintf("d/%d", i), now)
	}
	names, trees := c.due(now.Add(time.Second))
	if !slices.Equal(names, []string{"other"}) || !slices.Equal(trees, []string{"d"}) {
		t.Errorf("got %d names and subtrees %v", len(names), trees)
	}
	if len(c.inDir) != 0 {
		t.Errorf("counts left: %v", c.inDir)
	}
}

func TestNothingIsEverForgotten(t *testing.T) {
	c, now := newCoalescer(), time.Unix(1e9, 0)
	for i := range 3000 {
		now = now.Add(time.Millisecond)
		c.note(fmt.Sprintf("%d/%d", i%7, i%1100), now)
		if i%90 == 0 {
			c.tree(fmt.Sprint(i%5), now)
		}
		c.due(now)
	}
	c.due(now.Add(time.Hour))
	if _, ok := c.next(); ok || len(c.names)+len(c.trees)+len(c.inDir) > 0 {
		t.Errorf("left: %d names, %d trees, counts %v", len(c.names), len(c.trees), c.inDir)
	}
}

func BenchmarkNote(b *testing.B) {
	c, now := newCoalescer(), time.Unix(1e9, 0)
	for i := 0; b.Loop(); i++ {
		now = now.Add(20 * time.Microsecond)
		c.note(fmt.Sprintf("d%d/%d", i%300, i), now)
		c.due(now)
	}
}
