package daemon

import (
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/internal/api"
	"github.com/labsync/labsync/internal/event"
	"github.com/labsync/labsync/internal/testkit"
	"github.com/labsync/labsync/transport/session"
)

// TestASequenceThatWasNeverUsedShowsACopy tells a site of sequences of its index
// that lie between two runs: another database that began as a copy used them.
func TestASequenceThatWasNeverUsedShowsACopy(t *testing.T) {
	tests := []struct {
		name   string
		number func(first, second session.Device) int64
		copied bool
	}{
		{"all of the first run", func(first, _ session.Device) int64 { return first.MaxSequence }, false},
		{"more than the first run had", func(first, _ session.Device) int64 { return first.MaxSequence + 1 }, true},
		{"just less than the second run began with", func(_, second session.Device) int64 { return second.MaxSequence - 2 }, true},
		{"what the second run began with", func(_, second session.Device) int64 { return second.MaxSequence - 1 }, false},
		{"all of the second run", func(_, second session.Device) int64 { return second.MaxSequence }, false},
		{"more than there is", func(_, second session.Device) int64 { return second.MaxSequence + 1 }, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a, id := farSite(t)
			_, first := a.connect(id, 1).shared()
			a.stop()
			a.save("second", "x")
			a.start()
			a.awaitPath(0, event.FileChanged, "second")
			f := a.connect(id, 2)
			_, second := f.shared()
			for second.MaxSequence <= first.MaxSequence+1<<28 { // said before the scan
				a.peers.announce(t.Context())
				_, second = f.shared()
			}
			if second.IndexID != first.IndexID {
				t.Fatal("an ordinary start made another index")
			}
			f.says(session.Folder{}, 5, 0, second.IndexID, tt.number(first, second))
			f.announces(1, "passes all that") // is taken by the index as it is by now
			if tt.copied {
				a.awaitCode(0, "index-renewed")
				return
			}
			a.awaitPath(0, event.FilePlaced, "passes all that")
			if n := a.count(func(e api.Event) bool { return e.Fields["code"] == "index-renewed" }); n != 0 {
				t.Error("the index was renewed")
			}
		})
	}
}

// TestAForkHandsOverWhatIsNotKnownElsewhere lets a restored site show another
// version of a file than the one that was made before.
func TestAForkHandsOverWhatIsNotKnownElsewhere(t *testing.T) {
	a, id := farSite(t)
	f := a.connect(id, 1)
	_, own := f.shared()
	_, s := a.running()[lab].folder.running()
	before, _, err := s.State(a.bounded(), "file")
	a.must(err)
	who, err := s.Identity(a.bounded())
	a.must(err)
	f.says(session.Folder{}, 5, 0, own.IndexID, own.MaxSequence+1000)
	a.awaitCode(0, "index-renewed")
	a.must(a.runs(lab))
	_, s = a.running()[lab].folder.running()
	after, _, err := s.State(a.bounded(), "file")
	a.must(err)
	v := after.Local.Entry.Version
	if v.Counter(who.Replica) != 0 || v.Compare(before.Local.Entry.Version) != index.Concurrent || !after.Local.Entry.Baseless() {
		t.Errorf("version %v became %v", before.Local.Entry.Version, v)
	}
}

