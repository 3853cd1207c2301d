package archtest

import (
	"go/ast"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

func readDoc(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// rows returns what stands in backquotes in the first column of the tables
// below a heading.
func rows(text, heading string) []string {
	_, text, _ = strings.Cut(text, "\n"+heading+"\n")
	if end := strings.Index(text, "\n## "); end >= 0 {
		text = text[:end]
	}
	var found []string
	for _, m := range regexp.MustCompile("(?m)^\\| `([^`]+)` +\\|").FindAllStringSubmatch(text, -1) {
		found = append(found, m[1])
	}
	return found
}

// The problems that status shows are a closed list, explained to people.
func TestEveryProblemIsExplained(t *testing.T) {
	codes := map[string]bool{}
	for _, s := range sources(t) {
		if s.test || !matchesAny([]string{"sync/...", "internal/daemon"}, s.dir) {
			continue
		}
		ast.Inspect(s.tree, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.ValueSpec:
				for i, name := range n.Names {
					typ, _ := n.Type.(*ast.Ident)
					if i < len(n.Values) && (isCodeName(name.Name) || typ != nil && typ.Name == "Code") {
						addText(codes, n.Values[i])
					}
				}
			case *ast.KeyValueExpr: // map[string]string{"code": "..."}
				if key, ok := n.Key.(*ast.BasicLit); ok && key.Value == `"code"` {
					addText(codes, n.Value)
				}
			case *ast.AssignStmt: // e.Fields["code"] = "..."
				for i, l := range n.Lhs {
					x, ok := l.(*ast.IndexExpr)
					if !ok || len(n.Lhs) != len(n.Rhs) {
						continue
					}
					if key, ok := x.Index.(*ast.BasicLit); ok && key.Value == `"code"` {
						addText(codes, n.Rhs[i])
					}
				}
			}
			return true
		})
	}
	compare(t, "docs/problems.md", rows(readDoc(t, "docs/problems.md"), "## Problems in status"), slices.Collect(maps.Keys(codes)))
}

func isCodeName(name string) bool {
	return strings.HasPrefix(name, "Code") || strings.HasPrefix(name, "code")
}

func addText(set map[string]bool, e ast.Expr) {
	if lit, ok := e.(*ast.BasicLit); ok && lit.Kind == token.STRING {
		if text, err := strconv.Unquote(lit.Value); err == nil {
			set[text] = true
		}
	}
}

// So are the refusals of the API.
func TestEveryRefusalIsExplained(t *testing.T) {
	codes := map[string]bool{}
	for _, s := range sources(t) {
		if s.path != "internal/api/error.go" {
			continue
		}
		ast.Inspect(s.tree, func(n ast.Node) bool {
			if v, ok := n.(*ast.ValueSpec); ok {
				if typ, ok := v.Type.(*ast.Ident); ok && typ.Name == "ErrorCode" {
					addText(codes, v.Values[0])
				}
			}
			return true
		})
	}
	compare(t, "docs/problems.md", rows(readDoc(t, "docs/problems.md"), "## Refusals of the API"), slices.Collect(maps.Keys(codes)))
}

// CONTRIBUTING.md says of every package what it is for.
func TestTheFolderMapIsComplete(t *testing.T) {
	dirs := map[string]bool{}
	for _, s := range sources(t) {
		dirs[s.dir] = true
	}
	dirs["transport/wire/wirepb"] = true // generated for the most part
	compare(t, "CONTRIBUTING.md", rows(readDoc(t, "CONTRIBUTING.md"), "## Folder map"), slices.Collect(maps.Keys(dirs)))
}

func compare(t *testing.T, doc string, documented, real []string) {
	t.Helper()
	for _, r := range real {
		if !slices.Contains(documented, r) {
			t.Errorf("%s lacks %s", doc, r)
		}
	}
	for _, d := range documented {
		if !slices.Contains(real, d) {
			t.Errorf("%s has %s, which does not exist", doc, d)
		}
	}
}
