package corpus

import (
	"math/rand/v2"
	"strings"
)

// text writes lines that compress about as well as programs do. No two files
// are alike.
type text struct {
	r     *rand.Rand
	words []string
}

func newText(r *rand.Rand) *text {
	t := &text{r: r}
	for range 2000 {
		var w strings.Builder
		for range 2 + r.IntN(9) {
			w.WriteByte(byte('a' + r.IntN(26)))
		}
		t.words = append(t.words, w.String())
	}
	return t
}

// word is drawn so that some are frequent, as in a language.
func (t *text) word() string {
	u := t.r.Float64()
	return t.words[int(u*u*u*float64(len(t.words)))]
}

// bytes returns n bytes of lines. As in programs, half of it was said before in
// the same file.
func (t *text) bytes(n int) []byte {
	joints := []string{" ", " ", ".", "(", ") ", ", ", " = ", "_", ": ", "\n", "\n\t", ";\n\t\t"}
	out := make([]byte, 0, n+128)
	for len(out) < n {
		if len(out) > 200 && t.r.IntN(6) == 0 {
			from := t.r.IntN(len(out) - 100)
			out = append(out, out[from:from+15+t.r.IntN(60)]...)
			continue
		}
		out = append(out, t.word()...)
		out = append(out, joints[t.r.IntN(len(joints))]...)
	}
	return out[:n]
}
