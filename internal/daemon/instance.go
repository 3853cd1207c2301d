package daemon

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/labsync/labsync/internal/api"
	"github.com/labsync/labsync/internal/config"
	"github.com/labsync/labsync/internal/device"
	"github.com/labsync/labsync/internal/event"
	"github.com/labsync/labsync/transport/admission"
	"github.com/labsync/labsync/transport/pool"
)

// A home that was copied makes two devices with one identity. The one that comes
// second is kept out by every device that the first is connected to, and both
// ends say so: the device that refuses, and the one that is refused.

const codeSecondInstance = "second-instance"

// twins are the devices of which a second instance was refused.
type twins struct {
	mu   sync.Mutex // guards seen
	seen map[device.ID]twin
}

type twin struct{ since, last time.Time }

// twinFor is how long a second instance counts as running after it was refused:
// longer than it waits at most before it tries again.
const twinFor = 3 * time.Minute

// refuse notes that a second instance was refused, and reports whether that is
// news.
func (t *twins) refuse(id device.ID, now time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.seen == nil {
		t.seen = map[device.ID]twin{}
	}
	was, known := t.seen[id]
	if !known || now.Sub(was.last) > twinFor {
		t.seen[id] = twin{now, now}
		return true
	}
	t.seen[id] = twin{was.since, now}
	return false
}

// since returns since when a second instance has been running, zero if none is.
func (t *twins) since(id device.ID, now time.Time) time.Time {
	t.mu.Lock()
	defer t.mu.Unlock()
	if s, ok := t.seen[id]; ok && now.Sub(s.last) <= twinFor {
		return s.since
	}
	return time.Time{}
}

// secondInstance tells that one was refused.
func (d *Daemon) secondInstance(id device.ID) {
	if d.twins.refuse(id, time.Now()) {
		d.tell(event.Event{
			Type: event.DeviceRefused, Device: id.String(), Text: d.twinText(id), Fields: map[string]string{"code": codeSecondInstance},
		})
	}
}

func (d *Daemon) twinText(id device.ID) string {
	name := id.Short()
	if c := d.configured().Device(id); c != nil && c.Name != "" {
		name = c.Name
	}
	return fmt.Sprintf("Two computers with the identity of %s are running, as if its home had been copied; the second is kept out: stop one of them, and look at \"labsync status\" there.", name)
}

func (d *Daemon) configured() *config.Config {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.conf
}

// twinProblems are the second instances that were refused here lately.
func (d *Daemon) twinProblems(conf *config.Config, now time.Time) []api.Problem {
	var out []api.Problem
	for i := range conf.Devices {
		id := conf.Devices[i].ID
		if since := d.twins.since(id, now); !since.IsZero() {
			out = append(out, api.Problem{Code: codeSecondInstance, Text: d.twinText(id), Since: since})
		}
	}
	return out
}

// refusedAsTwin reports whether a device keeps this one out as a second
// instance.
func refusedAsTwin(st pool.Status) bool {
	var refusal *admission.Refusal
	return errors.As(st.Err, &refusal) && refusal.Remote && refusal.Code == admission.SecondInstance
}

// ownTwinProblem says that this instance is the second one, nil if nobody has
// said so.
func (d *Daemon) ownTwinProblem(list []pool.Status) *api.Problem {
	for _, st := range list {
		if !refusedAsTwin(st) {
			continue
		}
		name := st.ID.Short()
		if c := d.configured().Device(st.ID); c != nil && c.Name != "" {
			name = c.Name
		}
		return &api.Problem{Code: codeSecondInstance, Since: st.Since, Text: fmt.Sprintf(
			"%s keeps this device out, because another computer with the same identity is connected to it; if the home %s is a copy, stop labsync here, "+
				"move key.pem and cert.pem out of it, and start labsync again: this is a device of its own then, which the others have to add.", name, d.Home)}
	}
	return nil
}

// lookForTwin tells once when this instance is kept out. Only follow calls it.
func (d *Daemon) lookForTwin() {
	p := d.ownTwinProblem(d.pool.Status())
	if p != nil && !d.keptOut {
		d.tell(event.Event{Type: event.Problem, Text: p.Text, Fields: map[string]string{"code": codeSecondInstance}})
	}
	d.keptOut = p != nil
}
