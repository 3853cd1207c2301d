package pull

import (
	"testing"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/internal/device"
	"github.com/labsync/labsync/internal/folderfs/memfs"
	"github.com/labsync/labsync/sync/plan"
)

// What is created is known by its head until it is recorded. So nothing is made
// of a head that another has replaced since it was decided.
func TestNothingIsCreatedOfAHeadThatIsNoMore(t *testing.T) {
	theirs := []byte("theirs")
	tests := []struct {
		name string
		make func(w *world) index.Entry
		next func(w *world) index.Entry // what replaces it
	}{
		{"a link that became a directory", func(w *world) index.Entry { return w.linkOf("a", "to") }, func(w *world) index.Entry { return w.dirOf("a") }},
		{"a link that was made to lead elsewhere", func(w *world) index.Entry { return w.linkOf("a", "to") }, func(w *world) index.Entry { return w.linkOf("a", "on") }},
		{"a directory that became a file", func(w *world) index.Entry { return w.dirOf("a") }, func(w *world) index.Entry { return w.fileOf("a", theirs) }},
		{"a directory that was removed", func(w *world) index.Entry { return w.dirOf("a") }, func(w *world) index.Entry { return w.goneOf("a", w.dirOf("a")) }},
		{"a directory that was made private", func(w *world) index.Entry { return w.dirOf("a") }, func(w *world) index.Entry {
			e := w.dirOf("a")
			e.Mode = 0o700
			return e
		}},
		{"a file that was changed", func(w *world) index.Entry { return w.fileOf("a", theirs) }, func(w *world) index.Entry { return w.fileOf("a", []byte("later")) }},
	}
	for _, tt := range tests {
		for _, behind := range []string{"", ", while another device shows it still"} {
			t.Run(tt.name+behind, func(t *testing.T) {
				w := newWorld(t, memfs.Options{})
				made := tt.make(w)
				w.announce(made)
				decided := w.decide()
				if behind != "" {
					made.Version = decided[0].Want.Version
					if err := w.idx.RecordRemote(t.Context(), device.ID{9}, []index.Update{{Sequence: 1, Heads: []index.Entry{made}}}); err != nil {
						t.Fatal(err)
					}
				}
				next := tt.next(w)
				next.Parent = decided[0].Want.Version
				w.record(next)
				w.want(w.pullAll(decided), plan.Stale)
				if got := w.read("a"); got != "" {
					t.Errorf("a shows %q", got)
				}
				w.want(w.sync(), plan.Done)
				w.atRest()
			})
		}
	}
}
