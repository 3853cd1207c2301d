package sim

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"strings"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/sync/engine"
	"github.com/labsync/labsync/sync/plan"
)

// trace hashes all that happens, and writes it where someone wants to read it.
type trace struct {
	hash hash.Hash
	out  io.Writer
}

func (t *trace) begin(out io.Writer) { t.hash, t.out = sha256.New(), out }

func (t *trace) sum() string { return hex.EncodeToString(t.hash.Sum(nil)) }

// note writes a line; see the package documentation for how to read it.
func (w *World) note(d *Device, mark, text string) {
	name := "-"
	if d != nil {
		name = d.name
	}
	line := fmt.Sprintf("%6d %10.4f %s %s %s\n", w.steps, float64(w.now-w.started)/1e9, name, mark, text)
	w.trace.hash.Write([]byte(line))
	if w.trace.out != nil {
		_, _ = io.WriteString(w.trace.out, line) // the trace is for people only
	}
}

func describeEvent(w *World, ev engine.Event) string {
	name := strings.TrimPrefix(fmt.Sprintf("%T", ev), "engine.")
	switch ev := ev.(type) {
	case engine.Changed:
		return name + describeScopes(ev.Scopes)
	case engine.Scanned:
		s := fmt.Sprintf("%s#%d", name, ev.ID)
		for i := range ev.Seen {
			s += "; " + describeSeen(w, &ev.Seen[i])
		}
		if len(ev.Again) > 0 {
			s += fmt.Sprintf("; again %q", ev.Again)
		}
		return s
	case engine.ScanDone:
		return fmt.Sprintf("%s#%d", name, ev.ID)
	case engine.Committed:
		return fmt.Sprintf("%s#%d sequence %d stale %q", name, ev.ID, ev.Sequence, ev.Stale)
	case engine.PeerUp:
		return fmt.Sprintf("%s %s knows %d", name, w.deviceOf(ev.Device).name, ev.Known)
	case engine.PeerDown:
		return name + " " + w.deviceOf(ev.Device).name
	case engine.Received:
		return fmt.Sprintf("%s from %s%s", name, w.deviceOf(ev.Device).name, describeUpdates(w, ev.Updates))
	case engine.RemoteRecorded:
		return fmt.Sprintf("%s#%d", name, ev.ID)
	case engine.Sent:
		return fmt.Sprintf("%s#%d up to %d more %v failed %v", name, ev.ID, ev.Upto, ev.More, ev.Failed)
	case engine.Fetched:
		return fmt.Sprintf("%s#%d%s", name, ev.ID, describeOutcomes(ev.Outcomes))
	case engine.Placed:
		return fmt.Sprintf("%s#%d sequence %d%s", name, ev.ID, ev.Sequence, describeOutcomes(ev.Outcomes))
	case engine.Rechecked:
		return fmt.Sprintf("%s heads %d", name, ev.Heads)
	}
	return name
}

func describeEffect(w *World, f engine.Effect) string {
	name := strings.TrimPrefix(fmt.Sprintf("%T", f), "engine.")
	switch f := f.(type) {
	case engine.Scan:
		return fmt.Sprintf("%s#%d%s", name, f.ID, describeScopes(f.Scopes))
	case engine.Commit:
		s := fmt.Sprintf("%s#%d", name, f.ID)
		for i := range f.Changes {
			c := &f.Changes[i]
			s += fmt.Sprintf("; %s on %s flags %b", describeEntry(w, &c.Entry), describeVersion(w, c.Base), c.Flags)
		}
		for _, settled := range f.Settled {
			s += "; settled " + settled.Name
		}
		return s
	case engine.RecordRemote:
		return fmt.Sprintf("%s#%d from %s", name, f.ID, w.deviceOf(f.Device).name)
	case engine.Send:
		return fmt.Sprintf("%s#%d to %s after %d", name, f.ID, w.deviceOf(f.Device).name, f.After)
	case engine.Fetch:
		return fmt.Sprintf("%s#%d%s", name, f.ID, describeActions(w, f.Actions))
	case engine.Place:
		return fmt.Sprintf("%s#%d%s", name, f.ID, describeActions(w, f.Actions))
	case engine.Wake:
		return fmt.Sprintf("%s at %.4f", name, float64(f.At.UnixNano()-w.started)/1e9)
	}
	return name
}

func describeScopes(scopes []engine.Scope) string {
	s := ""
	for _, sc := range scopes {
		s += " " + sc.Name
		if sc.Recursive {
			s += "/**"
		}
	}
	return s
}

func describeSeen(w *World, o *plan.Observation) string {
	if o.Removed {
		return fmt.Sprintf("no %q, held %s", o.Name, describeVersion(w, o.Base))
	}
	return fmt.Sprintf("%s, held %s", describeEntry(w, &o.Entry), describeVersion(w, o.Base))
}

func describeUpdates(w *World, updates []index.Update) string {
	s := ""
	for i := range updates {
		s += fmt.Sprintf("; %d:", updates[i].Sequence)
		for j := range updates[i].Heads {
			s += " " + describeEntry(w, &updates[i].Heads[j])
		}
	}
	return s
}

func describeActions(w *World, actions []plan.Action) string {
	s := ""
	for i := range actions {
		a := &actions[i]
		s += fmt.Sprintf("; %v %s over %s", a.Op, describeEntry(w, &a.Want), describeVersion(w, a.Base()))
		if a.From != nil {
			s += " from " + a.From.Entry.Name
		}
		for j := range a.Derived {
			s += " and keep " + describeVersion(w, a.Derived[j].Version)
		}
	}
	return s
}

var statusNames = [...]string{"done", "stale", "unscanned", "postponed", "differs", "failed"}

func describeOutcomes(outcomes []plan.Outcome) string {
	s := ""
	for i := range outcomes {
		o := &outcomes[i]
		s += fmt.Sprintf("; %s %s", o.Name, statusNames[o.Status])
		if o.Problem != nil {
			s += " (" + o.Problem.Text + ")"
		}
		if len(o.Rescan) > 0 {
			s += fmt.Sprintf(" rescan %q", o.Rescan)
		}
	}
	return s
}

// describeEntry writes an entry as name, what it is, and its version.
func describeEntry(w *World, e *index.Entry) string {
	what := fmt.Sprintf("%s %x %o", e.Type, e.Hash[:3], e.Mode)
	if e.Deleted {
		what = "tombstone of a " + e.Type.String()
	}
	s := fmt.Sprintf("%q (%s %s)", e.Name, what, describeVersion(w, e.Version))
	if e.RenamedFrom != "" {
		s += " was " + e.RenamedFrom
	}
	return s
}

// describeVersion writes a version with device names and with counters from
// the start of the case.
func describeVersion(w *World, v index.Version) string {
	s := ""
	for _, c := range v {
		s += fmt.Sprintf("%s%d", w.replicas[c.Replica], int64(c.Value)-w.started/1e9)
	}
	return "<" + s + ">"
}
