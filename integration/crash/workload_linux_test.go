package crash

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync/atomic"

	"github.com/labsync/labsync/internal/device"
	"github.com/labsync/labsync/internal/folderfs"
)

// work is what the process that writes to the recording disks is to do.
type work struct {
	Folder string // where the folder's disk is mounted
	Index  string // where the index lies
	Peer   string // where the peer lies, on a disk of no interest
	Seed   uint64
	Bursts int
	Harm   harm
	Lack   folderfs.Capabilities
}

// workEnv holds a work for a process of this test program.
const workEnv = "LABSYNC_CRASH_WORK"

var (
	theDevice = device.ID{1}
	thePeer   = device.ID{2}
)

// Below Folder and Peer: the folder itself, and where users put things aside.
const (
	folderDir = "folder"
	asideDir  = "aside"
	indexFile = "index.db"
)

// workIn is the main function of that process.
func workIn() int {
	var w work
	err := json.Unmarshal([]byte(os.Getenv(workEnv)), &w)
	if err == nil {
		err = w.run(&marker{out: os.Stdout, in: bufio.NewReader(os.Stdin)})
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "workload:", err)
		return 1
	}
	return 0
}

// shift is a workload under way.
type shift struct {
	work
	marks        *marker
	rng          *rand.Rand
	device, peer *node
	here, there  *user
	armed        atomic.Pointer[string] // to be saved at the next exchange
	failed       atomic.Pointer[error]  // of that
}

func (w work) run(marks *marker) error {
	s := &shift{work: w, marks: marks, rng: rand.New(rand.NewPCG(w.Seed, 1))}
	if err := s.open(); err != nil {
		return err
	}
	s.device.start()
	s.peer.start()
	err := connect(context.Background(), s.device, s.peer)
	for i := 0; err == nil && i < w.Bursts; i++ {
		err = s.burst()
	}
	if err == nil {
		err = agree(s.device, s.peer)
	}
	if failed := s.failed.Load(); failed != nil {
		err = errors.Join(err, *failed)
	}
	return errors.Join(err, s.device.end(), s.peer.end())
}

func (s *shift) open() error {
	var serial atomic.Int64
	next := func() int { return int(serial.Add(1)) }
	s.here = &user{root: filepath.Join(s.Folder, folderDir), aside: filepath.Join(s.Folder, asideDir),
		areas: []string{ownArea, bothArea}, rng: rand.New(rand.NewPCG(s.Seed, 2)), next: next,
		saved: func(n int) error { return s.marks.set(mark{Kind: saved, Serial: n}) }}
	s.there = &user{root: filepath.Join(s.Peer, folderDir), aside: filepath.Join(s.Peer, asideDir),
		areas: []string{peerArea, peerArea, peerArea, bothArea}, rng: rand.New(rand.NewPCG(s.Seed, 3)), next: next}
	for _, area := range []string{peerArea, bothArea} {
		if err := os.MkdirAll(s.there.path(area), 0o755); err != nil {
			return err
		}
	}
	if err := errors.Join(os.Mkdir(s.here.path(ownArea), 0o755), os.Mkdir(s.there.aside, 0o755)); err != nil {
		return err
	}
	ctx := context.Background()
	var err error
	s.device, err = openNode(ctx, nodeOptions{
		id: theDevice, root: s.here.root, db: filepath.Join(s.Index, indexFile), lack: s.Lack,
		wrap: s.Harm.wrap, seen: s.marks.set, forgetful: s.Harm == noIndexFlush, fault: s.ambush,
	})
	if err != nil {
		return err
	}
	s.peer, err = openNode(ctx, nodeOptions{
		id: thePeer, root: s.there.root, db: filepath.Join(s.Peer, indexFile),
		seen: func(m mark) error {
			if m.Kind != committed {
				return nil
			}
			m.Kind = atPeer
			return s.marks.set(m)
		},
	})
	return err
}

// ambush saves a file in the moment in which it, or another, is exchanged.
func (s *shift) ambush(point string) error {
	if point != "pull.exchange" {
		return nil
	}
	name := s.armed.Swap(nil)
	if name == nil {
		return nil
	}
	if err := unlessOvertaken(s.here.replace(*name)); err != nil {
		s.failed.CompareAndSwap(nil, &err)
	}
	return nil
}

// burst does some things at once on both sides, and mostly waits until they
// have come to the other.
func (s *shift) burst() error {
	ambushed := false
	if s.rng.IntN(3) == 0 {
		if name, ok := s.there.pick(bothArea, false); ok {
			s.armed.Store(&name)
			ambushed = true
			if err := unlessOvertaken(s.there.replace(name)); err != nil {
				return err
			}
		}
	}
	for range 1 + s.rng.IntN(10) {
		if err := s.there.act(); err != nil {
			return err
		}
	}
	if !ambushed { // else the user here belongs to the ambush
		for range s.rng.IntN(4) {
			if err := s.here.act(); err != nil {
				return err
			}
		}
	}
	if ambushed || s.rng.IntN(3) > 0 {
		err := agree(s.device, s.peer)
		s.armed.Store(nil)
		return err
	}
	return nil
}

// agree waits until two nodes need nothing and show the same.
func agree(a, b *node) error {
	var differ string
	err := await("agreement", func() (bool, error) {
		for _, n := range []*node{a, b} {
			if settled, err := n.run.Settled(context.Background()); !settled || err != nil {
				return false, err
			}
		}
		x, err := shown(a.opt.root)
		if err != nil {
			return false, unlessOvertaken(err)
		}
		y, err := shown(b.opt.root)
		if err != nil {
			return false, unlessOvertaken(err)
		}
		differ = x.difference(y)
		return differ == "", nil
	})
	if err != nil && differ != "" {
		return fmt.Errorf("%w: %s", err, differ)
	}
	return err
}
