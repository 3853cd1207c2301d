package merge

import (
	"bytes"
	"os/exec"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestText(t *testing.T) {
	const bom = "\xef\xbb\xbf"
	long := strings.Repeat("a line that repeats itself\n", 40_000)
	tests := []struct {
		name, base, a, b string
		want             string
		ok               bool
	}{
		{"nobody changed it", "1\n2\n", "1\n2\n", "1\n2\n", "1\n2\n", true},
		{"one did", "1\n2\n", "1\nx\n", "1\n2\n", "1\nx\n", true},
		{"both did, apart", "1\n2\n3\n", "x\n2\n3\n", "1\n2\ny\n", "x\n2\ny\n", true},
		{"side by side", "1\n2\n3\n", "x\n2\n3\n", "1\ny\n3\n", "", false},
		{"at one place", "1\n2\n3\n", "1\nx\n3\n", "1\ny\n3\n", "", false},
		{"at one place, alike", "1\n2\n3\n", "1\nx\n3\n", "1\nx\n3\n", "1\nx\n3\n", true},
		{"overlapping", "1\n2\n3\n4\n5\n", "1\nx\nx\n4\n5\n", "1\n2\ny\ny\n5\n", "", false},
		{"one deleted what the other edited", "1\n2\n3\n", "1\n3\n", "1\ny\n3\n", "", false},
		{"both added at the end", "1\n", "1\n2\n", "1\n3\n", "", false},
		{"one added in front, the other behind", "1\n", "0\n1\n", "1\n2\n", "0\n1\n2\n", true},
		{"everything is new on both sides", "", "1\n", "2\n", "", false},
		{"everything is new, alike", "", "1\n", "1\n", "1\n", true},
		{"all is gone on one side", "1\n2\n", "", "1\n2\n", "", true},
		{"lines end as they did on Windows", "1\r\n2\r\n3\r\n", "x\r\n2\r\n3\r\n", "1\r\n2\r\ny\r\n", "x\r\n2\r\ny\r\n", true},
		{"one side has other line ends everywhere", "1\n2\n3\n", "1\r\n2\r\n3\r\n", "1\n2\ny\n", "", false},
		{"the last line has no end", "1\n2\n3", "x\n2\n3", "1\n2\n3", "x\n2\n3", true},
		{"one side ended the last line, the other edited it", "1\n2\n3", "1\n2\n3\n", "1\n2\nz", "", false},
		{"one side ended the last line, the other edited the first", "1\n2\n3", "1\n2\n3\n", "x\n2\n3", "x\n2\n3\n", true},
		{"a byte-order mark is a part of the first line", bom + "1\n2\n3\n", bom + "1\n2\nx\n", "1\n2\n3\n", "1\n2\nx\n", true},
		{"two mebibytes", long, "first\n" + long, long + "last\n", "first\n" + long + "last\n", true},
	}
	_, noGit := exec.LookPath("git")
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, ok := Text([]byte(tt.base), []byte(tt.a), []byte(tt.b))
			if ok != tt.ok || string(got) != tt.want {
				t.Errorf("%q, %v, want %q, %v", got, ok, tt.want, tt.ok)
			}
			if noGit == nil {
				compare(t, []byte(tt.base), []byte(tt.a), []byte(tt.b))
			}
		})
	}
}

// TestRegionsHoldEveryLine checks that the regions of a merge put together are
// the three texts again, and what each kind promises.
func TestRegionsHoldEveryLine(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := func(name string) []byte {
			return []byte(strings.Join(rapid.SliceOfN(rapid.SampledFrom([]string{"a\n", "b\n", "c\n", "d"}), 0, 30).Draw(t, name), ""))
		}
		base, a, b := text("base"), text("a"), text("b")
		var baseAgain, aAgain, bAgain [][]byte
		for _, r := range Regions(base, a, b) {
			baseAgain, aAgain, bAgain = append(baseAgain, r.Base...), append(aAgain, r.A...), append(bAgain, r.B...)
			theBase, theA, theB := bytes.Join(r.Base, nil), bytes.Join(r.A, nil), bytes.Join(r.B, nil)
			untouchedA, untouchedB, alike := bytes.Equal(theBase, theA), bytes.Equal(theBase, theB), bytes.Equal(theA, theB)
			good := map[Kind]bool{Same: untouchedA && untouchedB, FromA: untouchedB, FromB: untouchedA, FromBoth: alike, Conflict: !alike}
			if !good[r.Kind] {
				t.Fatalf("kind %d of %q, %q, %q", r.Kind, theBase, theA, theB)
			}
		}
		for i, again := range [][][]byte{baseAgain, aAgain, bAgain} {
			if want := [][]byte{base, a, b}[i]; !bytes.Equal(bytes.Join(again, nil), want) {
				t.Fatalf("text %d is %q in the regions, want %q", i, again, want)
			}
		}
	})
}

func TestAWorthlessMergeEndsSoon(t *testing.T) {
	var base, a, b strings.Builder
	for i := range 40_000 { // nothing in common but a few lines that occur everywhere
		for j, w := range []*strings.Builder{&base, &a, &b} {
			w.WriteString(strings.Repeat(string(rune('a'+j)), 1+(i*7919+j*31)%40) + "\n")
			if i%3 == 0 {
				w.WriteString("common " + string(rune('a'+i*31%26)) + "\n")
			}
		}
	}
	if _, ok := Text([]byte(base.String()), []byte(a.String()), []byte(b.String())); ok {
		t.Error("three texts without anything in common were merged")
	}
}

func BenchmarkText(b *testing.B) {
	base := bytes.Repeat([]byte("one line of a text\nand another one\n\nthe third\n"), 40_000)
	ours := append([]byte("in front\n"), base...)
	theirs := append(base[:len(base):len(base)], "behind\n"...)
	b.SetBytes(int64(len(base)))
	for b.Loop() {
		if _, ok := Text(base, ours, theirs); !ok {
			b.Fatal("a conflict")
		}
	}
}
