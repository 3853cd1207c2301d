package daemon

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/labsync/labsync/internal/api"
	"github.com/labsync/labsync/internal/event"
)

func TestTwoDaemonsKeepAFolderTheSame(t *testing.T) {
	a, b := newSite(t, "a"), newSite(t, "b")
	a.save("of a", "one")
	b.save("of b", "two")
	join(a, b)
	a.holds("of b", "two")
	b.holds("of a", "one")

	since := b.events.Last()
	a.save("live", "three")
	b.awaitPath(since, event.FilePlaced, "live")
	b.holds("live", "three")
	since = a.events.Last()
	b.must(os.Remove(filepath.Join(b.root, "live")))
	a.awaitPath(since, event.FileDeleted, "live")
	a.inSync()

	if f := a.folderStatus(lab); f.State != api.FolderIdle || f.LocalFiles != 2 || f.NeedFiles != 0 || len(f.Errors) != 0 {
		t.Errorf("status of the folder = %+v", f)
	}
	status, err := a.Status(t.Context())
	if d := status.Devices[0]; err != nil || !d.Connected || d.NeedFiles != 0 || d.LastSeen == nil || d.Transport == "" || d.BytesReceived == 0 {
		t.Errorf("status of the device = %+v, %v", d, err)
	}
}

func TestWaitIsNotDoneBeforeTheOtherIndexIsHeard(t *testing.T) {
	a, b := newSite(t, "a"), newSite(t, "b")
	for i := range 300 {
		b.save(strings.Repeat("x", i%9+1)+string(rune('a'+i%26))+strings.Repeat("y", i/26), "content")
	}
	join(a, b) // a has nothing of its own: it agrees only once it has all of b's
	if f := a.folderStatus(lab); f.LocalFiles != b.folderStatus(lab).LocalFiles {
		t.Errorf("%d files are here when all is said to be in sync", f.LocalFiles)
	}
}

func TestAChangedFolderIsRunAnewAndNothingIsLostMeanwhile(t *testing.T) {
	a, b := pair(t)
	for i := range 5 {
		since := b.events.Last()
		name := strings.Repeat("n", i+1)
		a.save(name, "content")
		// Every change of what a folder depends on stops and starts it.
		_, err := b.SetFolder(b.bounded(), lab, api.FolderSet{Blocks: []string{api.BlocksFixed, api.BlocksContent}[i%2]})
		b.must(err)
		b.awaitPath(since, event.FilePlaced, name)
	}
	a.inSync()
	b.inSync()
}

func TestOnlyTheChangedFolderIsRunAnew(t *testing.T) {
	a := newSite(t, "a")
	a.start()
	a.shares()
	_, err := a.AddFolder(a.bounded(), api.FolderAdd{Path: filepath.Join(t.TempDir(), "other"), ID: "other"})
	a.must(err)
	kept, changed := a.running()[lab], a.running()["other"]
	_, err = a.SetFolder(a.bounded(), "other", api.FolderSet{Direction: api.SendOnly})
	a.must(err)
	now := a.running()
	if now[lab] != kept || now["other"] == changed {
		t.Error("a folder that was not changed was run anew, or the changed one was not")
	}
}

func TestAPausedFolderAndDeviceComeBack(t *testing.T) {
	a, b := pair(t)
	since := b.events.Last()
	b.must(b.PauseFolder(b.bounded(), lab, true))
	if f := b.folderStatus(lab); f.State != api.FolderPaused {
		t.Errorf("a paused folder is %s", f.State)
	}
	a.save("while paused", "one")
	a.awaitPath(0, event.FileChanged, "while paused")
	b.must(b.PauseFolder(b.bounded(), lab, false))
	b.awaitPath(since, event.FilePlaced, "while paused")

	since = b.events.Last()
	b.must(b.PauseDevice(b.bounded(), a.self.String(), true))
	b.await(since, "disconnection", func(e api.Event) bool { return e.Type == string(event.DeviceDisconnected) })
	a.save("while alone", "two")
	b.must(b.PauseDevice(b.bounded(), a.self.String(), false))
	b.awaitPath(since, event.FilePlaced, "while alone")
	a.inSync()
}

func TestADaemonThatWasAwayCatchesUp(t *testing.T) {
	a, b := pair(t)
	b.stop()
	a.save("meanwhile", "one")
	b.save("too", "two")
	b.start() // on other ports: it has to connect
	b.awaitPath(0, event.FilePlaced, "meanwhile")
	a.awaitPath(0, event.FilePlaced, "too")
	a.inSync()
	b.inSync()
	if n := b.count(func(e api.Event) bool { return e.Type == string(event.FilePlaced) && e.Path == "too" }); n != 0 {
		t.Error("what was saved here came back as another device's")
	}
}

