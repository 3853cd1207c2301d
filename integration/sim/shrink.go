package sim

import (
	"reflect"
	"slices"
)

// Shrink makes a short script of one that breaks an invariant: fewer devices,
// fewer operations, a plainer setup, plainer arguments, as long as play still
// reports the same invariant. It plays at most as many cases as runs says and
// returns the shortest script so far, with what was reported of it.
func Shrink(s Script, broken Violation, runs int, play func(Script) []Violation) (Script, Violation) {
	k := &shrinker{play: play, left: runs, best: s, broken: broken}
	for again := true; again && k.left > 0; {
		again = k.devices()
		again = k.operations() || again
		again = k.setup() || again
		again = k.arguments() || again
	}
	return k.best, k.broken
}

type shrinker struct {
	play   func(Script) []Violation
	left   int // cases that may still be played
	best   Script
	broken Violation
}

// try plays a candidate and keeps it if it breaks the same invariant. What is
// left out shifts the order in which the rest happens, so other orders are
// tried too.
func (k *shrinker) try(s Script, orders int) bool {
	for range orders {
		if k.left == 0 {
			return false
		}
		k.left--
		for _, v := range k.play(s) {
			if v.Invariant == k.broken.Invariant {
				k.best, k.broken = s, v
				return true
			}
		}
		s.Seed = s.Seed*6364136223846793005 + 1442695040888963407 // Knuth's, any other would do
	}
	return false
}

// How many orders a candidate gets that leaves something out, and one that only
// looks plainer.
const (
	manyOrders = 4
	oneOrder   = 1
)

// devices leaves out devices, the last one first.
func (k *shrinker) devices() (done bool) {
	for i := len(k.best.Setup.Devices) - 1; i >= 0 && len(k.best.Setup.Devices) > 2; i-- {
		done = k.try(k.best.withoutDevice(i), manyOrders) || done
	}
	return done
}

// withoutDevice leaves out a device, what happens on it and on its links.
func (s Script) withoutDevice(gone int) Script {
	t := s
	t.Setup.Devices = slices.Delete(slices.Clone(s.Setup.Devices), gone, gone+1)
	link := linksWithout(len(s.Setup.Devices), s.Setup.Topology, gone)
	t.Setup.Down = nil
	for _, l := range s.Setup.Down {
		if l < len(link) && link[l] >= 0 {
			t.Setup.Down = append(t.Setup.Down, link[l])
		}
	}
	t.Steps = make([]Operation, 0, len(s.Steps))
	var waited int64
	for _, o := range s.Steps {
		if !o.withoutDevice(gone, link) {
			waited += o.After
			continue
		}
		o.After += waited
		waited = 0
		t.Steps = append(t.Steps, o)
	}
	return t
}

// withoutDevice renumbers what an operation is about, and reports whether that
// is still there.
func (o *Operation) withoutDevice(gone int, link []int) bool {
	switch {
	case o.Kind.onLink():
		o.Count = link[o.Count%len(link)]
		if o.Count < 0 {
			return false
		}
	case o.Kind == Split:
		low := o.Count & (1<<gone - 1)
		o.Count = low | o.Count>>(gone+1)<<gone
	case o.Kind == Clone:
		if o.Count == gone {
			return false
		}
		if o.Count > gone {
			o.Count--
		}
	}
	if o.Device == gone && !o.Kind.onLink() && o.Kind != Split && o.Kind != Heal {
		return false
	}
	if o.Device >= gone && o.Device > 0 {
		o.Device--
	}
	return true
}

// linksWithout tells what number each link has when a device is gone, -1 for
// none.
func linksWithout(devices int, shape Topology, gone int) []int {
	var out []int
	left := linksOf(devices-1, shape)
	for _, pair := range linksOf(devices, shape) {
		n := -1
		if pair[0] != gone && pair[1] != gone {
			for i := range pair {
				if pair[i] > gone {
					pair[i]--
				}
			}
			n = slices.Index(left, pair)
		}
		out = append(out, n)
	}
	return out
}

// operations leaves out spans of operations, long ones first (delta debugging).
func (k *shrinker) operations() (done bool) {
	for size := len(k.best.Steps); size > 0; size /= 2 {
		for at := 0; at < len(k.best.Steps); {
			if k.try(k.best.without(at, size, true), manyOrders) || k.try(k.best.without(at, size, false), oneOrder) {
				done = true
			} else {
				at += size
			}
		}
	}
	return done
}

// without leaves out a span of operations. What follows happens when it did, or
// that much earlier.
func (s Script) without(at, size int, sameTime bool) Script {
	end := min(at+size, len(s.Steps))
	t := s
	t.Steps = slices.Concat(s.Steps[:at], s.Steps[end:])
	if sameTime && end < len(s.Steps) {
		for _, o := range s.Steps[at:end] {
			t.Steps[at].After += o.After
		}
	}
	return t
}

// setup makes devices usual ones.
func (k *shrinker) setup() (done bool) {
	for i := range k.best.Setup.Devices {
		for f := range reflect.TypeFor[DeviceSetup]().NumField() {
			if reflect.ValueOf(k.best.Setup.Devices[i]).Field(f).IsZero() {
				continue
			}
			t := k.best
			t.Setup.Devices = slices.Clone(t.Setup.Devices)
			reflect.ValueOf(&t.Setup.Devices[i]).Elem().Field(f).SetZero()
			done = k.try(t, manyOrders) || done
		}
	}
	for f := range reflect.TypeFor[Setup]().NumField() {
		name := reflect.TypeFor[Setup]().Field(f).Name
		if name == "Devices" || name == "PauseOne" || reflect.ValueOf(k.best.Setup).Field(f).IsZero() {
			continue
		}
		t := k.best
		reflect.ValueOf(&t.Setup).Elem().Field(f).SetZero()
		if t.Setup.Topology == AnyTopology {
			t.Setup.Topology = Mesh
		}
		if t.Setup.Topology != k.best.Setup.Topology || name != "Topology" {
			done = k.try(t, manyOrders) || done
		}
	}
	const hardlyEver = 1000
	if k.best.Setup.PauseOne != hardlyEver {
		t := k.best
		t.Setup.PauseOne = hardlyEver
		done = k.try(t, manyOrders) || done
	}
	return done
}

// arguments makes each operation as plain as it can be.
func (k *shrinker) arguments() (done bool) {
	for i := range k.best.Steps {
		for _, simpler := range plainer(k.best.Steps[i]) {
			t := k.best
			t.Steps = slices.Clone(t.Steps)
			simpler(&t.Steps[i])
			if t.Steps[i] != k.best.Steps[i] {
				done = k.try(t, oneOrder) || done
			}
		}
	}
	return done
}

// plainer lists what makes an operation plainer, the plainest last for each
// part of it.
func plainer(o Operation) []func(*Operation) {
	out := []func(*Operation){
		func(o *Operation) {
			if o.Name != "" {
				o.Name = pool[0]
			}
		},
	}
	if !o.Kind.fault() && o.Kind < HeldIn {
		out = append(out, func(o *Operation) { o.Kind = Edit })
	}
	t := reflect.TypeFor[Operation]()
	for i := range t.NumField() {
		if name := t.Field(i).Name; name == "Device" || name == "Kind" {
			continue
		}
		if t.Field(i).Type.Kind() == reflect.Int {
			out = append(out, func(o *Operation) {
				if v := reflect.ValueOf(o).Elem().Field(i); v.Int() > 1 {
					v.SetInt(1)
				}
			})
		}
		out = append(out, func(o *Operation) { reflect.ValueOf(o).Elem().Field(i).SetZero() })
	}
	return out
}
