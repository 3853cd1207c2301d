package daemon

import (
	"context"
	"testing"
	"time"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/internal/api"
	"github.com/labsync/labsync/internal/device"
	"github.com/labsync/labsync/internal/event"
	"github.com/labsync/labsync/internal/testkit"
	"github.com/labsync/labsync/transport/session"
)

// far is a device that says what a test wants it to, to one site.
type far struct {
	*session.Session
	s       *site
	id      device.ID
	heard   chan any // *session.Folder, []index.Record and []index.Update as they come
	ended   chan struct{}
	release context.CancelFunc
}

// meets adds a device to a running site and shares the folder with it.
func (s *site) meets(id device.ID) {
	s.t.Helper()
	_, err := s.AddDevice(s.bounded(), api.DeviceConfig{ID: id.String(), Name: "far"})
	s.must(err)
	_, err = s.AddFolder(s.bounded(), api.FolderAdd{Path: s.root, ID: lab, Devices: []string{id.String()}})
	s.must(err)
	s.must(s.runs(lab))
}

// connect begins a session with the site, from an instance of the far device.
func (s *site) connect(id device.ID, instance uint64) *far {
	s.t.Helper()
	f, err := s.greet(id, instance)
	s.must(err)
	return f
}

// greet is connect for a device that may be refused before its greeting ends.
func (s *site) greet(id device.ID, instance uint64) (*far, error) {
	s.t.Helper()
	near, conn := testkit.Pipe(s.self, id)
	s.Daemon.accept(near)
	link, err := session.Greet(s.bounded(), conn, session.Hello{DeviceName: "far", ClientName: "test", Instance: instance})
	if err != nil {
		return nil, err
	}
	f := &far{s: s, id: id, heard: make(chan any, 1000), ended: make(chan struct{})}
	f.Session, err = session.New(link, f, session.Options{})
	s.must(err)
	ctx, cancel := context.WithCancel(context.Background())
	f.release = cancel
	go func() {
		defer close(f.ended)
		f.Run(ctx)
	}()
	s.t.Cleanup(func() {
		cancel()
		<-f.ended
	})
	return f, nil
}

func (f *far) ClusterConfig(_ context.Context, c session.ClusterConfig) error {
	for i := range c.Folders {
		f.heard <- &c.Folders[i]
	}
	return nil
}

func (f *far) Index(_ context.Context, _ string, batch []index.Update, _ int64, _ []session.Rejected) error {
	f.heard <- batch
	return nil
}

func (f *far) Records(_ context.Context, _ string, records []index.Record) error {
	f.heard <- records
	return nil
}

func (f *far) Serve(context.Context, string, []session.Range, func(int, []byte, error) error) error {
	return nil
}

// says tells the site what the far device has of the folder, and what it knows
// of the site's index.
func (f *far) says(folder session.Folder, ownIndex uint64, own int64, knownIndex uint64, known int64) {
	f.s.t.Helper()
	folder.ID = lab
	folder.Devices = []session.Device{
		{ID: f.id, IndexID: ownIndex, MaxSequence: own}, {ID: f.s.self, IndexID: knownIndex, MaxSequence: known},
	}
	f.s.must(f.SendClusterConfig(f.s.bounded(), session.ClusterConfig{Folders: []session.Folder{folder}}))
}

// next returns the next thing heard that is a T.
func next[T any](f *far, what string) (found T) {
	f.s.t.Helper()
	late := time.After(patience)
	for {
		select {
		case x := <-f.heard:
			if is, ok := x.(T); ok {
				return is
			}
		case <-f.ended:
			f.s.t.Fatalf("the session ended before %s came", what)
		case <-late:
			f.s.t.Fatalf("%s did not come", what)
		}
	}
}

// shared returns what the site says of the folder once it runs, and of its own
// index.
func (f *far) shared() (*session.Folder, session.Device) {
	f.s.t.Helper()
	for {
		folder := next[*session.Folder](f, "what is shared")
		if folder.ID == lab && !folder.Paused {
			return folder, *find(folder, f.s.self)
		}
	}
}

