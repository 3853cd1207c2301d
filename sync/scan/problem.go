package scan

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"golang.org/x/text/unicode/norm"

	"github.com/labsync/labsync/index"
)

// faulty queues a problem as a finding.
func (p *pass) faulty(problem *Problem) error {
	name := norm.NFC.String(problem.Name)
	return p.push(&candidate{found: Found{Name: name, Kind: Faulty, Entry: index.Entry{Name: name}, Problem: problem}})
}

func notUTF8(spelled string) *Problem {
	shown := strings.ToValidUTF8(spelled, "\ufffd")
	return &Problem{Name: shown, Code: NotUTF8, Text: fmt.Sprintf(
		"The name %q is not valid UTF-8, which other devices need; rename it.", shown)}
}

func tooLong(spelled string) *Problem {
	return &Problem{Name: spelled, Code: NameTooLong, Text: fmt.Sprintf(
		"The name %q is longer than other devices can hold (%d bytes for one part, %d in all); shorten it.", spelled, maxComponent, maxName)}
}

func reserved(spelled string) *Problem {
	return &Problem{Name: spelled, Code: ReservedName, Text: fmt.Sprintf(
		"The name %q is one that other systems take for labsync's own directory or for a drive, so no device would accept it; rename it.", spelled)}
}

func twinOf(spelled, first string) *Problem {
	return &Problem{Name: spelled, Code: NameTwin, Text: fmt.Sprintf(
		"The names %+q and %+q look the same and differ only in how Unicode spells them; rename one of them, until then the former is left out.", spelled, first)}
}

func notAFile(spelled string) *Problem {
	return &Problem{Name: spelled, Code: NotAFile, Text: fmt.Sprintf(
		"%q is a pipe, socket or device and cannot be synchronised; move it out of the folder or add it to the ignore file.", spelled)}
}

func otherFilesystem(spelled string) *Problem {
	return &Problem{Name: spelled, Code: OtherFilesystem, Text: fmt.Sprintf(
		"Another file system is mounted at %q: changes made there are sent, but those of other devices cannot be placed; make it a folder of its own.", spelled)}
}

func mountMissing(dir, name string) *Problem {
	where := fmt.Sprintf("%q", dir)
	if dir == "" {
		where = "the folder's root"
	}
	return &Problem{Name: dir, Code: MountMissing, Text: fmt.Sprintf(
		"The file system that held %q is not mounted below %s, so nothing there counts as deleted; mount it again.", name, where)}
}

func unreadable(spelled string, err error) *Problem {
	text := fmt.Sprintf("%q cannot be read (%v); check the disk.", spelled, cause(err))
	if errors.Is(err, fs.ErrPermission) {
		text = fmt.Sprintf("%q cannot be read by this user; give it read permission or add it to the ignore file.", spelled)
	}
	return &Problem{Name: spelled, Code: Unreadable, Text: text, Err: err}
}

// cause returns the innermost error, without the operations around it.
func cause(err error) error {
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err
		}
		err = inner
	}
}
