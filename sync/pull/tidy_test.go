package pull

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/internal/folderfs"
	"github.com/labsync/labsync/internal/folderfs/memfs"
	"github.com/labsync/labsync/sync/plan"
)

// temps returns the contents of what lies in tmp/, in order.
func (w *world) temps() []string {
	w.t.Helper()
	var out []string
	for _, content := range everywhere(w.t, w.fs, folderfs.TempDir) {
		out = append(out, content)
	}
	slices.Sort(out)
	return out
}

func (w *world) wantTemps(when string, contents ...string) {
	w.t.Helper()
	if got := w.temps(); !slices.Equal(got, contents) {
		w.t.Errorf("%s: %d files in tmp/, %.10q; want %.10q", when, len(got), got, contents)
	}
}

// tidies lets a while pass and looks after the work directory.
func (w *world) tidies(after time.Duration) {
	w.t.Helper()
	w.clock.skip(after)
	if _, _, err := w.pull.Recheck(w.t.Context(), w.clock.Now()); err != nil {
		w.t.Fatal(err)
	}
}

// A large file has all arrived and got its time, which is years ago; the process
// ends while it is being made durable.
func TestALargeFileThatHadArrivedIsNotFetchedAgain(t *testing.T) {
	for _, ctime := range []bool{true, false} {
		w := newWorld(t, without(func(c *folderfs.Capabilities) { c.Ctime = ctime }))
		w.announce(w.fileOf("big", bytesOf(5*mebi, 7)))
		w.at("pull.temp.sync", func() error { return errStop })
		if first := w.pull.Fetch(t.Context(), w.decide()); first[0].Received != 5*mebi {
			t.Fatalf("outcome %+v", first[0])
		}
		w.recover()
		if second := w.pull.Fetch(t.Context(), w.decide()); second[0].Received > 0 || second[0].Status != plan.Done {
			t.Errorf("%d bytes came again, times of change: %v", second[0].Received, ctime)
		}
	}
}

// A partial file of an earlier run goes when nobody wants it and it is old.
func TestAnOldPartialFileThatNobodyNeedsIsRemovedAtAStart(t *testing.T) {
	w := newWorld(t, memfs.Options{})
	u := w.mem.User()
	wanted := w.fileOf("wanted", bytesOf(2*mebi, 1))
	w.announce(wanted)
	parts := []string{
		tempOf(&wanted, folderfs.Partial),
		folderfs.Work{Key: "nobodys", Kind: folderfs.Partial}.String(),
	}
	for _, name := range parts {
		if err := u.Write(name, []byte(name)); err != nil {
			t.Fatal(err)
		}
	}
	w.recover()
	w.wantTemps("young", parts[1], parts[0])
	w.clock.skip(stalePartial)
	w.recover()
	w.wantTemps("old", parts[0])
}

// Others save a file again and again while a program here has it open. Of what
// was fetched only the latest is still to be placed, and one is a good source.
func TestAFileInUseThatIsSavedElsewhereDoesNotFillTheDisk(t *testing.T) {
	w := newWorld(t, memfs.Options{})
	w.announce(w.fileOf("a", []byte("old")))
	w.sync()
	h, err := w.mem.User().Hold("a")
	if err != nil {
		t.Fatal(err)
	}
	version := func(n uint64) string { return string(bytesOf(mebi+mebi/8, n)) }
	for n := range uint64(5) {
		w.announce(w.fileOf("a", []byte(version(n))))
		w.want(w.pullAll(w.decide()), plan.Postponed)
		w.tidies(time.Minute)
		if n > 0 && len(w.temps()) > 2 {
			t.Errorf("%d copies after version %d", len(w.temps()), n)
		}
	}
	if got := w.temps(); !slices.Contains(got, version(4)) {
		t.Error("what is to be placed is gone")
	}
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
	received := int64(0)
	for _, o := range w.sync() {
		received += o.Received
	}
	if w.read("a") != version(4) || received > 0 {
		t.Errorf("a is not what was fetched, %d bytes came again", received)
	}
	w.tidies(time.Minute)
	if len(w.temps()) > 1 {
		t.Errorf("%d copies afterwards", len(w.temps()))
	}
	w.tidies(keepSource)
	w.wantTemps("a day later")
}

// What is fetched and waits stays however long it does, and goes a day after
// nobody needs it, whichever kind of file it is and whoever made it.
func TestWhatNobodyNeedsGoesAfterADay(t *testing.T) {
	tests := []struct {
		name    string
		content []byte
		replace bool // the name is taken
		restart bool
	}{
		{name: "a large file", content: bytesOf(2*mebi, 1)},
		{name: "a small one to be created", content: []byte("small")},
		{name: "a small one that replaces another", content: []byte("small"), replace: true},
		{name: "a large one of an earlier run", content: bytesOf(2*mebi, 1), restart: true},
		{name: "a small one of an earlier run", content: []byte("small"), replace: true, restart: true},
		{name: "an unfinished one of an earlier run", content: []byte("small"), restart: true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, memfs.Options{})
			if tt.replace {
				w.announce(w.fileOf("a", []byte("old")))
				w.sync()
			}
			w.announce(w.fileOf("a", tt.content))
			w.want(w.pull.Fetch(t.Context(), w.decide()), plan.Done)
			if tt.restart {
				w.recover()
			}
			for range 3 {
				w.tidies(keepSource)
			}
			w.wantTemps("while it is wanted", string(tt.content))
			w.announceOver("a", w.goneOf("a", w.fileOf("a", nil)))
			w.tidies(time.Hour)
			w.wantTemps("an hour later", string(tt.content))
			for range 2 {
				w.tidies(keepSource)
			}
			w.wantTemps("a day later")
		})
	}
}

