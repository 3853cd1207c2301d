package folderfs

import (
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// spells reports whether a name may be found here under another spelling than
// the disk's, which a look at the directory alone can tell then.
func (d *Disk) spells() bool {
	can := d.caps.Load()
	return !can.CaseSensitive || !can.UnicodeExact
}

// spelledIn returns how a directory with these names spells one that was found
// in it.
func spelledIn(names []string, asked string) string {
	if slices.Contains(names, asked) {
		return asked
	}
	nfc := norm.NFC.String(asked)
	i := slices.IndexFunc(names, func(name string) bool { return strings.EqualFold(norm.NFC.String(name), nfc) })
	if i < 0 {
		return asked
	}
	return names[i]
}
