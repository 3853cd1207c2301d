package sim

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/labsync/labsync/conflict"
	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/index/memstore"
	"github.com/labsync/labsync/internal/device"
	"github.com/labsync/labsync/internal/folderfs"
	"github.com/labsync/labsync/internal/folderfs/memfs"
	"github.com/labsync/labsync/sync/engine"
	"github.com/labsync/labsync/sync/pull"
	"github.com/labsync/labsync/sync/scan"
	"github.com/labsync/labsync/sync/serve"
)

// Device is one machine: a folder, its index, the engine and the steps, and a
// clock that may be off.
type Device struct {
	w      *World
	name   string // one letter, for traces
	id     device.ID
	offset time.Duration // of its clock

	fs     *memfs.FS
	user   memfs.User
	index  *memstore.Store
	engine *engine.Engine
	scan   *scan.Scanner
	pull   *pull.Puller
	serve  *serve.Server

	tasks   []*task
	current *task     // the one that is running
	wake    time.Time // by its own clock; zero for none
	notices []notice
	held    []*memfs.Held // files that a program keeps open
	ambush  []Operation   // wait for a step of a placement

	inbox map[*Device]*inbox // what others send, by sender
	edits edits
	wrote map[index.Hash]bool // contents that its user wrote
	page  int                 // updates sent at a time
	sends int                 // pages with updates that it has sent
}

// notice is a file event on its way from the kernel to the engine.
type notice struct {
	at    int64
	scope engine.Scope
}

func (w *World) newDevice(i int, rng *rand.Rand) (*Device, error) {
	d := &Device{w: w, name: string(rune('a' + i)), inbox: map[*Device]*inbox{}, edits: newEdits(), wrote: map[index.Hash]bool{}}
	d.id[0], d.id[1] = byte(i+1), byte(rng.Uint32())
	d.offset = [...]time.Duration{0, 0, 3 * time.Second, -time.Minute, 5 * time.Hour, -48 * time.Hour}[rng.IntN(6)]
	d.page = [...]int{1, 2, 5, 100}[rng.IntN(4)]
	caps := memfs.Linux()
	if rng.IntN(3) == 0 {
		caps.ClockStep = 4 * time.Millisecond // of a kernel's tick: writes within it look alike
	}
	d.fs = memfs.New(memfs.Options{Capabilities: caps, Clock: d.stamp})
	d.user = d.fs.User()
	if err := d.fs.Prepare(); err != nil {
		return nil, err
	}
	var err error
	if d.index, err = memstore.New(memstore.Options{Random: randomBytes{rng}}); err != nil {
		return nil, err
	}
	d.scan = scan.New(d.fs, d.index, scan.Options{Now: d.clock})
	d.pull = pull.New(d.fs, d.index, source{d}, pull.Options{Now: d.clock, Outstanding: 1})
	d.serve = serve.New(d.fs, d.index, serve.Options{
		OnMismatch: func(name string) { d.notify(engine.Scope{Name: name}) },
	})
	return d, d.start()
}

// start recovers, as drive does, and begins the engine.
func (d *Device) start() error {
	if _, err := d.pull.Recover(d.w.ctx); err != nil {
		return err
	}
	who, err := d.index.Identity(d.w.ctx)
	if err != nil {
		return err
	}
	d.w.replicas[who.Replica] = d.name
	d.engine = engine.New(engine.Options{
		Index: d.index, Replica: func() index.Replica { return who.Replica }, Author: d.w.author,
	})
	d.fs.SetHook(d.hook)
	d.step(engine.Started{Sequence: who.Sequence})
	return nil
}

// author is known everywhere from the start.
func (w *World) author(r index.Replica) conflict.Author {
	return conflict.Author{Device: w.replicas[r]}
}

// clock reads the device's clock.
func (d *Device) clock() time.Time { return time.Unix(0, d.w.now).Add(d.offset) }

// stamp is the clock as the file system reads it: no two readings are equal.
func (d *Device) stamp() int64 {
	d.w.now += int64(time.Microsecond)
	return d.clock().UnixNano()
}

// step feeds the engine and begins what follows.
func (d *Device) step(ev engine.Event) {
	if d.w.over {
		return
	}
	d.w.note(d, "<", describeEvent(d.w, ev))
	effects, err := d.engine.Step(d.w.ctx, d.clock(), ev)
	if err != nil {
		d.w.violate("engine", d, "Step(%T): %v", ev, err)
		return
	}
	for _, effect := range effects {
		d.w.note(d, ">", describeEffect(d.w, effect))
		d.carryOut(effect)
	}
}

// hook is called before every operation of the synchronizer on the folder. It
// lets others run now and then, springs ambushes, and makes the file event that
// the operation would cause.
func (d *Device) hook(op memfs.Op, name string) error {
	t := d.current
	if t == nil {
		return nil
	}
	// The list of work files is read under a lock that another task may want.
	if op != memfs.OpReadDir && d.w.sched.IntN(d.w.pauseOne) == 0 {
		d.w.note(d, " ", fmt.Sprintf("%s pauses before %s %q", t.what, op, name))
		t.pause()
	}
	if t.place && !t.ended {
		d.spring()
	}
	if op.Changes() && name != "" && name != folderfs.WorkDir && !folderfs.InWorkDir(name) {
		d.notify(engine.Scope{Name: name})
	}
	return nil
}

// spring carries out the ambushes whose moment has come.
func (d *Device) spring() {
	armed := d.ambush
	d.ambush = nil
	for _, o := range armed {
		if o.Count--; o.Count > 0 {
			d.ambush = append(d.ambush, o)
			continue
		}
		o.Kind = o.Then
		d.w.operate(d, o)
	}
}

// notify lets a file event reach the engine after a moment.
func (d *Device) notify(sc engine.Scope) {
	delay := 1 + d.w.sched.Int64N(int64(200*time.Millisecond))
	d.notices = append(d.notices, notice{d.w.now + delay, sc})
}

// randomBytes makes identities from the seed.
type randomBytes struct{ rng *rand.Rand }

func (r randomBytes) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(r.rng.Uint32())
	}
	return len(p), nil
}
