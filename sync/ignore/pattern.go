package ignore

import "strings"

// list is an ignore file: its patterns in order.
type list []pattern

// pattern is one line of a list.
type pattern struct {
	text    string   // the line without surrounding noise, for comparison
	parts   []string // components, as path.Match takes them; "**" stands for itself
	except  bool     // begins with "!"
	dirOnly bool     // ends with "/"
	base    bool     // has no slash inside: matches the last component at any depth
}

func parse(text string) list {
	var l list
	for line := range strings.Lines(strings.TrimPrefix(text, "\ufeff")) {
		if p, ok := parseLine(strings.TrimRight(line, "\r\n")); ok {
			l = append(l, p)
		}
	}
	return l
}

func parseLine(line string) (pattern, bool) {
	line = trimSpaces(line)
	if line == "" || line[0] == '#' {
		return pattern{}, false
	}
	p := pattern{text: line}
	line, p.except = strings.CutPrefix(line, "!")
	line, p.dirOnly = strings.CutSuffix(line, "/")
	p.base = !strings.Contains(line, "/")
	line = strings.TrimPrefix(line, "/")
	if line == "" {
		return pattern{}, false
	}
	p.parts = strings.Split(line, "/")
	for i, part := range p.parts {
		if part != "**" || p.base {
			p.parts[i] = translate(part)
		}
	}
	return p, true
}

// trimSpaces removes spaces at the end, but for one that is escaped.
func trimSpaces(line string) string {
	end := 0
	for i := 0; i < len(line); i++ {
		if line[i] == '\\' && i+1 < len(line) {
			i++
			end = i + 1
		} else if line[i] != ' ' {
			end = i + 1
		}
	}
	return line[:end]
}

// classes are the POSIX character classes, for ASCII as git has them.
var classes = strings.NewReplacer(
	"[:alpha:]", "a-zA-Z", "[:digit:]", "0-9", "[:alnum:]", "a-zA-Z0-9", "[:upper:]", "A-Z", "[:lower:]", "a-z",
	"[:space:]", " \t\n\v\f\r", "[:blank:]", " \t", "[:xdigit:]", "0-9a-fA-F", "[:punct:]", "!-/:-@\\[-`{-~",
	"[:cntrl:]", "\x01-\x1f\x7f", "[:graph:]", "!-~", "[:print:]", " -~")

// translate rewrites a component from git's dialect to that of path.Match:
// negation is "^", a bracket that comes first in brackets needs an escape, and
// classes are spelled out. Stars in a row are one.
func translate(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			b.WriteByte('\\')
			if i++; i < len(s) {
				b.WriteByte(s[i])
			}
		case '*':
			if !strings.HasSuffix(s[:i], "*") || strings.HasSuffix(s[:i], "\\*") {
				b.WriteByte('*')
			}
		case '[':
			set, n := bracket(s[i:])
			b.WriteString(set)
			i += n - 1
		default:
			b.WriteByte(s[i])
		}
	}
	return b.String()
}

// bracket translates the bracket expression that s begins with and returns its
// length in s. One that never ends is returned as it is: it matches nothing.
func bracket(s string) (string, int) {
	open, i := "[", 1
	if i < len(s) && (s[i] == '!' || s[i] == '^') {
		open, i = "[^", i+1
	}
	start := i
	for ; i < len(s); i++ {
		switch {
		case s[i] == '\\':
			i++
		case strings.HasPrefix(s[i:], "[:"):
			if n := strings.Index(s[i:], ":]"); n > 0 {
				i += n + 1
			}
		case s[i] == ']' && i > start:
			return open + members(s[start:i]) + "]", i + 1
		}
	}
	return s, len(s)
}

// members translates what stands between brackets.
func members(s string) string {
	if rest, ok := strings.CutPrefix(s, "]"); ok {
		s = "\\]" + rest
	}
	if rest, ok := strings.CutPrefix(s, "-"); ok {
		s = "\\-" + rest
	}
	if rest, ok := strings.CutSuffix(s, "-"); ok && !strings.HasSuffix(rest, "\\") {
		s = rest + "\\-"
	}
	return classes.Replace(s)
}

// ignores reports whether the last pattern that matches the name excludes it.
func (l list) ignores(name []string, dir bool) bool {
	for i := len(l) - 1; i >= 0; i-- {
		if l[i].matches(name, dir) {
			return !l[i].except
		}
	}
	return false
}

func (p *pattern) matches(name []string, dir bool) bool {
	switch {
	case p.dirOnly && !dir:
		return false
	case p.base:
		return match(p.parts[0], name[len(name)-1])
	}
	return matchParts(p.parts, name)
}

// matchParts matches components. "**" stands for any number of them, but at the
// end for at least one: what is in a directory, not the directory.
func matchParts(pattern, name []string) bool {
	for len(pattern) > 0 {
		if pattern[0] == "**" {
			for len(pattern) > 1 && pattern[1] == "**" {
				pattern = pattern[1:]
			}
			if len(pattern) == 1 {
				return len(name) > 0
			}
			for i := range name {
				if matchParts(pattern[1:], name[i:]) {
					return true
				}
			}
			return false
		}
		if len(name) == 0 || !match(pattern[0], name[0]) {
			return false
		}
		pattern, name = pattern[1:], name[1:]
	}
	return len(name) == 0
}
