package sim

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/labsync/labsync/conflict"
	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/index/memstore"
	"github.com/labsync/labsync/internal/device"
	"github.com/labsync/labsync/internal/folderfs"
	"github.com/labsync/labsync/internal/folderfs/memfs"
	"github.com/labsync/labsync/sync/chunk"
	"github.com/labsync/labsync/sync/engine"
	"github.com/labsync/labsync/sync/pull"
	"github.com/labsync/labsync/sync/scan"
	"github.com/labsync/labsync/sync/serve"
)

// Device is one machine: a folder, its index, a clock that may be off, and a
// process with the engine and the steps, which may die and be started again.
type Device struct {
	w      *World
	name   string // one letter, for traces
	id     device.ID
	setup  *DeviceSetup
	offset time.Duration // of its clock
	rng    *rand.Rand    // identities
	fate   *rand.Rand    // what a loss of power leaves

	fs    *memfs.FS
	user  memfs.User
	index *recorder
	off   bool // it has no power
	boots int  // how often it has come up

	faulty    bool // something failed here that a disk does not fail at every day
	backup    *snapshot
	starts    int
	copied    bool  // what it records may have the versions of what it recorded before it was restored
	fullUntil int64 // ends of what lasts, 0 for none
	deafUntil int64
	unplugged int64
	liesUntil int64
	lies      int  // one in so many answers is a lie, 0 for none
	lied      bool // it has lied before

	hadSize map[string]map[int64]bool // sizes that a file had when its time was kept, by name
	upAt    int64                     // when to start the process again, 0 while it runs

	// Of the process.
	engine  *engine.Engine // nil while there is none, or it recovers
	scan    *scan.Scanner
	pull    *pull.Puller
	serve   *serve.Server
	tasks   []*task
	current *task     // the one that is running
	wake    time.Time // zero for none
	notices []notice
	batches map[engine.ID]bool // the last batch of a scan has been recorded

	held    []*memfs.Held // files that a program keeps open
	ambush  []Operation   // wait for a step of a placement
	armed   []Operation   // faults that wait for a step
	fragile fragile       // what its user did that a loss of power may undo
	flushAt int64         // when the system writes that back, 0 for never

	inbox map[*Device]*inbox // what others send, by sender
	edits edits
	kept  map[string]bool     // names that its user wrote under the time of before
	wrote map[index.Hash]bool // contents that its user wrote
	page  int                 // updates sent at a time
	sends int                 // pages with updates that it has sent
}

// notice is a file event on its way from the kernel to the engine.
type notice struct {
	at    int64
	scope engine.Scope
}

// newDevice makes the i-th device. Its identities depend on the seed and on i
// alone, not on how many others there are.
func (w *World) newDevice(i int) (*Device, error) {
	setup := &w.setup.Devices[i]
	d := &Device{
		w: w, name: deviceName(i), setup: setup, inbox: map[*Device]*inbox{}, edits: newEdits(),
		kept: map[string]bool{}, hadSize: map[string]map[int64]bool{}, wrote: map[index.Hash]bool{}, fragile: newFragile(),
	}
	d.rng, d.fate = stream(w.opt.Seed, "identity "+d.name), stream(w.opt.Seed, "fate "+d.name)
	d.id[0], d.id[1] = byte(i+1), byte(d.rng.Uint32())
	d.offset = setup.Offset
	d.page = cmp.Or(setup.Page, 100)
	d.fs = memfs.New(memfs.Options{Capabilities: setup.capabilities(), Clock: d.stamp, Hook: d.hook})
	d.user = d.fs.User()
	if err := d.fs.Prepare(); err != nil {
		return nil, err
	}
	s, err := memstore.New(memstore.Options{Random: randomBytes{d.rng}})
	if err != nil {
		return nil, err
	}
	d.index = &recorder{s, d}
	d.start()
	return d, nil
}

// start begins a process: it recovers, as drive does, then the engine begins.
func (d *Device) start() {
	d.upAt, d.off = 0, false
	if d.unplugged != 0 {
		d.upAt = d.w.now + int64(retryFolder)
		return
	}
	policy := chunk.Content
	if d.setup.Fixed {
		policy = chunk.Fixed
	}
	d.scan = scan.New(d.fs, d.index, scan.Options{Now: d.clock, Policy: policy, Page: 2 + d.setup.Page})
	d.pull = pull.New(d.fs, d.index, source{d}, pull.Options{Now: d.clock, Direction: d.setup.direction(), Policy: policy, Outstanding: 1, Author: d.w.author, Boot: fmt.Sprint(d.boots)})
	d.serve = serve.New(d.fs, d.index, serve.Options{
		OnMismatch: func(name string) { d.notify(engine.Scope{Name: name}) },
	})
	d.batches = map[engine.ID]bool{}
	d.begin("Recover", lanePull, d.recover)
}

