package index

import (
	"strings"
	"testing"
)

func TestCheckNameRefuses(t *testing.T) {
	for name, why := range map[string]string{
		"":                            "an empty name",
		"../x":                        "the parent of the root",
		"a/../../x":                   "a way out further on",
		"a/..":                        "a parent at the end",
		".":                           "the root itself",
		"a/./b":                       "a dot component",
		"a//b":                        "an empty component",
		"a/":                          "a trailing slash",
		"/etc/passwd":                 "an absolute path",
		"//x":                         "a double slash at the start",
		`C:\x`:                        "an absolute path of Windows",
		`c:/x`:                        "the same with a slash",
		`\\?\C:\x`:                    "a device path of Windows",
		`\\srv\share`:                 "a network path of Windows",
		"a\x00b":                      "NUL",
		"a\xff":                       "a byte that is not UTF-8",
		"\xc0\xaf":                    "an overlong slash",
		"\xed\xa0\x80":                "a lone surrogate",
		"e\u0301":                     "an accent that is not composed",
		".labsync":                    "the work directory",
		".labsync/tmp/x":              "a name in the work directory",
		"a/.labsync":                  "the work directory of a folder inside",
		".LabSync":                    "another case",
		".lab\u017fync":               "the long s, which folds to s",
		".labsync.":                   "a dot at the end",
		".labsync . .":                "dots and spaces at the end",
		".labsync::$INDEX_ALLOCATION": "a stream of NTFS",
		".lab\u200csync":              "an ignorable code point",
		"\ufeff.labsync":              "a byte order mark",
		"LABSYN~1":                    "a short name of NTFS",
		"labsyn~2/x":                  "another short name",
		strings.Repeat("a/", 2100):    "a name too long",
		strings.Repeat("a", 1021):     "a component too long",
	} {
		if err := CheckName(name); err == nil {
			t.Errorf("%s passes: %.40q", why, name)
		}
	}
}

func TestCheckNameAllows(t *testing.T) {
	for _, name := range []string{
		"a", "a/b/c", "...", "a..b", "..a", "A: plan", `back\slash`, "new\nline", "aux.txt", "trailing.",
		"x:stream", "\u00e9", "\u65e5\u672c\u8a9e.txt", "a\u200db", ".labsyncignore", "labsync", ".labsync2",
		"labsyn~x", strings.Repeat("a", 255), strings.Repeat("\u65e5", 255), "dir/" + strings.Repeat("b", 1020),
	} {
		if err := CheckName(name); err != nil {
			t.Errorf("%.40q: %v", name, err)
		}
	}
}

func FuzzCheckName(f *testing.F) {
	f.Add("a/b")
	f.Add(".lab\u200csync")
	f.Add("../x")
	f.Fuzz(func(t *testing.T, name string) {
		if CheckName(name) != nil {
			return
		}
		for _, c := range strings.Split(name, "/") {
			if c == "" || c == "." || c == ".." || strings.EqualFold(strings.TrimRight(c, ". "), workDir) {
				t.Errorf("%q passes", name)
			}
		}
	})
}
