package crash

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/labsync/labsync/integration/crash/internal/writelog"
	"github.com/labsync/labsync/internal/folderfs"
	"github.com/labsync/labsync/internal/testkit/mount"
)

// setup says what is recorded.
type setup struct {
	typ    mount.Type
	shared bool // folder and index lie on one disk
	seed   uint64
	bursts int
	harm   harm
	lack   folderfs.Capabilities
}

// recording is the log of a workload, and what it left at the peer.
type recording struct {
	setup
	log           writelog.Log
	folder, index *writelog.Device
	ghost         *ghost
	peer          string // Peer of the work
}

func need(t *testing.T, types ...mount.Type) {
	t.Helper()
	for _, typ := range append(types, mount.Ext4()) {
		mount.Need(t, typ)
	}
	if _, err := exec.LookPath(writelog.Program); err != nil {
		t.Skip(writelog.Program + " is not installed")
	}
}

// shortDir is a directory with a path that leaves room for a socket's name.
func shortDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "lsc")
	must(t, err)
	t.Cleanup(func() { must(t, os.RemoveAll(dir)) })
	return dir
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// record runs a workload on recording disks.
func record(t *testing.T, s setup) *recording {
	t.Helper()
	r := &recording{setup: s, peer: t.TempDir()}
	must(t, unix.Mount("none", r.peer, "tmpfs", 0, "size=256m"))
	t.Cleanup(func() { must(t, mount.Unmount(r.peer)) })
	folder, detachFolder := r.attach(t, &r.folder, s.typ)
	index, detachIndex := folder, func() error { return nil }
	if s.shared {
		r.index = r.folder
	} else {
		index, detachIndex = r.attach(t, &r.index, mount.Ext4())
	}
	for _, dir := range []string{folderDir, asideDir} {
		must(t, os.Mkdir(filepath.Join(folder, dir), 0o755))
	}
	must(t, errors.Join(syncAll(folder), syncAll(index)))
	r.log.Begin()
	began := time.Now()
	err := r.work(work{Folder: folder, Index: index, Peer: r.peer, Seed: s.seed, Bursts: s.bursts, Harm: s.harm, Lack: s.lack})
	must(t, errors.Join(err, detachFolder(), detachIndex()))
	writes, flushes := r.log.Counts()
	end := writelog.NewReplay(&r.log)
	end.Advance(r.log.Len())
	r.ghost = newGhost(end.Marks())
	t.Logf("%s: %d names of the peer's, %d recorded, %d writes and %d flushes in %v", s.typ.Name,
		len(r.ghost.peer), len(r.ghost.recorded), writes, flushes, time.Since(began).Round(time.Millisecond))
	return r
}

// syncAll writes everything of a mounted file system.
func syncAll(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(unix.Syncfs(int(d.Fd())), d.Close())
}

// attach makes a recording disk with an empty file system and mounts it.
func (r *recording) attach(t *testing.T, device **writelog.Device, typ mount.Type) (dir string, detach func() error) {
	t.Helper()
	*device = r.log.NewDevice(typ.Size)
	disk, err := (*device).Attach(shortDir(t))
	must(t, err)
	dir = t.TempDir()
	detach = func() error { return errors.Join(mount.Unmount(dir), disk.Close()) }
	must(t, typ.Format(disk.Path()))
	must(t, typ.Mount(disk.Path(), dir))
	return dir, detach
}

// work lets another process do the work, since this one serves the disks.
func (r *recording) work(w work) error {
	text, err := json.Marshal(w)
	if err != nil {
		return err
	}
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), workEnv+"="+string(text))
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	in, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	err = receive(out, in, func(m mark) { r.log.Mark(m) })
	if err = errors.Join(err, cmd.Wait()); err != nil {
		return fmt.Errorf("the workload with seed %d: %w", w.Seed, err)
	}
	return nil
}