// retryFolder is how long a folder that cannot run waits.
const retryFolder = 5 * time.Second

func (d *Device) recover(t *task) {
	d.openIndex()
	report, err := d.pull.Recover(d.w.ctx)
	t.pause()
	if err != nil {
		d.w.note(d, " ", fmt.Sprintf("recovering failed: %v", err))
		d.upAt = d.w.now + int64(retryFolder)
		return
	}
	who, err := d.index.Identity(d.w.ctx)
	d.check("Identity", err)
	d.w.replicas[who.Replica] = d.name
	d.w.replicas[who.Replica.Shadow()] = strings.ToUpper(d.name)
	for _, r := range []index.Replica{who.Replica, who.Replica.Shadow()} {
		d.w.replicas[r.Aside()] = d.w.replicas[r] + "'"
	}
	d.engine = engine.New(engine.Options{
		Index: d.index, Replica: func() index.Replica { return who.Replica }, Author: d.w.author, Clock: func() int64 { return d.clock().Unix() }, Limits: pull.Limits(d.fs.Capabilities()), Direction: d.setup.direction(),
	})
	d.w.note(d, " ", fmt.Sprintf("recovered: finished %d, taken back %d, look at %q", report.Finished, report.TakenBack, report.Rescan))
	d.step(engine.Started{Sequence: who.Sequence})
}

// author is known everywhere from the start.
func (w *World) author(r index.Replica) conflict.Author {
	return conflict.Author{Device: w.replicas[r]}
}

// clock reads the device's clock.
func (d *Device) clock() time.Time { return time.Unix(0, d.w.now).Add(d.offset) }

// steady reads the clock that nobody sets.
func (d *Device) steady() time.Time { return time.Unix(0, d.w.now) }

// stamp is the clock as the file system reads it: no two readings are equal.
func (d *Device) stamp() int64 {
	d.w.now += int64(time.Microsecond)
	return d.clock().UnixNano()
}

// step feeds the engine and begins what follows.
func (d *Device) step(ev engine.Event) {
	if d.engine == nil {
		return
	}
	d.w.note(d, "<", describeEvent(d.w, ev))
	effects, err := d.engine.Step(d.w.ctx, d.steady(), ev)
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
		return nil // for another device, or by none
	}
	var fault error
	if !t.dead {
		fault = d.suffer(op, string(op)+" "+name)
	}
	// The list of work files is read under a lock that another task may want.
	if !t.dead && op != memfs.OpReadDir && d.w.sched.IntN(max(1, d.w.setup.PauseOne)) == 0 {
		d.w.note(d, " ", fmt.Sprintf("%s pauses before %s %q", t.what, op, name))
		t.lives()
	}
	if t.dead {
		return memfs.ErrDead
	}
	if t.place || t.early {
		d.spring(t, name)
	}
	if t.dead {
		return memfs.ErrDead
	}
	if fault != nil {
		return fault
	}
	if op.Changes() && name != "" && name != folderfs.WorkDir && !folderfs.InWorkDir(name) {
		d.notify(engine.Scope{Name: name})
	}
	return nil
}

// spring carries out the ambushes whose moment has come, a step of a task at a
// name.
func (d *Device) spring(t *task, name string) {
	armed := d.ambush
	d.ambush = nil
	for _, o := range armed {
		if o.Early || t.place {
			o.Count = max(o.Count-1, 0)
		}
		if o.Count > 0 || t.early && !o.Early {
			d.ambush = append(d.ambush, o)
			continue
		}
		if o.Name == "" {
			o.Name = d.prey(t, name)
		}
		if o.Name == "" { // about the root: not yet
			d.ambush = append(d.ambush, o)
			continue
		}
		d.w.happened = append(d.w.happened, o)
		o.Kind = o.Then
		if d.w.operate(d, o); t.dead {
			return // the process, and with it all that waited for its steps
		}
	}
}

// prey is the name that a step of a task is about.
func (d *Device) prey(t *task, at string) string {
	switch {
	case at != "" && !strings.HasPrefix(at, folderfs.WorkDir):
		return at
	case len(t.about) > 0:
		return t.about[d.w.sched.IntN(len(t.about))]
	}
	return ""
}

// notify lets a file event reach the engine after a moment.
func (d *Device) notify(sc engine.Scope) {
	if d.engine == nil || d.deafUntil != 0 {
		return // nobody watches; all is scanned later
	}
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
