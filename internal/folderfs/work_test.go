package folderfs

import (
	"strings"
	"testing"
)

func TestWorkNamesComeBackFromTheirText(t *testing.T) {
	for _, w := range []Work{
		{Hash: [32]byte{1, 0xab}, Key: "0a-z9", Kind: Complete},
		{Hash: [32]byte{31: 0xff}, Key: "k", Kind: Partial},
		{Key: strings.Repeat("a", maxKey), Kind: Displaced},
	} {
		got, ok := ParseWork(w.String())
		if !ok || got != w {
			t.Errorf("ParseWork(%q) = %+v, %v; want %+v", w.String(), got, ok, w)
		}
	}
}

func TestForeignNamesAreNoWorkFiles(t *testing.T) {
	digits := strings.Repeat("0a", 32)
	for name, why := range map[string]string{
		"":                                "empty",
		"a.txt":                           "of the user",
		TempDir:                           "the directory itself",
		TempDir + "/" + digits:            "without a key",
		TempDir + "/" + digits + ".":      "with an empty key",
		TempDir + "/" + digits + ".K":     "with an upper-case key",
		TempDir + "/" + digits + ".a.b":   "with another suffix",
		TempDir + "/" + digits[2:] + ".a": "with too short a hash",
		TempDir + "/" + strings.ToUpper(digits) + ".a":                    "with an upper-case hash",
		TempDir + "/x/" + digits + ".a":                                   "deeper",
		RecoverDir + "/" + digits + ".a":                                  "in the directory of recovered files",
		DisplacedDir + "/" + digits + ".a" + partSuffix:                   "displaced, with the suffix of a partial one",
		DisplacedDir + "/" + digits + "." + strings.Repeat("a", maxKey+1): "with too long a key",
		TempDir + "/" + strings.Repeat("zz", 32) + ".a":                   "with digits that are none",
	} {
		if w, ok := ParseWork(name); ok {
			t.Errorf("a name %s parses: %q as %+v", why, name, w)
		}
	}
}
