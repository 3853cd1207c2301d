package conflict

import (
	"fmt"
	"path"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/labsync/labsync/index"
)

// Author is who a replica stands for, as recorded when the replica came to be.
// It is the same on every device.
type Author struct {
	Person, Device string
}

// MaxName is the longest name of a sibling, in bytes.
const MaxName = 255

// Sibling returns the entry of the file that keeps a losing head's content, and
// whether there is one: deletions and directories have no bytes to keep.
//
// The name is made from recorded facts alone: who made the bytes, when by
// their modification time, and ten digits of the content's hash, so that two
// losers never share a name.
func Sibling(loser index.Entry, by Author) (index.Entry, bool) {
	if loser.Deleted || loser.Type == index.Directory {
		return index.Entry{}, false
	}
	s := loser.Clone()
	s.Name = siblingName(loser, by)
	s.Version = loser.Version.Aside()
	s.RenamedFrom = ""
	s.Parent = nil
	s.ContentVersion = nil
	return s, true
}

func siblingName(loser index.Entry, by Author) string {
	dir, base := path.Split(loser.Name)
	stem, ext := splitExt(base)
	when := time.Unix(0, loser.Mtime).UTC()
	tag := fmt.Sprintf(" (conflict, %s, %s UTC, %x)", authorText(loser, by), when.Format("2006-01-02 15.04"), loser.Hash[:5])
	return dir + cut(stem, MaxName-len(tag)-len(ext)) + tag + ext
}

func authorText(loser index.Entry, by Author) string {
	person, dev := clean(by.Person, 40), clean(by.Device, 40)
	switch {
	case person != "" && dev != "":
		return person + " - " + dev
	case person+dev != "":
		return person + dev
	}
	return loser.ModifiedBy.String()
}

// splitExt keeps the extension whole so that the copy opens in the same
// program. A leading dot begins a hidden name, not an extension.
func splitExt(base string) (stem, ext string) {
	const longestExt = 20
	ext = path.Ext(base)
	if ext == base || len(ext) > longestExt {
		return base, ""
	}
	return strings.TrimSuffix(base, ext), ext
}

// clean makes a person's text usable within a file name on every system.
func clean(s string, limit int) string {
	s = norm.NFC.String(s)
	s = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || !unicode.IsPrint(r) || strings.ContainsRune(`/\:*?"<>|`, r) {
			return '_'
		}
		return r
	}, s)
	return strings.TrimSpace(cut(s, limit))
}

// cut shortens s to at most n bytes, between characters.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:max(n, 0)]
}
