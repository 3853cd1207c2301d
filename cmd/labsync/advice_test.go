package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// texts calls do with every string of the program and where it stands.
func texts(t *testing.T, do func(at, text string)) {
	t.Helper()
	top := filepath.Join("..", "..")
	err := filepath.WalkDir(top, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() && path != top && strings.HasPrefix(d.Name(), ".") {
			return errOrSkip(err)
		}
		if d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		files := token.NewFileSet()
		f, err := parser.ParseFile(files, path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		ast.Inspect(f, func(n ast.Node) bool {
			if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
				if text, err := strconv.Unquote(lit.Value); err == nil {
					do(files.Position(lit.Pos()).String(), text)
				}
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func errOrSkip(err error) error {
	if err != nil {
		return err
	}
	return fs.SkipDir
}

// advised matches a command line in a text, as far as it can be told from the
// sentence around it; quoted, it ends with the quote.
var advised = regexp.MustCompile(`(["']|type: |^)?labsync ([a-z-]+(?:[ ][^"';\n]*)?)`)

// followed returns the command that the words begin with, and the words after.
func followed(root *cobra.Command, words []string) (*cobra.Command, []string) {
	for i, w := range words {
		at := slices.IndexFunc(root.Commands(), func(c *cobra.Command) bool { return c.Name() == strings.TrimRight(w, ".,:)") })
		if at < 0 {
			return root, words[i:]
		}
		root = root.Commands()[at]
	}
	return root, nil
}

func TestCommandsInTextsExist(t *testing.T) {
	seen := map[string]bool{}
	texts(t, func(at, text string) {
		for _, m := range advised.FindAllStringSubmatch(text, -1) {
			root := rootCommand(&environment{})
			cmd, rest := followed(root, strings.Fields(m[2]))
			switch {
			case cmd != root && cmd.HasSubCommands():
				t.Errorf("%s: %q has no such command", at, m[0])
			case cmd == root && (m[1] == `"` || m[1] == "type: "):
				t.Errorf("%s: %q is no command", at, m[0])
			}
			if cmd == root {
				continue // prose
			}
			seen[cmd.CommandPath()] = true
			for _, w := range rest {
				name, _, _ := strings.Cut(strings.TrimPrefix(w, "--"), "=")
				name = strings.TrimRight(name, ".,:)")
				if strings.HasPrefix(w, "--") && cmd.Flags().Lookup(name) == nil && root.PersistentFlags().Lookup(name) == nil {
					t.Errorf("%s: %q: %s has no flag --%s", at, m[0], cmd.CommandPath(), name)
				}
			}
		}
	})
	for _, want := range []string{"labsync folder set", "labsync folder remove", "labsync folder resume", "labsync device add", "labsync status"} {
		if !seen[want] {
			t.Errorf("no text names %q: the texts were not found", want)
		}
	}
}

// TestCommandsToTypeParse checks the strings that are a command as they stand,
// such as those that status says to type.
func TestCommandsToTypeParse(t *testing.T) {
	found := 0
	texts(t, func(at, text string) {
		for line := range strings.Lines(text) {
			line = strings.TrimSpace(line)
			root := rootCommand(&environment{})
			cmd, rest := followed(root, strings.Fields(strings.TrimPrefix(line, "labsync ")))
			if !strings.HasPrefix(line, "labsync ") || cmd == root {
				continue
			}
			found++
			for i := range rest {
				rest[i] = strings.ReplaceAll(rest[i], "%s", "name")
			}
			if err := cmd.ParseFlags(rest); err != nil {
				t.Errorf("%s: %q: %v", at, line, err)
			} else if err := cmd.ValidateArgs(cmd.Flags().Args()); err != nil {
				t.Errorf("%s: %q: %v", at, line, err)
			}
		}
	})
	if found == 0 {
		t.Error("no command was found")
	}
}
