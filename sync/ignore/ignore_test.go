package ignore

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// tricky are patterns that matchers get wrong. A name that ends with "/" is a
// directory. Ignored is what git 2.39 says.
var tricky = []struct {
	patterns string
	name     string
	ignored  bool
}{
	{"a/b", "a/b", true}, {"a/b", "x/a/b", false},
	{"*/foo", "x/foo", true}, {"*/foo", "x/y/foo", false}, {"*/foo", "foo", false},
	{"foo", "x/y/foo/z", true}, {"/foo", "x/foo", false}, {"/foo", "foo", true},
	{"foo/", "foo", false}, {"foo/", "foo/", true}, {"foo/", "foo/bar", true},
	{"logs/**", "logs/", false}, {"logs/**", "logs/x", true}, {"logs/**", "logs/x/y", true},
	{"**/logs", "logs", true}, {"**/logs", "a/b/logs", true},
	{"a/**/b", "a/b", true}, {"a/**/b", "a/x/y/b", true}, {"a/**/b", "x/a/b", false},
	{"**/a/b", "a/x/a/b", true}, {"a/**/b/c", "a/b/x/b/c", true},
	{"foo**bar", "fooxbar", true}, {"x/foo**bar", "x/fooxybar", true}, {"foo**bar", "foo/bar", false},
	{"[!b]at", "cat", true}, {"[!b]at", "bat", false}, {"[^b]at", "bat", false},
	{"[]a]", "]", true}, {"[]-]", "-", true}, {"[[:digit:]]x", "7x", true}, {"[a-c]x", "bx", true}, {"[a-", "[a-", false},
	{"\\!x", "!x", true}, {"\\#x", "#x", true}, {"#x", "#x", false},
	{"x\\ ", "x ", true}, {"x  ", "x", true}, {"x\r", "x", true}, {"\ufeffx", "x", true},
	{"(a)+", "(a)+", true}, {"(a)+", "aa", false}, {"a.c", "abc", false}, {"a?c", "abc", true}, {"a?c", "a/c", false},
	{"/*\n!/src", "src/", false}, {"/*\n!/src", "src/a", false}, {"/*\n!/src", "other", true},
	{"d/\n!d/keep", "d/keep", true}, {"d/*\n!d/keep", "d/keep", false}, {"d/*\n!d/keep", "d/x", true},
	{"*.o\n!src/keep", "src/keep/x.o", true}, {"*.o\n!keep", "keep/x.o", true},
	{"*\n!*/\n!*.txt", "a/b.txt", false}, {"*\n!*/\n!*.txt", "a/b.c", true},
	{"**", "x/y", true}, {"/**", "x", true}, {"**/", "x", false}, {"**/", "x/y", true}, {"/", "x/", false}, {"!", "!", false},
	{"a//b", "a/b", false}, {"\\*x", "ax", false}, {"x\\", "x", false}, {"ü?", "üß", true},
	{"a/**/**/b", "a/b", true}, {"**/**", "a/b", true}, {"a**/b", "axx/b", true}, {"a**/b", "ax/x/b", false},
}

func TestTrickyPatterns(t *testing.T) {
	for _, c := range tricky {
		if got := ask(c.patterns, c.name); got != c.ignored {
			t.Errorf("patterns %q ignore %q: got %v, want %v", c.patterns, c.name, got, c.ignored)
		}
	}
}

func ask(patterns, name string) bool {
	name, dir := strings.CutSuffix(name, "/")
	return New(nil, []byte(patterns)).Match(name, dir)
}

func TestTrickyPatternsAgainstGit(t *testing.T) {
	git := newGit(t)
	for _, c := range tricky {
		if deviates(c.patterns) {
			continue
		}
		if got := git.ignores(c.patterns, []string{c.name})[0]; got != c.ignored {
			t.Errorf("git says of patterns %q and %q: %v, the table says %v", c.patterns, c.name, got, c.ignored)
		}
	}
}

// deviates reports where we leave git on purpose: a carriage return is no part
// of a pattern, "?" is a character and not a byte, and stars that are no
// component of their own never match a slash, as gitignore(5) says (git drops
// the literal beginning of a pattern first, and then takes them for one).
func deviates(patterns string) bool {
	return strings.ContainsAny(patterns, "\rü") || regexp.MustCompile(`[^/!\n]\*\*`).MatchString(patterns)
}

func TestRandomPatternsAgainstGit(t *testing.T) {
	git := newGit(t)
	atoms := []string{"a", "b", "*", "**", "/", "/", "?", "[!a]", "[ab]", "ab", "\\a", ".", "**/", "/**"}
	dirs := []string{"", "a/", "b/", "ab/", "a/b/", "a/a/", "b/a/", "b/a/b/", "a/b/a/"}
	var names []string
	for _, d := range dirs {
		for _, n := range []string{"a", "b", "ab", "a.b", "c/"} {
			if !slices.Contains(dirs, d+n+"/") {
				names = append(names, d+n)
			}
		}
	}
	r := rand.New(rand.NewPCG(1, 2))
	for range 100 {
		var b strings.Builder
		for range 1 + r.IntN(4) {
			if r.IntN(3) == 0 {
				b.WriteByte('!')
			}
			for range 1 + r.IntN(5) {
				b.WriteString(atoms[r.IntN(len(atoms))])
			}
			b.WriteByte('\n')
		}
		if deviates(b.String()) {
			continue
		}
		for i, want := range git.ignores(b.String(), names) {
			if got := ask(b.String(), names[i]); got != want {
				t.Errorf("patterns %q ignore %q: got %v, git says %v", b.String(), names[i], got, want)
			}
		}
	}
}

