package sim

import (
	"context"
	"io"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/sync/engine"
	"github.com/labsync/labsync/sync/plan"
)

// Options of Run. The zero value is a case made from seed 0.
type Options struct {
	Seed uint64
	// Script is what happens from outside; nil makes one from the seed.
	Script []Operation
	// Devices is how many there are, 2 to 4; 0 lets the seed choose.
	Devices int
	// Topology is which devices are linked; it is chosen along with Devices.
	Topology Topology
	// Operations is the length of a script made from the seed; 0 is 40.
	Operations int
	// Faults are the families of faults that such a script has; nil lets the
	// seed choose.
	Faults []string
	// Aim makes these kinds of operation much more frequent in such a script.
	Aim []Kind
	// Setup is how the case begins; nil makes one from the fields above.
	Setup *Setup
	// Strict looks for lost content after every step instead of at the end: it
	// is slow, and names the step that lost it.
	Strict bool
	// Trace takes the trace as text.
	Trace io.Writer
}

// Topology is which devices are linked.
type Topology uint8

// The topologies.
const (
	AnyTopology Topology = iota // the seed chooses
	Mesh
	Star  // around the first device
	Chain // each to the next
)

// Result is what a case came to.
type Result struct {
	Hash       string // of the trace: equal for equal cases
	Steps      int
	Sequence   int64 // all sequence numbers that were spent
	Setup      Setup
	Script     []Operation
	Happened   []Operation // in order, without those that the file system refused
	Violations []Violation
}

// World is all devices, the links between them, and what happens to them. Only
// one thing happens at a time, chosen by the generator sched.
type World struct {
	ctx       context.Context
	opt       Options
	now       int64 // true time, ns since 1970
	started   int64
	steps     int
	setup     Setup
	sched     *rand.Rand
	net       *rand.Rand
	devices   []*Device
	links     []*link
	replicas  map[index.Replica]string // device names
	script    []Operation
	lostPower bool  // a device has, once
	forgetful bool  // a device has lost what it knew
	calming   bool  // nothing more comes from outside
	activity  int64 // when something happened last that was not merely tried again
	due       int64 // when the next operation of the script is
	happened  []Operation
	ghost     ghost
	trace     trace
	failed    []Violation
}

// stream returns the generator for one concern: using one does not shift the
// others, so that a script can be cut while the rest stays.
func stream(seed uint64, concern string) *rand.Rand {
	var salt uint64
	for _, c := range concern {
		salt = salt*131 + uint64(c)
	}
	return rand.New(rand.NewPCG(seed, salt))
}

// Far more than any case needs to come to rest.
const (
	maxSteps = 30_000
	maxQuiet = 2 * time.Hour
	idle     = 30 * time.Minute // after which all that still happens is trying again
)

// Run plays one case: the script, then peace until nothing happens any more,
// then the oracle.
func Run(ctx context.Context, o Options) (Result, error) { return run(ctx, o, nil) }

// run plays a case; harm, if any, is done to the world at rest before the
// oracle looks.
func run(ctx context.Context, o Options, harm func(*World)) (Result, error) {
	w := &World{
		ctx: ctx, opt: o, now: time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC).UnixNano(),
		sched: stream(o.Seed, "sched"), net: stream(o.Seed, "net"), replicas: map[index.Replica]string{}, ghost: newGhost(),
	}
	w.started = w.now
	w.trace.begin(o.Trace)
	defer w.abandon()
	if err := w.build(); err != nil {
		return Result{}, err
	}
	w.script = o.Script
	if w.script == nil {
		w.script = generate(stream(o.Seed, "ops"), len(w.devices), len(w.links), o.Operations, w.faults(), o.Aim...)
	}
	res := Result{Setup: w.setup, Script: w.script}
	w.play()
	res.Happened = w.happened
	w.calm()
	if harm != nil {
		harm(w)
	}
	w.judge()
	res.Hash, res.Steps, res.Violations = w.trace.sum(), w.steps, w.failed
	for _, d := range w.devices {
		res.Sequence += d.sequence()
	}
	return res, ctx.Err()
}

// build makes devices and links.
func (w *World) build() error {
	if w.opt.Setup != nil {
		w.setup = *w.opt.Setup
	} else {
		w.setup = drawSetup(&w.opt)
	}
	for i := range w.setup.Devices {
		d, err := w.newDevice(i)
		if err != nil {
			return err
		}
		w.devices = append(w.devices, d)
	}
	for _, pair := range linksOf(len(w.devices), w.setup.Topology) {
		a, b := w.devices[pair[0]], w.devices[pair[1]]
		w.links = append(w.links, &link{a: a, b: b})
		a.inbox[b], b.inbox[a] = &inbox{}, &inbox{}
	}
	for i, l := range w.links {
		l.wanted = !slices.Contains(w.setup.Down, i)
	}
	return nil
}

