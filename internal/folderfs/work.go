package folderfs

import (
	"encoding/hex"
	"strings"
)

// Work is the name of a file in the work directory, taken apart. The names are
//
//	tmp/<hash>.<key>         complete: verified and durable, to be placed
//	tmp/<hash>.<key>.part    being assembled
//	displaced/<hash>.<key>   taken away from the tree
//
// where hash is 64 hexadecimal digits: of what the file should hold or, once it
// is displaced, of what it was taken for. Only a complete or displaced file
// ever takes part in an exchange with the tree, so a partial one never holds
// bytes of the user, and a complete one whose content is not that of its hash
// holds nothing else.
type Work struct {
	Hash [32]byte
	Key  string // keeps files of one content apart; lower-case letters, digits and '-'
	Kind WorkKind
}

// WorkKind tells the names in the work directory apart.
type WorkKind uint8

// The kinds of work files.
const (
	Complete WorkKind = iota
	Partial
	Displaced
)

const (
	partSuffix = ".part"
	maxKey     = 64 // so that a name stays below 143 bytes, the least of any file system in use
)

// String returns the name, from the folder's root.
func (w Work) String() string {
	base := hex.EncodeToString(w.Hash[:]) + "." + w.Key
	switch w.Kind {
	case Partial:
		return TempDir + "/" + base + partSuffix
	case Displaced:
		return DisplacedDir + "/" + base
	default:
		return TempDir + "/" + base
	}
}

// ParseWork takes a name in TempDir or DisplacedDir apart. ok is false for any
// that labsync does not give itself.
func ParseWork(name string) (w Work, ok bool) {
	dir, base := split(name)
	switch dir {
	case TempDir:
		if rest, part := strings.CutSuffix(base, partSuffix); part {
			base, w.Kind = rest, Partial
		}
	case DisplacedDir:
		w.Kind = Displaced
	default:
		return Work{}, false
	}
	digits, key, found := strings.Cut(base, ".")
	if !found || len(digits) != 2*len(w.Hash) || !validKey(key) {
		return Work{}, false
	}
	w.Key = key
	if _, err := hex.Decode(w.Hash[:], []byte(digits)); err != nil || digits != strings.ToLower(digits) {
		return Work{}, false
	}
	return w, true
}

func validKey(key string) bool {
	for i := range len(key) {
		c := key[i]
		if (c < '0' || c > '9') && (c < 'a' || c > 'z') && c != '-' {
			return false
		}
	}
	return key != "" && len(key) <= maxKey
}