type git struct {
	t   *testing.T
	dir string
	n   int
}

func newGit(t *testing.T) *git {
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("git is not installed; the table is checked without it")
	}
	return &git{t: t, dir: t.TempDir()}
}

// ignores makes a repository with the names and asks git about them.
func (g *git) ignores(patterns string, names []string) []bool {
	g.t.Helper()
	g.n++
	root := filepath.Join(g.dir, fmt.Sprint(g.n))
	for _, n := range names {
		full := filepath.Join(root, filepath.FromSlash(n))
		if strings.HasSuffix(n, "/") {
			g.must(os.MkdirAll(full, 0o755))
			continue
		}
		g.must(os.MkdirAll(filepath.Dir(full), 0o755))
		g.must(os.WriteFile(full, nil, 0o644))
	}
	g.must(g.run(root, nil, nil, "init", "-q", "."))
	g.must(os.WriteFile(filepath.Join(root, ".git", "info", "exclude"), nil, 0o644))
	g.must(os.WriteFile(filepath.Join(root, ".gitignore"), []byte(patterns), 0o644))
	var in, out bytes.Buffer
	for _, n := range names {
		in.WriteString(strings.TrimSuffix(n, "/") + "\x00")
	}
	// Exit status 1 only says that nothing is ignored.
	if err := g.run(root, &in, &out, "check-ignore", "--no-index", "-z", "--stdin"); err != nil && err.(*exec.ExitError).ExitCode() != 1 {
		g.t.Fatal(err)
	}
	said := map[string]bool{}
	for _, n := range strings.Split(out.String(), "\x00") {
		said[n] = true
	}
	verdicts := make([]bool, len(names))
	for i, n := range names {
		verdicts[i] = said[strings.TrimSuffix(n, "/")]
	}
	return verdicts
}

func (g *git) run(dir string, in, out *bytes.Buffer, args ...string) error {
	cmd := exec.Command("git", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_CONFIG_NOSYSTEM=1", "HOME="+g.dir)
	if in != nil {
		cmd.Stdin = in
	}
	if out != nil {
		cmd.Stdout = out
	}
	return cmd.Run()
}

func (g *git) must(err error) {
	g.t.Helper()
	if err != nil {
		g.t.Fatal(err)
	}
}

func TestWhatIsAlwaysIgnored(t *testing.T) {
	m := New([]string{"*.bak", "!keep.bak"}, []byte("!*.bak\n!.labsync\n!.stfolder\n!.syncthing.x.tmp"))
	for name, want := range map[string]bool{
		".labsync": true, ".labsync/tmp/x": true, ".LabSync": true, ".ＬABSYNC/x": true, "a/.labsync": false, ".labsyncignore": false,
		".stfolder": true, ".stversions/old": true, ".stignore": true, "a/.stignore": false,
		"a/.syncthing.x.txt.tmp": true, "~syncthing~x.tmp": true,
		"x.bak": true, "keep.bak": false, "x": false,
	} {
		if got := m.Match(name, false); got != want {
			t.Errorf("%q ignored: got %v, want %v", name, got, want)
		}
	}
	if m.Match("", true) {
		t.Error("the root is ignored")
	}
}

func TestRelaxes(t *testing.T) {
	for _, c := range []struct {
		name, old, new string
		want           bool
	}{
		{"the same list", "a\n!b\nc", "a\n!b\nc", false},
		{"another comment", "# x\na", "a\n\n# y", false},
		{"a pattern added at the end", "a", "a\nb", false},
		{"a pattern added at the front", "a\n!b", "x\na\n!b", false},
		{"an exception taken away", "a\n!b\nc", "a\nc", false},
		{"a pattern taken away", "a\nb", "a", true},
		{"an exception added", "a", "a\n!b", true},
		{"an exception moved behind what it takes back", "!b\na", "a\n!b", true},
		{"a pattern changed", "a", "A", true},
		{"the file removed", "a", "", true},
		{"the file new", "", "a", false},
	} {
		if got := Relaxes([]byte(c.old), []byte(c.new)); got != c.want {
			t.Errorf("%s: got %v, want %v", c.name, got, c.want)
		}
	}
}

func FuzzMatch(f *testing.F) {
	for _, c := range tricky {
		f.Add(c.patterns, c.name)
	}
	f.Fuzz(func(t *testing.T, patterns, name string) {
		m := New(nil, []byte(patterns))
		first := m.Match(name, false)
		if second := m.Match(name, false); first != second {
			t.Error("two answers to one question")
		}
		if Relaxes([]byte(patterns), []byte(patterns+"\n"+strings.ReplaceAll(strings.ReplaceAll(name, "\n", ""), "!", ""))) {
			t.Error("a pattern added relaxes the list")
		}
	})
}

func BenchmarkMatch(b *testing.B) {
	var list []string
	for i := range 30 {
		list = append(list, fmt.Sprintf("*.x%d", i))
	}
	m := New(list, []byte("build/\n/out/**\n**/tmp/*.log"))
	for b.Loop() {
		m.Match("src/deep/er/name.txt", false)
	}
}