// play runs the script.
func (w *World) play() {
	if len(w.script) > 0 {
		w.due = w.now + w.script[0].After
	}
	for len(w.script) > 0 && w.goOn() {
	}
}

// calm ends what disturbs, and goes on until nothing more happens.
func (w *World) calm() {
	for _, d := range w.devices {
		d.ambush, d.armed = nil, nil
		d.relieve()
		d.upAt = min(d.upAt, w.now)
		w.operate(d, Operation{Kind: Release})
	}
	w.heal()
	w.note(nil, " ", "peace")
	w.rest()
	w.rescan(func(d *Device) bool { return d.faulty })
	w.decideFor()
}

// forgiven is after how long a device that has sent wrong bytes is surely asked
// again.
const forgiven = 11 * time.Minute

// decideFor does what the person does of whose device only one way is open, so
// that all come to agree: sets what is there over all, or takes it back.
func (w *World) decideFor() {
	const rounds = 3 // what follows from one may ask for another
	if slices.ContainsFunc(w.devices, func(d *Device) bool { return d.lied }) {
		w.now += int64(forgiven)
	}
	for i := range rounds * len(w.devices) {
		d := w.devices[i%len(w.devices)]
		switch d.setup.direction() {
		case plan.SendOnly:
			d.step(engine.Override{})
		case plan.ReceiveOnly:
			d.step(engine.Revert{})
		default:
			continue
		}
		w.rest()
	}
}

// rescan lets devices scan everything, as they do unasked now and then.
func (w *World) rescan(which func(*Device) bool) {
	for _, d := range w.devices {
		if which(d) {
			w.note(d, " ", "scan everything")
			d.step(engine.Changed{Scopes: []engine.Scope{{Recursive: true}}})
		}
	}
	w.rest()
}

// rest goes on until nothing more happens.
func (w *World) rest() {
	until := w.now + int64(maxQuiet)
	w.calming, w.activity = true, w.now
	for w.now < until && w.goOn() {
	}
	if w.now >= until && len(w.failed) == 0 {
		w.violate("I6", nil, "something still happens after %v of peace", maxQuiet)
	}
}

// goOn lets one thing happen, and reports whether there was one.
func (w *World) goOn() bool {
	if len(w.failed) > 0 || w.ctx.Err() != nil {
		return false
	}
	if w.steps++; w.steps > maxSteps {
		w.violate("I6", nil, "no rest after %d steps", maxSteps)
		return false
	}
	choices := w.choices()
	for len(choices) == 0 {
		next := w.next()
		if next == 0 || w.calming && next-w.activity > int64(idle) && !w.trying() {
			return false
		}
		w.now = max(w.now, next)
		choices = w.choices()
	}
	w.now += w.sched.Int64N(int64(time.Millisecond))
	choices[w.sched.IntN(len(choices))]()
	if w.opt.Strict {
		w.nothingLost()
	}
	return true
}

// trying reports whether something is under way: what is tried again is not cut
// off in the middle, or it would pass for work that never ends.
func (w *World) trying() bool {
	return slices.ContainsFunc(w.devices, func(d *Device) bool { return len(d.tasks) > 0 })
}

// choices are all that may happen now.
func (w *World) choices() []func() {
	var out []func()
	for _, d := range w.devices {
		for _, t := range d.runnable() {
			if t.until <= w.now {
				out = append(out, func() { d.goOn(t) })
			}
		}
	}
	w.appointments(func(at int64, do func()) {
		if at <= w.now {
			out = append(out, do)
		}
	})
	return out
}

// next is the earliest time at which something may happen, 0 for never.
func (w *World) next() int64 {
	var first int64
	at := func(at int64, _ func()) {
		if first == 0 || at < first {
			first = at
		}
	}
	w.appointments(at)
	for _, d := range w.devices {
		for _, t := range d.runnable() {
			at(t.until, nil)
		}
	}
	return first
}

// appointments lists what happens at a time, or any time after.
func (w *World) appointments(add func(at int64, do func())) {
	for _, d := range w.devices {
		for i := range d.notices {
			add(d.notices[i].at, func() { d.takeNotice(i) })
		}
		if !d.wake.IsZero() {
			add(d.wake.UnixNano(), d.tick)
		}
		if d.upAt != 0 {
			add(d.upAt, d.start)
		}
		for _, r := range d.reliefs() {
			if *r.at != 0 {
				add(*r.at, r.do)
			}
		}
		for _, from := range w.devices {
			if in := d.inbox[from]; in != nil && !in.busy && len(in.queue) > 0 {
				add(in.queue[0].at, func() { d.deliver(from) })
			}
		}
	}
	for _, l := range w.links {
		if l.apart() {
			add(l.at, func() { w.connect(l) })
		}
	}
	if len(w.script) > 0 {
		add(w.due, w.nextOperation)
	}
}

// abandon ends the tasks that are still under way.
func (w *World) abandon() {
	for _, d := range w.devices {
		d.endTasks()
	}
}
