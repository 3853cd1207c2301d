package folderfs

import "strings"

// CheckName says whether a name can be walked from the root: components that
// are neither empty nor "." nor "..", no NUL, not absolute. "" is the root and
// passes. It returns ErrName, or nil.
func CheckName(name string) error {
	if name == "" {
		return nil
	}
	if strings.IndexByte(name, 0) >= 0 {
		return ErrName
	}
	for rest, more := name, true; more; {
		var component string
		component, rest, more = strings.Cut(rest, "/")
		if component == "" || component == "." || component == ".." {
			return ErrName
		}
	}
	return nil
}

// InWorkDir reports whether a name lies below the work directory. Only the
// exact spelling counts, so that it never says more than the disk does.
func InWorkDir(name string) bool {
	return strings.HasPrefix(name, WorkDir+"/")
}

// CheckChange says whether an operation may change a name: it must name
// something below the root that is neither the work directory itself nor
// reaches it by another spelling. It returns ErrName, or nil. It is for
// implementations of Writer.
func CheckChange(name string) error {
	if name == "" {
		return ErrName
	}
	first, _, below := strings.Cut(name, "/")
	if first == WorkDir && below {
		return CheckName(name)
	}
	if meansWorkDir(first) {
		return ErrName
	}
	return CheckName(name)
}

// meansWorkDir reports whether some file system takes a component for the work
// directory: in another case, with dots or spaces at the end (FAT, NTFS), by
// its short name (FAT, NTFS), or with characters that HFS+ ignores. The same
// disguises were found for git's directory (CVE-2014-9390).
func meansWorkDir(component string) bool {
	bare := strings.TrimRight(strings.Map(dropIgnored, component), ". ")
	if strings.EqualFold(bare, WorkDir) {
		return true
	}
	const short = "labsyn~"
	if len(bare) <= len(short) || !strings.EqualFold(bare[:len(short)], short) {
		return false
	}
	digit := bare[len(short)]
	return '0' <= digit && digit <= '9'
}

// dropIgnored takes out what HFS+ does not compare.
func dropIgnored(r rune) rune {
	switch {
	case r >= 0x200c && r <= 0x200f, r >= 0x202a && r <= 0x202e, r >= 0x206a && r <= 0x206f, r == 0xfeff:
		return -1
	}
	return r
}

// CheckWork says whether a name lies in the work directory and can be walked.
// It returns ErrName, or nil. It is for implementations of Writer.
func CheckWork(name string) error {
	if !InWorkDir(name) {
		return ErrName
	}
	return CheckName(name)
}

// split cuts a name into its directory ("" for the root) and last component.
func split(name string) (dir, base string) {
	i := strings.LastIndexByte(name, '/')
	if i < 0 {
		return "", name
	}
	return name[:i], name[i+1:]
}

// ReservedOnWindows reports whether Windows cannot hold a component under this
// spelling: device names with or without extension, characters it reserves,
// a dot or space at the end (Microsoft, "Naming Files, Paths, and Namespaces").
func ReservedOnWindows(component string) bool {
	if component == "" || strings.ContainsAny(component, `<>:"/\|?*`) {
		return true
	}
	for i := range len(component) {
		if component[i] < ' ' {
			return true
		}
	}
	if last := component[len(component)-1]; last == '.' || last == ' ' {
		return true
	}
	stem, _, _ := strings.Cut(component, ".")
	stem = strings.ToUpper(strings.TrimRight(stem, " "))
	switch stem {
	case "CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$":
		return true
	}
	port, ok := strings.CutPrefix(stem, "COM")
	if !ok {
		port, ok = strings.CutPrefix(stem, "LPT")
	}
	if !ok {
		return false
	}
	switch port {
	case "0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "¹", "²", "³":
		return true
	}
	return false
}
