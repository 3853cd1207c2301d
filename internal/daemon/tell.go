package daemon

import (
	"fmt"
	"strconv"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/internal/event"
	"github.com/labsync/labsync/sync/drive"
	"github.com/labsync/labsync/sync/pull"
)

// happened tells people what happened to a file.
func (f *folder) happened(h drive.Happening) {
	e := event.Event{Folder: f.conf.ID, Path: h.Name, Fields: map[string]string{"type": h.Entry.Type.String()}}
	size := strconv.FormatInt(h.Entry.Size, 10)
	switch h.Kind {
	case drive.ChangedHere:
		e.Type, e.Text, e.Fields["size"] = event.FileChanged, h.Name+" was changed here", size
	case drive.DeletedHere:
		e.Type, e.Text, e.Fields["deleted"] = event.FileChanged, h.Name+" was deleted here", "true"
	case drive.Placed:
		e.Type, e.Text, e.Fields["size"] = event.FilePlaced, h.Name+" came from "+f.who(h.Entry.ModifiedBy), size
	case drive.Moved:
		e.Type, e.Text, e.Fields["from"] = event.FileRenamed, fmt.Sprintf("%s was renamed to %s by %s", h.From, h.Name, f.who(h.Entry.ModifiedBy)), h.From
	case drive.Deleted:
		e.Type, e.Text = event.FileDeleted, h.Name+" was deleted by "+f.who(h.Entry.ModifiedBy)
	case drive.Conflicted:
		e.Type, e.Fields["sibling"] = event.Conflict, h.From
		e.Text = fmt.Sprintf("%s was changed in two places; what %s wrote is kept as %s", h.Name, f.who(h.Entry.ModifiedBy), h.From)
	case drive.SavedLate:
		e.Type, e.Text = event.Conflict, h.Name+" was saved while a version of another device arrived; both are kept"
	case drive.Trouble:
		e.Type, e.Text, e.Fields["code"] = event.Problem, h.Problem.Text, h.Problem.Code
	case drive.BadBytes:
		e.Type, e.Device, e.Fields["code"] = event.Problem, h.Event.Device.String(), "bad-blocks"
		e.Text = badBytes(h.Event)
	case drive.FoundBytes:
		e.Type, e.Text, e.Fields["code"] = event.Problem, fmt.Sprintf("Bytes found after a crash were put at %s; look at them and delete what is not wanted.", h.Event.Work), "recovered"
	}
	f.tell(e)
}

func badBytes(ev pull.Event) string {
	if ev.Kind == pull.Struck {
		return fmt.Sprintf("Device %s sent wrong bytes of %s again and again and is not asked for it any more; check its disk and memory.", ev.Device.Short(), ev.Name)
	}
	return fmt.Sprintf("Device %s sent bytes of %s that do not match their hash; they are fetched again.", ev.Device.Short(), ev.Name)
}

// who names the author of a version.
func (f *folder) who(r index.Replica) string {
	a := f.names.author(r)
	switch {
	case a.Person != "" && a.Device != "":
		return a.Person + " (" + a.Device + ")"
	case a.Device != "":
		return a.Device
	}
	return "another device"
}
