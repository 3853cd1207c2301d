package archtest

import (
	"go/ast"
	"path"
	"strings"
	"testing"
)

const (
	maxLines     = 500
	maxTestLines = 800
)

func TestFilesStayShort(t *testing.T) {
	for _, s := range sources(t) {
		limit := maxLines
		if s.test {
			limit = maxTestLines
		}
		if s.lines > limit {
			t.Errorf("%s has %d lines, the limit is %d: split it by concept", s.path, s.lines, limit)
		}
	}
}

func TestEveryPackageHasOneDoc(t *testing.T) {
	docs, dirs := map[string][]string{}, map[string]bool{}
	for _, s := range sources(t) {
		if s.test {
			continue
		}
		dirs[s.dir] = true
		if s.tree.Doc != nil {
			docs[s.dir] = append(docs[s.dir], path.Base(s.path))
		}
	}
	for dir := range dirs {
		if len(docs[dir]) != 1 {
			t.Errorf("%s has its package doc in %q: one file has it", dir, docs[dir])
		}
	}
}

func TestNothingShadowsTheStandardSync(t *testing.T) {
	for _, s := range sources(t) {
		if s.dir == "sync" {
			t.Errorf("%s: sync/ is a namespace, a Go file there would be a package named like the standard library's", s.path)
		}
		for _, i := range s.tree.Imports {
			if i.Path.Value == `"sync"` && i.Name != nil {
				t.Errorf("%s imports the standard sync as %s: it goes by its own name everywhere", s.path, i.Name.Name)
			}
		}
	}
}

func TestNothingRunsBeforeMain(t *testing.T) {
	for _, s := range sources(t) {
		for _, d := range s.tree.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil && f.Name.Name == "init" {
				t.Errorf("%s has an init function: do it where it is needed", s.path)
			}
		}
	}
}

// place is a tree that may do something others may not.
type place struct{ pkg, reason string }

// diskCalls are the functions of package os that touch files by path.
func diskCalls() map[string]bool {
	calls := map[string]bool{}
	for _, name := range strings.Fields(`Open OpenFile OpenRoot Create CreateTemp Mkdir MkdirAll MkdirTemp Remove RemoveAll Rename
		ReadFile WriteFile ReadDir Stat Lstat Chmod Chown Lchown Chtimes Truncate Link Symlink Readlink`) {
		calls[name] = true
	}
	return calls
}

func TestUsersFilesAreTouchedInOnePlace(t *testing.T) {
	places := []place{
		{"internal/folderfs", "the one place for users' files"},
		{"internal/device/...", "key and certificate in the home"},
		{"internal/config", "the configuration in the home"},
		{"internal/api/server", "the socket and the token"},
		{"internal/api/edit", "makes the directory of a new folder"},
		{"internal/daemon", "the home: databases, machine ID"},
		{"internal/fault", "waits for a test's file to appear"},
		{"internal/testkit/mount", "devices and mounts for tests"},
		{"index/store", "database files in the home"},
		{"sync/watch", "the kernel's limits in /proc"},
		{"cmd/labsync", "looks whether PATH is a directory; the demo's temporary directory"},
	}
	calls := diskCalls()
	used := make([]bool, len(places))
	for _, s := range sources(t) {
		if s.test || strings.HasPrefix(s.dir, "integration") || s.dir == "internal/folderfs/fstest" {
			continue
		}
		ast.Inspect(s.tree, func(n ast.Node) bool {
			call, ok := n.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			if pkg, ok := call.X.(*ast.Ident); !ok || pkg.Name != "os" || !calls[call.Sel.Name] {
				return true
			}
			allowed := false
			for i, p := range places {
				if matches(p.pkg, s.dir) {
					used[i], allowed = true, true
				}
			}
			if !allowed {
				t.Errorf("%s calls os.%s: files of users are touched in internal/folderfs alone", s.path, call.Sel.Name)
			}
			return true
		})
	}
	for i, p := range places {
		if !used[i] {
			t.Errorf("%s (%s) touches no file: remove it from the list", p.pkg, p.reason)
		}
	}
}

func TestFewAreHandedAWriter(t *testing.T) {
	places := []place{
		{"sync/pull", "changes the folder"},
		{"sync/drive", "hands it to pull"},
		{"internal/folderfs/...", "implements it"},
	}
	used := make([]bool, len(places))
	for _, s := range sources(t) {
		if s.test {
			continue
		}
		ast.Inspect(s.tree, func(n ast.Node) bool {
			sel, ok := n.(*ast.SelectorExpr)
			if !ok || sel.Sel.Name != "Writer" {
				return true
			}
			if pkg, ok := sel.X.(*ast.Ident); !ok || pkg.Name != "folderfs" {
				return true
			}
			allowed := false
			for i, p := range places {
				if matches(p.pkg, s.dir) {
					used[i], allowed = true, true
				}
			}
			if !allowed {
				t.Errorf("%s names folderfs.Writer: only sync/pull changes users' files; take a folderfs.Reader", s.path)
			}
			return true
		})
	}
	for i, p := range places {
		if !used[i] {
			t.Errorf("%s (%s) names no folderfs.Writer: remove it from the list", p.pkg, p.reason)
		}
	}
}