// TestAnAnnouncementThatWasRefusedIsShownAfterARestart: it is not sent again.
func TestAnAnnouncementThatWasRefusedIsShownAfterARestart(t *testing.T) {
	a, id := farSite(t)
	f := a.connect(id, 1)
	f.shared()
	f.says(session.Folder{}, 5, 2, 0, 0)
	ahead := uint64(time.Now().AddDate(11, 0, 0).Unix())
	f.s.must(f.SendIndex(a.bounded(), lab, []index.Update{{Sequence: 1, Heads: []index.Entry{{
		Name: "ahead", Type: index.Directory, Mode: 0o755, Version: index.Version{{Replica: 77, Value: ahead}}, ModifiedBy: 77,
	}}}}, 1))
	f.announces(2, "good")
	a.awaitPath(0, event.FilePlaced, "good")
	shown := func() bool {
		for _, p := range a.folderStatus(lab).Errors {
			if p.Path == "ahead" && p.Code == "refused-name" {
				return true
			}
		}
		return false
	}
	if !shown() {
		t.Fatalf("it is not shown: %+v", a.folderStatus(lab))
	}
	a.stop()
	a.start()
	a.must(a.runs(lab))
	if !shown() {
		t.Error("after a restart it is not shown")
	}
	f = a.connect(id, 2)
	f.shared()
	f.says(session.Folder{}, 5, 3, 0, 0)
	f.announces(3, "ahead")
	a.awaitPath(0, event.FilePlaced, "ahead")
	if shown() {
		t.Error("it is shown still when the device has put it right")
	}
}

// TestAClockAt1970TakesWhatOthersAnnounce: by its own clock all of it would be
// decades ahead.
func TestAClockAt1970TakesWhatOthersAnnounce(t *testing.T) {
	var shift atomic.Int64
	a := newSite(t, "a")
	a.clock = func() time.Time { return time.Unix(shift.Load(), 0) }
	a.start()
	id := testkit.ID(9)
	a.meets(id)
	f := a.connect(id, 1)
	f.shared()
	f.says(session.Folder{}, 5, 1, 0, 0)
	of := uint64(time.Now().Unix())
	a.must(f.SendIndex(a.bounded(), lab, []index.Update{{Sequence: 1, Heads: []index.Entry{{
		Name: "theirs", Type: index.Directory, Mode: 0o755, Version: index.Version{{Replica: 77, Value: of}}, ModifiedBy: 77,
	}}}}, 1))
	a.awaitPath(0, event.FilePlaced, "theirs")
	a.save("ours", "x")
	a.awaitPath(0, event.FileChanged, "ours")
	_, s := a.running()[lab].folder.running()
	ours, _, err := s.State(a.bounded(), "ours")
	if err != nil || ours.Local.Entry.Clock() < of {
		t.Errorf("a version made at 1970 is dated %d, before others' %d (%v)", ours.Local.Entry.Clock(), of, err)
	}
	status, err := a.Status(t.Context())
	if err != nil || len(status.Errors) != 1 || status.Errors[0].Code != codeClock || !strings.Contains(status.Errors[0].Text, "1970") {
		t.Errorf("status says %+v, %v", status.Errors, err)
	}
	a.awaitCode(0, codeClock)
	shift.Store(time.Now().Unix())
	a.await(0, "the clock to be right", func(e api.Event) bool { return e.Type == string(event.ProblemCleared) })
}

// TestNobodyWaitsForASendOnlyDevice has one that never takes what is here.
func TestNobodyWaitsForASendOnlyDevice(t *testing.T) {
	a, id := farSite(t)
	f := a.connect(id, 1)
	f.shared()
	f.says(session.Folder{Direction: session.SendOnly}, 5, 0, 0, 0)
	a.inSync()
	if status, err := a.Status(t.Context()); err != nil || status.Devices[0].NeedFiles != 0 {
		t.Errorf("it needs %d files, %v", status.Devices[0].NeedFiles, err)
	}
}

// TestAReloadReturnsWhenTheChangeIsInEffect lets follow take the change first.
func TestAReloadReturnsWhenTheChangeIsInEffect(t *testing.T) {
	a := newSite(t, "a")
	a.start()
	a.shares()
	a.must(a.runs(lab))
	a.must(a.Home.RemoveFolder(t.Context(), lab))
	if changed, err := a.load(); err != nil || !changed { // as follow does before it puts it into effect
		t.Fatalf("changed %v, %v", changed, err)
	}
	a.must(a.Reload())
	if len(a.running()) != 0 {
		t.Error("the folder still runs")
	}
}
