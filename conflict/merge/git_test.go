package merge

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

var cases = flag.Int("merge.n", 300, "number of random merges that are compared with git's")

// needGit skips a test that has nothing to compare with. CI installs git.
func needGit(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("git"); err != nil {
		t.Skipf("merges are compared with those of git merge-file, which is not here: %v", err)
	}
}

// gitMerge returns what git merge-file makes of three texts.
func gitMerge(t *testing.T, base, a, b []byte) (merged []byte, ok bool) {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string][]byte{"base": base, "a": a, "b": b} {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command("git", "merge-file", "-p", "-q", "a", "base", "b")
	cmd.Dir = dir
	out, err := cmd.Output()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) && exit.ExitCode() < 128 {
		return nil, false
	}
	if err != nil {
		t.Fatalf("git merge-file: %v", err)
	}
	return out, true
}

func compare(t *testing.T, base, a, b []byte) (ok bool) {
	t.Helper()
	want, clean := gitMerge(t, base, a, b)
	got, ok := Text(base, a, b)
	if ok != clean || !bytes.Equal(got, want) {
		t.Fatalf("clean: %v, git's: %v\nbase %q\na %q\nb %q\ngot  %q\nwant %q", ok, clean, base, a, b, got, want)
	}
	back, again := Text(base, b, a)
	if again != ok || !bytes.Equal(back, got) {
		t.Fatalf("the merge depends on which side is which\nbase %q\na %q\nb %q", base, a, b)
	}
	return ok
}

// TestMergesAreThoseOfGit compares merges of texts made at random, of few and of
// many different lines, with what git makes of them.
func TestMergesAreThoseOfGit(t *testing.T) {
	needGit(t)
	clean := 0
	for seed := range *cases {
		r := rand.New(rand.NewPCG(uint64(seed), 1))
		base := randomText(r)
		a, b := edited(r, base), edited(r, base)
		if compare(t, join(base), join(a), join(b)) {
			clean++
		}
	}
	if clean < *cases/20 || clean > *cases*19/20 {
		t.Errorf("%d of %d merges were clean, which shows little", clean, *cases)
	}
}

func join(lines []string) []byte {
	var b bytes.Buffer
	for _, l := range lines {
		b.WriteString(l)
	}
	return b.Bytes()
}

func randomLine(r *rand.Rand, words int) string {
	end := "\n"
	if words%3 == 0 {
		end = "\r\n"
	}
	return fmt.Sprintf("%d%s", r.IntN(words), end)
}

func randomText(r *rand.Rand) []string {
	words := []int{2, 3, 6, 30, 1000}[r.IntN(5)]
	lines := make([]string, r.IntN([]int{8, 40, 600}[r.IntN(3)]))
	for i := range lines {
		lines[i] = randomLine(r, words)
	}
	return lines
}

// edited returns the lines after some edits, now and then without a last newline.
func edited(r *rand.Rand, lines []string) []string {
	out := append([]string{}, lines...)
	words := []int{2, 3, 6, 30, 1000}[r.IntN(5)]
	for range 1 + r.IntN(1+len(lines)/8) {
		at, n := r.IntN(len(out)+1), r.IntN(4)
		end := min(at+r.IntN(4), len(out))
		fresh := make([]string, n)
		for i := range fresh {
			fresh[i] = randomLine(r, words)
			if len(out) > 0 && r.IntN(2) == 0 {
				fresh[i] = out[r.IntN(len(out))] // a line moved or copied
			}
		}
		out = append(out[:at:at], append(fresh, out[end:]...)...)
	}
	if n := len(out); n > 0 && r.IntN(8) == 0 {
		out[n-1] = out[n-1][:1]
	}
	return out
}

// TestLargeMergesAreThoseOfGit does the same with texts that are long enough for
// a search to be cut short.
func TestLargeMergesAreThoseOfGit(t *testing.T) {
	needGit(t)
	for seed := range max(*cases/20, 4) {
		r := rand.New(rand.NewPCG(uint64(seed), 2))
		words := []int{20, 400, 100_000}[r.IntN(3)]
		base := make([]string, 20_000+r.IntN(20_000))
		for i := range base {
			base[i] = randomLine(r, words)
			if i >= 50 && r.IntN(40) == 0 { // a run of lines that occurs elsewhere, too
				from := r.IntN(i - 49)
				copy(base[i-24:i+1], base[from:])
			}
		}
		a, b := worked(r, base, words), worked(r, base, words)
		compare(t, join(base), join(a), join(b))
	}
}

// worked returns long lines after many edits near to one another.
func worked(r *rand.Rand, lines []string, words int) []string {
	var out []string
	for i := 0; i < len(lines); i++ {
		switch where := i / 500 % 12; {
		case where > 2 || r.IntN(3) > 0:
			out = append(out, lines[i])
		case r.IntN(2) == 0:
			out = append(out, randomLine(r, words))
		case r.IntN(2) == 0:
			out = append(out, lines[i], randomLine(r, words))
		}
	}
	return out
}
