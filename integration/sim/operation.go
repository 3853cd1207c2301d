package sim

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/labsync/labsync/internal/folderfs"
	"github.com/labsync/labsync/sync/engine"
)

// Kind is what an operation does.
type Kind uint8

// The operations. What the file system refuses does not happen.
const (
	Edit    Kind = iota // write a file in place, all of it
	Save                // write beside and rename over
	Append              // write at the end
	Cut                 // truncate to half
	Remove              // a file, a link or an empty directory
	Rename              // to To
	Mkdir               // with those above
	Rmtree              // with all below
	Chmod               // Count chooses the permissions
	Touch               // set another modification time
	Link                // make or retarget a symlink
	Retype              // file to directory and back
	Hold                // open a file for writing and keep it open
	HeldIn              // write to the files kept open
	Release             // close them
	Ambush              // do Then before the Count-th step of a placement
	Part                // cut link Count
	Meet                // bring link Count up
	kinds
)

var kindNames = [kinds]string{
	"edit", "save", "append", "truncate", "remove", "rename", "mkdir", "rmtree", "chmod", "touch", "link", "retype",
	"hold", "write held", "release", "ambush", "part", "meet",
}

// Operation is one thing that happens from outside.
type Operation struct {
	After  int64 // ns after the operation before
	Device int
	Kind   Kind
	Name   string
	To     string // of Rename
	Count  int
	Then   Kind // of Ambush
}

func (o Operation) String() string {
	s := fmt.Sprintf("%v %s", kindNames[o.Kind], o.Name)
	switch o.Kind {
	case Rename:
		s += " to " + o.To
	case Ambush:
		s = fmt.Sprintf("ambush in %d: %s %s %s", o.Count, kindNames[o.Then], o.Name, o.To)
	case Part, Meet:
		s = fmt.Sprintf("%s link %d", kindNames[o.Kind], o.Count)
	}
	return s
}

// pool are the names that operations are about: few, so that they collide.
var pool = [...]string{"a", "b.txt", "d", "d/c", "d/e", "d/e/f"}

// weights of the kinds, in their order.
var weights = [kinds]int{20, 5, 6, 3, 8, 10, 5, 3, 4, 3, 3, 3, 2, 3, 2, 12, 4, 6}

// generate makes a script.
func generate(rng *rand.Rand, devices, links, n int) []Operation {
	if n == 0 {
		n = 40
	}
	total := 0
	for _, w := range weights {
		total += w
	}
	script := make([]Operation, 0, n)
	for range n {
		o := Operation{Device: rng.IntN(devices), Kind: pick(rng, total), Name: pool[rng.IntN(len(pool))], To: pool[rng.IntN(len(pool))]}
		o.After = [...]int64{0, int64(5 * time.Millisecond), int64(300 * time.Millisecond), int64(4 * time.Second)}[rng.IntN(4)]
		if o.After > 0 {
			o.After = rng.Int64N(o.After)
		}
		switch o.Kind {
		case Ambush:
			o.Count = 1 + rng.IntN(25)
			for o.Then = pick(rng, total); o.Then >= Hold; {
				o.Then = pick(rng, total)
			}
		case Part, Meet:
			o.Count = rng.IntN(links)
		default:
			o.Count = rng.IntN(100)
		}
		script = append(script, o)
	}
	return script
}

func pick(rng *rand.Rand, total int) Kind {
	n := rng.IntN(total)
	for k, weight := range weights {
		if n -= weight; n < 0 {
			return Kind(k)
		}
	}
	return Edit
}

// nextOperation carries out the next operation of the script.
func (w *World) nextOperation() {
	o := w.script[0]
	w.script = w.script[1:]
	if len(w.script) > 0 {
		w.due = w.now + w.script[0].After
	}
	w.operate(w.devices[o.Device%len(w.devices)], o)
}

// operate carries out an operation and lets file events follow.
func (w *World) operate(d *Device, o Operation) {
	switch o.Kind {
	case Ambush:
		w.note(d, "!", o.String())
		d.ambush = append(d.ambush, o)
		return
	case Part:
		w.cut(w.links[o.Count%len(w.links)])
		return
	case Meet:
		w.connect(w.links[o.Count%len(w.links)])
		return
	}
	before := d.look()
	err := d.do(o)
	w.note(d, "!", o.String()+refused(err))
	d.noteEdits(before, d.look())
}

func refused(err error) string {
	if err != nil {
		return " (refused)"
	}
	return ""
}

// text is new content, unlike any other.
func (w *World) text(d *Device) []byte {
	w.ghost.texts++
	line := fmt.Sprintf("%s%d;", d.name, w.ghost.texts)
	return []byte(strings.Repeat(line, 1+w.ghost.texts%5))
}

var fileModes = [...]uint32{0o644, 0o600, 0o755, 0o444, 0o664}
var directoryModes = [...]uint32{0o755, 0o700, 0o775, 0o555}

// do is what a program or person does.
func (d *Device) do(o Operation) error {
	u := d.user
	info, err := u.Lstat(o.Name)
	switch o.Kind {
	case Edit:
		return u.Write(o.Name, d.w.text(d))
	case Save:
		return u.SaveByRename(o.Name, d.w.text(d))
	case Append:
		if err == nil {
			err = u.WriteAt(o.Name, d.w.text(d), info.Size)
		}
		return err
	case Cut:
		return u.Truncate(o.Name, info.Size/2)
	case Remove:
		return u.Remove(o.Name)
	case Rename:
		return u.Rename(o.Name, o.To)
	case Mkdir:
		return u.Mkdir(o.Name)
	case Rmtree:
		return u.RemoveAll(o.Name)
	case Chmod:
		if err == nil && info.Kind == folderfs.Directory {
			return u.Chmod(o.Name, directoryModes[o.Count%len(directoryModes)])
		}
		return u.Chmod(o.Name, fileModes[o.Count%len(fileModes)])
	case Touch:
		return u.Touch(o.Name, d.clock().Add(-time.Duration(o.Count)*time.Hour).UnixNano())
	case Link:
		if err == nil && info.Kind == folderfs.Symlink {
			if err := u.Remove(o.Name); err != nil {
				return err
			}
		}
		return u.Symlink(string(d.w.text(d)), o.Name)
	case Retype:
		if err != nil {
			return err
		}
		if err := u.RemoveAll(o.Name); err != nil {
			return err
		}
		if info.Kind != folderfs.Directory {
			return u.Mkdir(o.Name)
		}
		return u.Write(o.Name, d.w.text(d))
	default:
		return d.doHeld(o)
	}
}

// doHeld is what programs do that keep files open.
func (d *Device) doHeld(o Operation) error {
	if o.Kind == Hold {
		held, err := d.user.Hold(o.Name)
		if err == nil {
			d.held = append(d.held, held)
		}
		return err
	}
	for _, held := range d.held {
		if o.Kind == Release {
			if err := held.Close(); err != nil {
				return err
			}
			continue
		}
		if _, err := held.Write(d.w.text(d)); err != nil {
			return err
		}
	}
	if o.Kind == Release {
		d.held = nil
	}
	return nil
}

// takeNotice tells the engine of a file event.
func (d *Device) takeNotice(i int) {
	n := d.notices[i]
	d.notices = append(d.notices[:i:i], d.notices[i+1:]...)
	d.step(engine.Changed{Scopes: []engine.Scope{n.scope}})
}

// tick tells the engine that the time it waited for has come.
func (d *Device) tick() {
	d.wake = time.Time{}
	d.step(engine.Tick{})
}