func (f *far) announces(sequence int64, names ...string) {
	f.s.t.Helper()
	var updates []index.Update
	for i, name := range names {
		updates = append(updates, index.Update{Sequence: sequence + int64(i), Heads: []index.Entry{{
			Name: name, Type: index.Directory, Mode: 0o755, Version: index.Version{{Replica: 77, Value: 1}}, ModifiedBy: 77,
		}}})
	}
	f.s.must(f.SendIndex(f.s.bounded(), lab, updates, sequence+int64(len(names))-1))
}

// remote returns how far the far device's announcements are recorded.
func (f *far) remote() index.RemoteIndex {
	f.s.t.Helper()
	_, s := f.s.running()[lab].folder.running()
	r, err := s.Remote(f.s.bounded(), f.id)
	f.s.must(err)
	return r
}

func farSite(t *testing.T) (*site, device.ID) {
	t.Helper()
	a := newSite(t, "a")
	a.save("file", "content")
	a.start()
	id := testkit.ID(9)
	a.meets(id)
	a.awaitPath(0, event.FileChanged, "file")
	return a, id
}

func TestRecordsComeBeforeEntries(t *testing.T) {
	a, id := farSite(t)
	f := a.connect(id, 1)
	f.shared()
	f.says(session.Folder{}, 5, 0, 0, 0)
	records := 0
	for {
		switch x := next[any](f, "an entry").(type) {
		case []index.Record:
			for _, r := range x {
				if r.Kind == kindReplica {
					records++
				}
			}
		case []index.Update:
			if records == 0 || x[0].Heads[0].Name != "file" {
				t.Errorf("%d replicas were told before %v", records, x)
			}
			return
		}
	}
}

func TestAnotherIndexOfADeviceReplacesTheFirst(t *testing.T) {
	a, id := farSite(t)
	f := a.connect(id, 1)
	f.shared()
	f.says(session.Folder{}, 5, 1, 0, 0)
	f.announces(1, "one")
	a.awaitPath(0, event.FilePlaced, "one")
	if r := f.remote(); r != (index.RemoteIndex{Index: 5, Sequence: 1}) {
		t.Errorf("recorded of the device: %+v", r)
	}
	f.says(session.Folder{}, 6, 1, 0, 0)
	f.announces(1, "two")
	a.awaitPath(0, event.FilePlaced, "two")
	if r := f.remote(); r != (index.RemoteIndex{Index: 6, Sequence: 1}) {
		t.Errorf("recorded of the device's new index: %+v", r)
	}
	_, s := a.running()[lab].folder.running()
	one, _, err := s.State(a.bounded(), "one")
	if err != nil || len(one.Heads) != 1 || len(one.Heads[0].Devices) != 0 {
		t.Errorf("of the old index there is left: %+v, %v", one, err)
	}
}

func TestAPeerThatKnowsMoreMakesTheIndexANewOne(t *testing.T) {
	a, id := farSite(t)
	f := a.connect(id, 1)
	_, before := f.shared()
	f.says(session.Folder{}, 5, 0, before.IndexID, before.MaxSequence+1000)
	a.awaitCode(0, "index-renewed")
	_, after := f.shared()
	for after.IndexID == before.IndexID {
		_, after = f.shared()
	}
	f.says(session.Folder{}, 5, 0, before.IndexID, before.MaxSequence+1000)
	if updates := next[[]index.Update](f, "all of the new index"); len(updates) != 1 || updates[0].Heads[0].Name != "file" {
		t.Errorf("the new index is announced as %+v", updates)
	}
	if n := a.count(func(e api.Event) bool { return e.Fields["code"] == "index-renewed" }); n != 1 {
		t.Errorf("it was renewed %d times", n)
	}
}

