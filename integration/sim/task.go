package sim

import "iter"

// lane names what may not overlap on one device: tasks of one lane run one
// after another, in the order in which they were begun. Tasks of laneFree
// overlap with everything.
type lane uint8

const (
	laneFree  lane = iota
	laneStore      // writes of the index that effects ask for: they end in order
	lanePull       // Place and Recheck, which wait for one another
)

// task is an effect being carried out. It is a coroutine: it runs until it
// pauses or ends and only the scheduler lets it go on, so that two tasks
// interleave in one order only, the one the seed gives.
type task struct {
	what  string
	lane  lane
	place bool // its steps can be ambushed
	next  func() (struct{}, bool)
	stop  func()
	yield func(struct{}) bool
	ended bool
}

func newTask(what string, in lane, body func(t *task)) *task {
	t := &task{what: what, lane: in}
	t.next, t.stop = iter.Pull(func(yield func(struct{}) bool) {
		t.yield = yield
		body(t)
	})
	return t
}

// pause lets others run. A task of a world that has been abandoned goes on
// without pausing, to its end.
func (t *task) pause() {
	if !t.ended && !t.yield(struct{}{}) {
		t.ended = true
	}
}

// begin starts an effect.
func (d *Device) begin(what string, in lane, body func(t *task)) *task {
	t := newTask(what, in, body)
	d.tasks = append(d.tasks, t)
	return t
}

// runnable returns the tasks that may go on: the first of each lane.
func (d *Device) runnable() []*task {
	var out []*task
	var taken [lanePull + 1]bool
	for _, t := range d.tasks {
		if t.lane == laneFree || !taken[t.lane] {
			out = append(out, t)
		}
		taken[t.lane] = true
	}
	return out
}

// goOn lets a task run to its next pause.
func (d *Device) goOn(t *task) {
	d.current = t
	_, more := t.next()
	d.current = nil
	if more {
		return
	}
	for i := range d.tasks {
		if d.tasks[i] == t {
			d.tasks = append(d.tasks[:i:i], d.tasks[i+1:]...)
			return
		}
	}
}
