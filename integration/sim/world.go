package sim

import (
	"context"
	"io"
	"math/rand/v2"
	"time"

	"github.com/labsync/labsync/index"
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
	Script     []Operation
	Violations []Violation
}

// World is all devices, the links between them, and what happens to them. Only
// one thing happens at a time, chosen by the generator sched.
type World struct {
	ctx      context.Context
	opt      Options
	now      int64 // true time, ns since 1970
	started  int64
	steps    int
	pauseOne int // a task pauses before one in so many file system operations
	sched    *rand.Rand
	net      *rand.Rand
	devices  []*Device
	links    []*link
	replicas map[index.Replica]string // device names
	script   []Operation
	due      int64 // when the next operation of the script is
	ghost    ghost
	trace    trace
	failed   []Violation
	over     bool // nothing that still happens counts
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
		w.script = generate(stream(o.Seed, "ops"), len(w.devices), len(w.links), o.Operations)
	}
	res := Result{Script: w.script}
	w.play()
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
	rng := stream(w.opt.Seed, "build")
	n, shape := w.opt.Devices, w.opt.Topology
	if n == 0 {
		n = 2 + rng.IntN(3)
	}
	if shape == AnyTopology {
		shape = Topology(1 + rng.IntN(3))
	}
	w.pauseOne = [...]int{2, 6, 20}[rng.IntN(3)]
	for i := range n {
		d, err := w.newDevice(i, rng)
		if err != nil {
			return err
		}
		w.devices = append(w.devices, d)
	}
	for i, a := range w.devices {
		for j, b := range w.devices[i+1:] {
			if shape == Mesh || shape == Star && i == 0 || shape == Chain && j == 0 {
				w.links = append(w.links, &link{a: a, b: b})
				a.inbox[b], b.inbox[a] = &inbox{}, &inbox{}
			}
		}
	}
	for _, l := range w.links {
		if rng.IntN(3) > 0 {
			w.connect(l)
		}
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
		d.ambush = nil
		w.operate(d, Operation{Kind: Release})
	}
	for _, l := range w.links {
		w.connect(l)
	}
	w.note(nil, " ", "peace")
	w.rest()
}

// rest goes on until nothing more happens.
func (w *World) rest() {
	until := w.now + int64(maxQuiet)
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
		if next == 0 {
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

// choices are all that may happen now.
func (w *World) choices() []func() {
	var out []func()
	for _, d := range w.devices {
		for _, t := range d.runnable() {
			out = append(out, func() { d.goOn(t) })
		}
		for i := range d.notices {
			if d.notices[i].at <= w.now {
				out = append(out, func() { d.takeNotice(i) })
			}
		}
		if !d.wake.IsZero() && !d.wake.After(d.clock()) {
			out = append(out, d.tick)
		}
		for _, from := range w.devices {
			if in := d.inbox[from]; in != nil && !in.busy && len(in.queue) > 0 && in.queue[0].at <= w.now {
				out = append(out, func() { d.deliver(from) })
			}
		}
	}
	if len(w.script) > 0 && w.due <= w.now {
		out = append(out, w.nextOperation)
	}
	return out
}

// next is the earliest time at which something may happen, 0 for never.
func (w *World) next() int64 {
	var first int64
	at := func(t int64) {
		if first == 0 || t < first {
			first = t
		}
	}
	for _, d := range w.devices {
		for i := range d.notices {
			at(d.notices[i].at)
		}
		if !d.wake.IsZero() {
			at(d.wake.Add(-d.offset).UnixNano())
		}
		for _, from := range w.devices {
			if in := d.inbox[from]; in != nil && !in.busy && len(in.queue) > 0 {
				at(in.queue[0].at)
			}
		}
	}
	if len(w.script) > 0 {
		at(w.due)
	}
	return first
}

// abandon ends the tasks that are still under way.
func (w *World) abandon() {
	w.over = true
	for _, d := range w.devices {
		d.fs.SetHook(nil)
		for _, t := range d.tasks {
			t.stop()
		}
	}
}