func TestARemovedDeviceIsForgotten(t *testing.T) {
	a, b := newSite(t, "a"), newSite(t, "b")
	a.start()
	b.start()
	a.knows(b)
	b.knows(a)
	a.shares(b)
	b.shares(a)
	a.inSync()
	b.save("file", "content")
	a.awaitPath(0, event.FilePlaced, "file")
	a.inSync()
	_, s := a.running()[lab].folder.running()
	if known, err := s.Remotes(t.Context()); err != nil || len(known) != 1 {
		t.Fatalf("devices known = %v, %v", known, err)
	}
	a.must(a.RemoveDevice(a.bounded(), b.self.String()))
	a.must(a.runs(lab))
	_, s = a.running()[lab].folder.running()
	known, err := s.Remotes(t.Context())
	if err != nil || len(known) != 0 {
		t.Errorf("devices known after the removal = %v, %v", known, err)
	}
	b.await(0, "disconnection", func(e api.Event) bool { return e.Type == string(event.DeviceDisconnected) })
}

// runs waits until a folder runs.
func (s *site) runs(id string) error {
	for look := range 1000 {
		r := s.running()[id]
		if r == nil {
			return errors.New("no such folder")
		}
		if run, _ := r.folder.running(); run != nil {
			_, err := run.Settled(s.bounded())
			return err
		}
		// The folder tells nothing when it begins; a look costs next to nothing.
		if err := s.Wait(shortly(s.t, look), id); err == nil {
			return nil
		}
	}
	return errors.New("it does not run")
}

func TestARemovedFolderMayBeAddedWithAnotherDirectory(t *testing.T) {
	a := newSite(t, "a")
	a.save("file", "content")
	a.start()
	a.shares()
	a.awaitPath(0, event.FileChanged, "file")
	a.must(a.RemoveFolder(a.bounded(), lab))
	if _, err := os.Stat(a.IndexPath(lab)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the index of a removed folder: %v; want it gone", err)
	}
	a.root = filepath.Join(t.TempDir(), "another")
	a.must(os.Mkdir(a.root, 0o755))
	since := a.events.Last()
	a.save("other", "content")
	a.shares()
	a.awaitPath(since, event.FileChanged, "other")
}

func TestAConfigurationThatIsNotValidIsRefusedAndTheOldOneHolds(t *testing.T) {
	a := newSite(t, "a")
	a.start()
	a.shares()
	path := filepath.Join(a.home, "config.toml")
	before, err := os.ReadFile(path)
	a.must(err)
	a.must(os.WriteFile(path, append(before, "\nnonsense = 1\n"...), 0o600))
	if err := a.Reload(); err == nil || !strings.Contains(err.Error(), "nonsense") {
		t.Errorf("Reload = %v; want a refusal that names the key", err)
	}
	a.await(0, "the refusal", func(e api.Event) bool { return e.Type == string(event.ConfigRefused) })
	if a.running()[lab] == nil {
		t.Error("the folder does not run any more")
	}
}

func TestASecondDaemonOnOneHomeIsRefused(t *testing.T) {
	a := newSite(t, "a")
	a.start()
	if _, err := New(a.home, Options{}); !errors.Is(err, ErrHomeInUse) {
		t.Errorf("New = %v; want ErrHomeInUse", err)
	}
}

func TestAcceptIgnoreAcceptsTheRulesThatWait(t *testing.T) {
	a, b := newSite(t, "a"), newSite(t, "b")
	a.save(".labsyncignore", "*.tmp\n")
	join(a, b)
	b.save("x.tmp", "private")
	since := b.events.Last()
	a.save(".labsyncignore", "nothing\n")
	b.awaitPath(since, event.FilePlaced, ".labsyncignore")
	if f := b.folderStatus(lab); f.State != api.FolderWaiting || f.Waiting == nil || !strings.Contains(f.Waiting.Command, "--accept-ignore") {
		t.Errorf("status = %+v; want it to wait", f)
	}
	_, err := b.SetFolder(b.bounded(), lab, api.FolderSet{AcceptIgnore: true})
	b.must(err)
	a.awaitPath(0, event.FilePlaced, "x.tmp")
}

func TestCommandsForFoldersThatAreNotSo(t *testing.T) {
	a := newSite(t, "a")
	a.start()
	a.shares()
	a.must(a.runs(lab))
	ctx := a.bounded()
	for what, err := range map[string]error{
		"override of a folder that is not send-only":  a.OverrideFolder(ctx, lab),
		"revert of a folder that is not receive-only": a.RevertFolder(ctx, lab),
		"rescan outside the folder":                   a.RescanFolder(ctx, lab, "../etc"),
		"rescan of the work directory":                a.RescanFolder(ctx, lab, ".labsync/tmp"),
		"rescan of no folder":                         a.RescanFolder(ctx, "none", ""),
		"wait for no folder":                          a.Wait(ctx, "none"),
	} {
		if refused := (*api.Error)(nil); !errors.As(err, &refused) {
			t.Errorf("%s: %v; want a refusal", what, err)
		}
	}
	a.must(a.RescanFolder(ctx, lab, "./sub/"))
	a.must(a.RescanFolder(ctx, lab, ""))
}
