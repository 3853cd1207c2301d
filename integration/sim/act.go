package sim

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/labsync/labsync/internal/folderfs"
	"github.com/labsync/labsync/sync/engine"
)

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
	err := w.carryOut(d, o)
	if err == nil && o.Kind != Ambush { // which happens when it is sprung
		w.happened = append(w.happened, o)
	}
}

func (w *World) carryOut(d *Device, o Operation) error {
	switch {
	case o.Kind == Ambush:
		w.note(d, "!", o.String())
		d.ambush = append(d.ambush, o)
		return nil
	case o.Kind.fault():
		w.note(d, "!", o.String())
		return w.befall(d, o)
	case d.off:
		w.note(d, "!", o.String()+" (refused: it is off)")
		return errOff
	}
	if o.Name == "" && o.Kind < HeldIn {
		return errSame // the root stays what it is
	}
	before := d.look()
	err := d.do(o)
	refused := ""
	if err != nil {
		refused = " (refused)"
	}
	w.note(d, "!", o.String()+refused)
	d.noteEdits(before, d.look())
	if err != nil {
		d.leaveHalf(o.Name)
	}
	return err
}

// text is new content, unlike any other.
func (w *World) text(d *Device) []byte {
	w.ghost.texts++
	line := fmt.Sprintf("%s%d;", d.name, w.ghost.texts)
	const block = 128 << 10
	return []byte(strings.Repeat(line, 1+w.ghost.texts%5+w.setup.Big*block/len(line)))
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
		return d.rename(o.Name, o.To)
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
	case Recase:
		return d.rename(o.Name, otherCase(o.Name))
	default:
		return d.doMore(o, info, err)
	}
}

func (d *Device) doMore(o Operation, info folderfs.Info, err error) error {
	u := d.user
	switch o.Kind {
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
	case Backup:
		if err == nil && info.Kind != folderfs.File {
			return folderfs.ErrKind
		}
		return u.SaveWithBackup(o.Name, d.w.text(d))
	case Keep:
		if err != nil {
			return err
		}
		d.w.now += int64(max(d.setup.ClockStep, d.fs.Capabilities().ClockStep))
		text := d.w.text(d)
		if d.hadSize[o.Name] == nil {
			d.hadSize[o.Name] = map[int64]bool{}
		}
		had := d.hadSize[o.Name]
		had[info.Size] = true
		for had[int64(len(text))] && d.blurred(o.Name) {
			text = append(text, '+')
		}
		if err := u.Write(o.Name, text); err != nil {
			return err
		}
		d.kept[o.Name] = true
		return u.Touch(o.Name, info.Mtime)
	case Copy:
		content, err := u.Read(o.Name)
		if err != nil || o.Name == o.To {
			return errSame
		}
		return u.Write(o.To, content)
	case Spill:
		if err == nil && info.Size < 2 {
			return errSame
		}
		if err == nil {
			err = u.WriteAt(o.Name, d.w.text(d), info.Size/2)
		}
		return err
	default:
		return d.doHeld(o)
	}
}

// rename refuses to move what was just written under its old time: a rename is
// recognised by size and time.
func (d *Device) rename(from, to string) error {
	for name := range d.kept {
		if (name == from || strings.HasPrefix(name, from+"/")) && d.edits.unseen(name) {
			return errSame
		}
	}
	return d.user.Rename(from, to)
}

// blurred reports whether nobody could tell a file of the same size and time
// from the one before: within one tick of the clock, without a change time,
// between the rename of a placement and the look after it, and after a rename
// that no scan has seen yet.
func (d *Device) blurred(name string) bool {
	return !d.fs.Capabilities().Ctime || d.edits.unseen(name) ||
		slices.ContainsFunc(d.tasks, func(t *task) bool { return t.place })
}

// otherCase is a name in capitals, or in small letters if it has capitals.
func otherCase(name string) string {
	dir, base := name[:strings.LastIndexByte(name, '/')+1], name[strings.LastIndexByte(name, '/')+1:]
	if strings.ContainsFunc(base, unicode.IsUpper) {
		return dir + strings.ToLower(base)
	}
	return dir + strings.ToUpper(base)
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
