package sim

import (
	"fmt"
	"strings"
)

// coverage counts what happened together: an operation of a user, a fault that
// had struck in the same case before it or that the case began with, and the
// shape of the world. The zero value is empty.
type coverage struct{ cells map[cell]int }

type cell struct {
	operation Kind
	fault     string
	shape     string
}

// noFault is the fault of operations before any has struck.
const noFault = "none"

// crash reports whether a fault ends a device's process.
func (k Kind) crash() bool { return k == Crash || k == Kill }

// add counts a case.
func (c *coverage) add(res *Result) {
	if c.cells == nil {
		c.cells = map[cell]int{}
	}
	shape := shapeOf(len(res.Setup.Devices), res.Setup.Topology)
	began, struck := conditions(&res.Setup), map[string]bool{}
	for _, o := range res.Happened {
		if o.Kind.fault() {
			struck[o.Kind.String()] = true
			continue
		}
		if len(struck) == 0 {
			c.cells[cell{o.Kind, noFault, shape}]++
		}
		for fault := range began {
			c.cells[cell{o.Kind, fault, shape}]++
		}
		for fault := range struck {
			c.cells[cell{o.Kind, fault, shape}]++
		}
	}
}

// conditions are the faults a case begins with: what is special about a device,
// by the name of the setting.
func conditions(s *Setup) map[string]bool {
	out := map[string]bool{}
	for i := range s.Devices {
		for _, f := range fieldsOf(&s.Devices[i], harmless...) {
			out[f.key] = true
		}
	}
	return out
}

// harmless are settings that are no fault.
var harmless = []string{"page", "careful", "fixed"}

// shapeOf names how devices are linked. Two are linked in one way only.
func shapeOf(devices int, t Topology) string {
	if devices == 2 {
		return "pair"
	}
	return topologyNames[t]
}

// shapes lists all that a seed may choose.
func shapes() []string {
	return []string{shapeOf(2, Mesh), shapeOf(3, Mesh), shapeOf(3, Star), shapeOf(3, Chain)}
}

// faults lists all that can strike, and all conditions.
func faults() []string {
	out := []string{noFault}
	for k := range kinds {
		if k.fault() {
			out = append(out, k.String())
		}
	}
	return append(out, keysOf(&DeviceSetup{}, harmless...)...)
}

// operations lists those of users.
func operations() []Kind {
	var out []Kind
	for k := range kinds {
		if !k.fault() {
			out = append(out, k)
		}
	}
	return out
}

// cannot lists what excludes each other.
func cannot(operation Kind, fault string) bool { return false }

// empty tells of the cells that nothing fell in, a line for each fault.
func (c *coverage) empty() []string {
	var out []string
	for _, fault := range faults() {
		var cells []string
		for _, shape := range shapes() {
			for _, o := range operations() {
				if c.cells[cell{o, fault, shape}] == 0 && !cannot(o, fault) {
					cells = append(cells, fmt.Sprintf("%s in %s", o, shape))
				}
			}
		}
		if n := len(cells); n > 0 {
			out = append(out, fmt.Sprintf("under %s never: %s (%d cells)", fault, strings.Join(cells[:min(n, 8)], ", "), n))
		}
	}
	return out
}

// String is a table for each shape: a line for each fault, a column for each
// operation.
func (c *coverage) String() string {
	var b strings.Builder
	for _, shape := range shapes() {
		fmt.Fprintf(&b, "%-14s", shape)
		for _, o := range operations() {
			fmt.Fprintf(&b, " %10s", o)
		}
		b.WriteByte('\n')
		for _, fault := range faults() {
			fmt.Fprintf(&b, "%-14s", fault)
			for _, o := range operations() {
				fmt.Fprintf(&b, " %10d", c.cells[cell{o, fault, shape}])
			}
			b.WriteByte('\n')
		}
		b.WriteByte('\n')
	}
	return b.String()
}
