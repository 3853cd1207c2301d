package engine

import (
	"testing"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/sync/plan"
)

func TestAsManyArePlacedTogetherAsMemoryAllows(t *testing.T) {
	sized := func(n int, size int64) (queue []plan.Action) {
		for range n {
			queue = append(queue, plan.Action{Have: &index.Held{Entry: index.Entry{Size: size / 2}}, Want: index.Entry{Size: size / 2}})
		}
		return queue
	}
	for _, c := range []struct {
		name  string
		queue []plan.Action
		want  int
	}{
		{"nothing", nil, 0},
		{"small files", sized(placeNames-1, 1000), placeNames - 1},
		{"more small files", sized(placeNames+1, 1000), placeNames},
		{"large files", sized(100, 1<<30), 65},
		{"a file beyond the bound", sized(3, placeBytes+2), 1},
	} {
		w := work{queue: c.queue}
		if got := w.atOnce(); got != c.want {
			t.Errorf("%s: %d of %d are placed together, want %d", c.name, got, len(c.queue), c.want)
		}
	}
}
