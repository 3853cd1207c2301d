// Package ignore decides which names a folder leaves alone.
//
// Three lists are asked, and a name is ignored if any of them says so: names
// that are never synchronised (the work directory, and the markers and
// temporaries of Syncthing), the list in this device's configuration, and the
// content of the folder's own ignore file. So an exception in the ignore file,
// which travels, cannot take back what the configuration ignores.
//
// Lists have the syntax and meaning of gitignore(5): the last pattern that
// matches decides, "!" makes exceptions, and nothing below an ignored directory
// can be excepted. Only the file at the folder's root counts; one deeper is a
// file like any other. "?" stands for one character, of any script. Case always
// matters, on every file system, or devices would differ about what they share.
//
// The matcher is ours: the libraries measured are wrong about brackets with
// "!", about "dir/**" and the directory itself, about "**" that has to try
// twice, or about exceptions inside a directory that is merely excepted. The
// tests hold it against git itself.
package ignore

import (
	"path"
	"strings"
	"sync"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"github.com/labsync/labsync/internal/folderfs"
)

// FileName is the ignore file at a folder's root.
const FileName = ".labsyncignore"

// builtin never travel. Syncthing's belong to Syncthing, which may look after
// the same folder.
const builtin = "/.stfolder\n/.stfolder.removed-*\n/.stversions\n/.stignore\n.syncthing.*.tmp\n~syncthing~*.tmp\n"

// Matcher tells ignored names from others. It never changes, but remembers
// verdicts on directories; it may be used from several goroutines.
type Matcher struct {
	lists [3]list // builtin, configured, the folder's

	mu   sync.Mutex
	dirs map[string]bool // guarded by mu
}

// maxRemembered bounds the verdicts kept; with more they start anew.
const maxRemembered = 1 << 14

// New returns a matcher for the patterns of the configuration and the content
// of the folder's ignore file, nil if there is none. Lines that mean nothing
// match nothing, as in git.
func New(configured []string, file []byte) *Matcher {
	return &Matcher{
		lists: [3]list{parse(builtin), parse(strings.Join(configured, "\n")), parse(string(file))},
		dirs:  map[string]bool{},
	}
}

// Match reports whether a name is ignored, by itself or because a directory
// above it is. Names are as the index has them, relative to the root; dir tells
// whether the name is a directory, which the names above it always are.
func (m *Matcher) Match(name string, dir bool) bool {
	if name == "" || name == "." {
		return false
	}
	if !dir {
		return m.Match(parent(name), true) || m.alone(name, false)
	}
	m.mu.Lock()
	verdict, known := m.dirs[name]
	m.mu.Unlock()
	if known {
		return verdict
	}
	verdict = m.Match(parent(name), true) || m.alone(name, true)
	m.mu.Lock()
	if len(m.dirs) >= maxRemembered {
		clear(m.dirs)
	}
	m.dirs[name] = verdict
	m.mu.Unlock()
	return verdict
}

func parent(name string) string {
	if i := strings.LastIndexByte(name, '/'); i >= 0 {
		return name[:i]
	}
	return ""
}

// alone judges a name none of whose parents is ignored.
func (m *Matcher) alone(name string, dir bool) bool {
	if Reserved(name) {
		return true
	}
	parts := strings.Split(name, "/")
	for _, l := range m.lists {
		if l.ignores(parts, dir) {
			return true
		}
	}
	return false
}

// Reserved reports whether a name is the work directory or below it, in any
// case and any Unicode normalisation: some file system may take it for that.
func Reserved(name string) bool {
	first, _, _ := strings.Cut(name, "/")
	if len(first) < len(folderfs.WorkDir) || first[0] != '.' {
		return false
	}
	return first == folderfs.WorkDir || cases.Fold().String(norm.NFKC.String(first)) == folderfs.WorkDir
}

// Relaxes reports whether replacing the ignore file's content old by new might
// let a name through that was ignored so far. It errs towards true: only
// patterns added, or exceptions taken away, are known to relax nothing.
func Relaxes(old, new []byte) bool {
	before, after := parse(string(old)), parse(string(new))
	for _, p := range after {
		next := before
		for len(next) > 0 && next[0].except && next[0].text != p.text {
			next = next[1:]
		}
		switch {
		case len(next) > 0 && next[0].text == p.text:
			before = next[1:]
		case p.except:
			return true
		}
	}
	for _, p := range before {
		if !p.except {
			return true
		}
	}
	return false
}

// match is path.Match for one component; a malformed pattern matches nothing.
func match(pattern, component string) bool {
	ok, err := path.Match(pattern, component)
	return ok && err == nil
}
