package pull

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"syscall"

	"github.com/labsync/labsync/internal/folderfs"
	"github.com/labsync/labsync/sync/plan"
)

// failed turns an error about one name into its outcome. The end of the
// context is nobody's problem.
func failed(name string, err error) plan.Outcome {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return plan.Outcome{Name: name, Status: plan.Postponed}
	}
	code, text := plan.CodeIO, "labsync could not write %q (%v); it tries again, look at the disk and its permissions if this stays"
	switch {
	case errors.Is(err, folderfs.ErrNoSpace):
		code, text = plan.CodeNoSpace, "the disk has no space left for %q (%v); make room and labsync goes on by itself"
	case errors.Is(err, fs.ErrPermission), errors.Is(err, errReadOnly):
		code, text = plan.CodeReadOnly, "%q cannot be written here (%v); give this user write permission on the directory it is in"
	case errors.Is(err, folderfs.ErrTooLong):
		code, text = plan.CodeTooLong, "the name %q is too long for this file system (%v); shorten it on the device it came from"
	case errors.Is(err, folderfs.ErrCrossDevice):
		code, text = plan.CodeCrossMount, "%q lies on another file system than the folder (%v); make what is mounted there a folder of its own"
	case errors.Is(err, folderfs.ErrUnsupported), errors.Is(err, folderfs.ErrName):
		code, text = plan.CodeUnheld, "this file system cannot hold %q (%v); rename or change it on the device it came from"
	}
	return problem(name, plan.Failed, code, fmt.Sprintf(text, name, err))
}

func problem(name string, status plan.Status, code, text string) plan.Outcome {
	return plan.Outcome{Name: name, Status: status, Problem: &plan.Problem{Name: name, Code: code, Text: text}}
}

// errReadOnly is what the system says of a file system mounted without writing.
const errReadOnly = syscall.EROFS

func unscanned(name string, also ...string) plan.Outcome {
	return plan.Outcome{Name: name, Status: plan.Unscanned, Rescan: also}
}

func inUse(name string) plan.Outcome {
	return problem(name, plan.Postponed, plan.CodeInUse,
		fmt.Sprintf("a program here has %q open for writing; the version from elsewhere is placed when it has closed the file", name))
}

// isGone reports whether an error says that a name does not exist, be it for a
// missing directory on the way or something else in its place.
func isGone(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, folderfs.ErrNotDirectory)
}