func TestADeviceThatPausedIsSentNothing(t *testing.T) {
	a, id := farSite(t)
	f := a.connect(id, 1)
	_, own := f.shared()
	f.says(session.Folder{}, 5, 0, 0, 0)
	next[[]index.Update](f, "what is there")
	f.says(session.Folder{Paused: true}, 5, 0, own.IndexID, own.MaxSequence)
	f.announces(1, "told after the pause") // once that is recorded, the pause is in effect
	a.awaitPath(0, event.FilePlaced, "told after the pause")
	since := a.events.Last()
	a.save("while paused", "content")
	a.awaitPath(since, event.FileChanged, "while paused")
	f.says(session.Folder{}, 5, 1, own.IndexID, own.MaxSequence)
	a.save("after", "content")
	sent := map[string]int{}
	for sent["after"] == 0 {
		for _, u := range next[[]index.Update](f, "what it missed") {
			sent[u.Heads[0].Name]++
		}
	}
	if sent["while paused"] != 1 || sent["file"] != 0 {
		t.Errorf("it was sent %v; want what it did not know, once", sent)
	}
}

func TestAfterAMissedAnnouncementASessionIsBegunAnew(t *testing.T) {
	a, id := farSite(t)
	f := a.connect(id, 1)
	f.shared()
	f.says(session.Folder{}, 5, 1, 0, 0)
	f.announces(1, "one")
	a.awaitPath(0, event.FilePlaced, "one")
	a.must(a.PauseFolder(a.bounded(), lab, true))
	f.announces(2, "two") // on its way when the folder was paused
	q := a.peers.get(id)
	for look := 0; !q.missedSome(lab) && look < 50; look++ {
		<-shortly(t, look).Done()
	}
	a.must(a.PauseFolder(a.bounded(), lab, false))
	select {
	case <-f.ended: // else what it announces next would stand for all before
	case <-time.After(patience):
		t.Fatal("the session goes on")
	}
	f = a.connect(id, 1)
	folder, _ := f.shared()
	if theirs := find(folder, id); theirs.MaxSequence != 1 {
		t.Errorf("the device is said to be known up to %d; want 1", theirs.MaxSequence)
	}
	f.says(session.Folder{}, 5, 2, 0, 0)
	f.announces(2, "two")
	a.awaitPath(0, event.FilePlaced, "two")
}

func TestASecondInstanceIsToldOnce(t *testing.T) {
	a, id := farSite(t)
	f := a.connect(id, 1)
	f.shared()
	for range 2 {
		second, err := a.greet(id, 2)
		if err != nil {
			continue // refused at once
		}
		select {
		case <-second.ended:
		case <-f.ended:
			t.Fatal("the first instance was put out")
		case <-time.After(patience):
			t.Fatal("a second instance is not refused")
		}
	}
	refused := func(e api.Event) bool { return e.Type == string(event.DeviceRefused) && e.Device == id.String() }
	a.await(0, "the second instance", refused)
	if n := a.count(refused); n != 1 {
		t.Errorf("it was told %d times", n)
	}
}

func TestAFurtherConnectionJoinsTheSession(t *testing.T) {
	a, id := farSite(t)
	f := a.connect(id, 1)
	f.shared()
	near, conn := testkit.Pipe(a.self, id)
	a.Daemon.accept(near)
	link, err := session.Greet(a.bounded(), conn, session.Hello{DeviceName: "far", ClientName: "test", Instance: 1})
	a.must(err)
	a.must(f.Attach(a.bounded(), link))
	f.says(session.Folder{}, 5, 0, 0, 0)
	next[[]index.Update](f, "an entry")
	if n := a.count(func(e api.Event) bool { return e.Type == string(event.DeviceConnected) }); n != 1 {
		t.Errorf("%d sessions were begun", n)
	}
}

func TestADeviceThatComesBackAtOnceIsSentWhatIsNew(t *testing.T) {
	a, id := farSite(t)
	for i := range 10 {
		f := a.connect(id, 1)
		_, own := f.shared()
		f.says(session.Folder{}, 5, 0, own.IndexID, own.MaxSequence)
		name := string(rune('a' + i))
		a.save(name, "content")
		for found := false; !found; {
			for _, u := range next[[]index.Update](f, "what is new") {
				found = found || u.Heads[0].Name == name
			}
		}
		f.release()
		<-f.ended
	}
}
