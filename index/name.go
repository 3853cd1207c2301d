package index

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Limits of names. They are above what file systems hold in one component (255
// bytes or 255 UTF-16 units), so what a disk cannot hold is refused by the disk
// and named there; here they bound what a message can make us store.
const (
	MaxName      = 4096 // bytes of a name
	MaxComponent = 1020 // bytes between two slashes
)

// workDir is the name that is labsync's own in every folder.
const workDir = ".labsync"

// ErrBadName is wrapped by the errors of CheckName.
var ErrBadName = errors.New("name cannot be synchronized")

// CheckName says whether a name may stand in an index. It is relative, with
// slashes; UTF-8 in NFC; without NUL, empty components, "." and ".."; not an
// absolute path of any system; within MaxName and MaxComponent; and no
// component can be taken for ".labsync" by any file system. What a particular
// file system cannot hold otherwise ("aux", trailing dots, a backslash) passes:
// that is for the device with that file system to say.
func CheckName(name string) error {
	reason := badName(name)
	if reason == "" {
		return nil
	}
	return fmt.Errorf("%w: %s", ErrBadName, reason)
}

func badName(name string) string {
	switch {
	case name == "":
		return "it is empty"
	case len(name) > MaxName:
		return fmt.Sprintf("it has %d bytes, more than %d", len(name), MaxName)
	case name[0] == '/' || strings.HasPrefix(name, `\\`) || hasDrive(name):
		return "it is an absolute path"
	case strings.IndexByte(name, 0) >= 0:
		return "it contains NUL"
	case !utf8.ValidString(name):
		return "it is not UTF-8"
	case !norm.NFC.IsNormalString(name):
		return "it is not in Unicode form NFC"
	}
	for rest, more := name, true; more; {
		var component string
		component, rest, more = strings.Cut(rest, "/")
		switch {
		case component == "":
			return "it has an empty component"
		case component == "." || component == "..":
			return fmt.Sprintf("it has a component %q", component)
		case len(component) > MaxComponent:
			return fmt.Sprintf("a component has %d bytes, more than %d", len(component), MaxComponent)
		case IsReserved(component):
			return fmt.Sprintf("%q is reserved for labsync", component)
		}
	}
	return ""
}

// hasDrive reports whether name is an absolute path of Windows, like C:\x or
// C:/x. A letter and a colon in a name of another kind, "A: plan", is none.
func hasDrive(name string) bool {
	if len(name) < 3 || name[1] != ':' || name[2] != '\\' && name[2] != '/' {
		return false
	}
	c := name[0] | 0x20
	return c >= 'a' && c <= 'z'
}

// IsReserved reports whether some file system could take a component for the
// work directory ".labsync": in another case, with code points that HFS+
// ignores, with dots or spaces at the end or a stream after a colon (NTFS), or
// by its short name there (LABSYN~1). These are the ways in which git's check
// for ".git" was once got round (CVE-2014-9390, CVE-2019-1352).
func IsReserved(component string) bool {
	// Even with ignorable code points inside, the letter y and a few others
	// have no second spelling, so most names are told apart by one search.
	if strings.IndexByte(component, 'y') < 0 && strings.IndexByte(component, 'Y') < 0 {
		return false
	}
	s, _, _ := strings.Cut(component, ":")
	s = strings.TrimRight(strings.Map(dropIgnorable, s), ". ")
	if strings.EqualFold(s, workDir) {
		return true
	}
	const short = "labsyn~"
	return len(s) == len(short)+1 && strings.EqualFold(s[:len(short)], short) && s[len(short)] >= '0' && s[len(short)] <= '9'
}

// dropIgnorable drops the code points that carry no glyph and are ignored in
// comparisons by HFS+ (Apple's Technical Note 1150) or are default-ignorable
// in Unicode.
func dropIgnorable(r rune) rune {
	switch {
	case r == 0x00ad, r == 0x034f, r == 0x061c, r == 0xfeff,
		r >= 0x115f && r <= 0x1160, r >= 0x17b4 && r <= 0x17b5,
		r >= 0x180b && r <= 0x180f,
		r >= 0x200b && r <= 0x200f, r >= 0x202a && r <= 0x202e,
		r >= 0x2060 && r <= 0x206f, r == 0x3164,
		r >= 0xfe00 && r <= 0xfe0f, r == 0xffa0, r >= 0xfff0 && r <= 0xfff8,
		r >= 0x1bca0 && r <= 0x1bca3, r >= 0x1d173 && r <= 0x1d17a,
		r >= 0xe0000 && r <= 0xe0fff:
		return -1
	}
	return r
}
