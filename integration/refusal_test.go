package integration

import "strings"

// checkRefusal checks that a command ended with the exit code and one sentence
// on stderr that has the words, and printed nothing else.
func (n *node) checkRefusal(r result, code int, words ...string) {
	n.t.Helper()
	if r.code != code {
		n.t.Errorf("%s: exit code %d, want %d: %s", n.name, r.code, code, r.stderr)
	}
	if r.stdout != "" {
		n.t.Errorf("%s: a refusal printed %q", n.name, r.stdout)
	}
	n.checkSentence(strings.TrimSuffix(r.stderr, "\n"), words...)
}
