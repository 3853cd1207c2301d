package archtest

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"
)

const (
	module = "github.com/labsync/labsync/"
	root   = "../.."
)

// source is one Go file of the module.
type source struct {
	path  string // from the root, with slashes
	dir   string // path's directory
	test  bool
	lines int
	tree  *ast.File
}

// imports lists the module's packages that the file imports, by directory.
func (s *source) imports() []string {
	var dirs []string
	for _, i := range s.tree.Imports {
		if dir, ok := strings.CutPrefix(strings.Trim(i.Path.Value, `"`), module); ok {
			dirs = append(dirs, dir)
		}
	}
	return dirs
}

// sources parses every Go file that a person has written.
func sources(t *testing.T) []source {
	t.Helper()
	var list []source
	fset := token.NewFileSet()
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if base := d.Name(); base == "testdata" || base == "tools" || strings.HasPrefix(base, ".") && base != ".." {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") {
			return nil
		}
		content, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		tree, err := parser.ParseFile(fset, name, content, parser.ParseComments)
		if err != nil {
			return err
		}
		if ast.IsGenerated(tree) {
			return nil
		}
		rel, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		rel = filepath.ToSlash(rel)
		list = append(list, source{path: rel, dir: path.Dir(rel), test: strings.HasSuffix(rel, "_test.go"),
			lines: bytes.Count(content, []byte("\n")), tree: tree})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(list) < 50 {
		t.Fatalf("only %d Go files were found: the root is not where it was", len(list))
	}
	return list
}

// matches reports whether dir is pattern, or lies below it if pattern ends in
// "/...".
func matches(pattern, dir string) bool {
	if below, ok := strings.CutSuffix(pattern, "/..."); ok {
		return dir == below || strings.HasPrefix(dir, below+"/")
	}
	return dir == pattern
}

func matchesAny(patterns []string, dir string) bool {
	for _, p := range patterns {
		if matches(p, dir) {
			return true
		}
	}
	return false
}