// announceOver lets the far device make a version on top of its own last one,
// which was not placed here.
func (w *world) announceOver(name string, e index.Entry) {
	w.t.Helper()
	s, _, err := w.idx.State(w.t.Context(), name)
	if err != nil || len(s.Heads) != 1 {
		w.t.Fatal(s, err)
	}
	e.Parent = s.Heads[0].Entry.Version
	w.record(e)
}

// A content that a sibling is to have may lie nowhere else any more.
func TestWhatAnotherNameNeedsIsKept(t *testing.T) {
	w := newWorld(t, memfs.Options{})
	w.announce(w.fileOf("a", []byte("the only copy")))
	w.want(w.pull.Fetch(t.Context(), w.decide()), plan.Done)
	w.announceOver("a", w.goneOf("a", w.fileOf("a", nil)))
	w.announce(w.fileOf("b", []byte("the only copy")))
	for range 3 {
		w.tidies(keepSource)
	}
	w.wantTemps("it is a source of another", "the only copy")
}

// Only what is of labsync's making goes, however long nobody has needed it.
func TestBytesOfAPersonInTheWorkDirectoryAreNeverRemoved(t *testing.T) {
	const mine = "a person's bytes"
	complete := func(w *world) string {
		e := w.fileOf("a", []byte("fetched"))
		return tempOf(&e, folderfs.Complete)
	}
	tests := []struct {
		name    string
		restart bool
		put     func(w *world, u memfs.User) error
	}{
		{"written to a file that was made here", false, func(w *world, u memfs.User) error { return u.Write(complete(w), []byte(mine)) }},
		{"written to one of an earlier run", true, func(w *world, u memfs.User) error { return u.Write(complete(w), []byte(mine)) }},
		{"put in its place", false, func(w *world, u memfs.User) error { return u.SaveByRename(complete(w), []byte(mine)) }},
		{"under a name that labsync does not give", false, func(w *world, u memfs.User) error { return u.Write(folderfs.TempDir+"/x", []byte(mine)) }},
		{"displaced", false, func(w *world, u memfs.User) error {
			return u.Write(folderfs.Work{Key: "k", Kind: folderfs.Displaced}.String(), []byte(mine))
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, memfs.Options{})
			w.announce(w.fileOf("a", []byte("old")))
			w.sync()
			w.announce(w.fileOf("a", []byte("fetched")))
			w.want(w.pull.Fetch(t.Context(), w.decide()), plan.Done)
			w.announceOver("a", w.goneOf("a", w.fileOf("a", nil)))
			if err := tt.put(w, w.mem.User()); err != nil {
				t.Fatal(err)
			}
			if tt.restart {
				w.restart()
			}
			for range 4 {
				w.tidies(keepSource)
			}
			if !kept(everywhere(t, w.fs, ""), mine) {
				t.Errorf("gone: %q", everywhere(t, w.fs, ""))
			}
		})
	}
}

// While a program has a file open that stood in the tree for a moment, what it
// writes must not go nowhere.
func TestAFileInTheWorkDirectoryThatIsOpenIsKept(t *testing.T) {
	w := newWorld(t, memfs.Options{})
	w.announce(w.fileOf("a", []byte("old")))
	w.sync()
	e := w.fileOf("a", []byte("fetched"))
	w.announce(e)
	w.want(w.pull.Fetch(t.Context(), w.decide()), plan.Done)
	w.announceOver("a", w.goneOf("a", e))
	h, err := w.mem.User().Hold(tempOf(&e, folderfs.Complete))
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		w.tidies(keepSource)
	}
	w.wantTemps("it is open", "fetched")
	if _, err := h.Write([]byte(", and late")); err != nil {
		t.Fatal(err)
	}
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		w.tidies(keepSource)
	}
	w.wantTemps("it was written to", "fetched, and late")
}

// A Fetch goes on with a file that was found due, or comes a moment too late.
func TestAFileThatAFetchWorksOnIsNotRemoved(t *testing.T) {
	w := newWorld(t, memfs.Options{})
	e := w.fileOf("a", bytesOf(2*mebi, 1))
	part := tempOf(&e, folderfs.Partial)
	if err := w.mem.User().Write(part, []byte("begun")); err != nil {
		t.Fatal(err)
	}
	if !w.pull.takeOff("a") {
		t.Fatal("a Fetch cannot begin")
	}
	if err := w.pull.clear([]string{part}); err != nil {
		t.Fatal(err)
	}
	w.wantTemps("a Fetch works on it", "begun")
	w.pull.land("a")
	if !w.pull.ground(keyOf("a")) {
		t.Fatal("it cannot be removed")
	}
	w.announce(e)
	w.want(w.pull.Fetch(t.Context(), w.decide()), plan.Postponed)
	w.pull.lift(keyOf("a"))
	w.want(w.pull.Fetch(t.Context(), w.decide()), plan.Done)
	if got := w.temps(); len(got) != 1 || strings.Compare(got[0], string(bytesOf(2*mebi, 1))) != 0 {
		t.Errorf("%d files", len(got))
	}
	if len(w.pull.flying) > 0 {
		t.Errorf("still at work: %v", w.pull.flying)
	}
}
