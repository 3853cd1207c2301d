package sim

import (
	"fmt"
	"iter"
	"runtime/debug"
	"slices"
)

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
	until int64    // it waits for an answer that comes then
	after *task    // it waits for the end of another
	place bool     // its steps can be ambushed
	early bool     // by those that do not wait for a placement
	about []string // the names of a group that is fetched or placed
	next  func() (struct{}, bool)
	stop  func()
	yield func(struct{}) bool
	dead  bool // its process has died
}

// died is what the simulator's own code panics with when it goes on in a task
// whose process has died. The product's code does not: it goes on with errors,
// and nothing it does reaches the folder or the index.
type died struct{}

func newTask(what string, in lane, body func(t *task)) *task {
	t := &task{what: what, lane: in}
	t.next, t.stop = iter.Pull(func(yield func(struct{}) bool) {
		defer func() {
			if r := recover(); r != nil && r != (died{}) {
				panic(fmt.Sprintf("%v\n%s", r, debug.Stack())) // the stack is this coroutine's
			}
		}()
		t.yield = yield
		body(t)
	})
	return t
}

// pause lets others run. The simulator's own code calls it.
func (t *task) pause() {
	if !t.lives() {
		panic(died{})
	}
}

// lives lets others run, and reports whether the process is alive afterwards.
// What the product's code calls has to give up if not.
func (t *task) lives() bool {
	t.dead = t.dead || !t.yield(struct{}{})
	return !t.dead
}

// begin starts an effect.
func (d *Device) begin(what string, in lane, body func(t *task)) *task {
	t := newTask(what, in, body)
	d.tasks = append(d.tasks, t)
	return t
}

// runnable returns the tasks that may go on: the first of each lane, if it does not
// wait for another.
func (d *Device) runnable() []*task {
	var out []*task
	var taken [lanePull + 1]bool
	for _, t := range d.tasks {
		if (t.lane == laneFree || !taken[t.lane]) && !slices.Contains(d.tasks, t.after) {
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

// endTasks ends all tasks but the one that is running, which has to die.
func (d *Device) endTasks() {
	tasks := d.tasks
	d.tasks = nil
	for _, t := range tasks {
		if t == d.current {
			t.dead = true
			continue
		}
		running := d.current
		t.dead, d.current = true, t
		t.stop()
		d.current = running
	}
}
