package device

import (
	"bytes"
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"strings"
)

// ID is the SHA-256 of a device's certificate. The zero ID stands for no
// device.
type ID [sha256.Size]byte

const (
	alphabet  = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567" // RFC 4648 base32
	plainLen  = 52                                 // base32 characters of an ID, without padding
	partLen   = 13                                 // characters that share one check character
	partCount = plainLen / partLen
	fullLen   = plainLen + partCount
	groupLen  = 7 // characters between dashes
)

// FromCertificate returns the ID of the device that has this certificate,
// given in DER.
func FromCertificate(der []byte) ID { return sha256.Sum256(der) }

// String returns the ID as Syncthing writes it: eight groups of seven base32
// characters, where every fourteenth character checks the thirteen before it.
// The zero ID is "".
func (id ID) String() string {
	if id == (ID{}) {
		return ""
	}
	plain := base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(id[:])
	full := make([]byte, 0, fullLen)
	for part := range partCount {
		s := plain[part*partLen : (part+1)*partLen]
		full = append(full, s...)
		full = append(full, checkCharacter(s))
	}
	return group(string(full))
}

// Short returns the first group of the ID, enough to recognise a device in a
// log line but not to identify it.
func (id ID) Short() string { return id.String()[:min(groupLen, len(id.String()))] }

// Compare orders IDs by their bytes.
func (id ID) Compare(other ID) int { return bytes.Compare(id[:], other[:]) }

// MarshalText returns String.
func (id ID) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText reads what ParseID reads. An empty text is the zero ID.
func (id *ID) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*id = ID{}
		return nil
	}
	parsed, err := ParseID(string(text))
	if err != nil {
		return err
	}
	*id = parsed
	return nil
}

// ParseID reads an ID as a person may have typed it: in either case, with
// dashes or spaces anywhere, with 0, 1 and 8 where O, I and B are meant, and,
// as very old versions of Syncthing wrote it, without check characters. The
// error is a sentence for that person.
func ParseID(s string) (ID, error) {
	typed := strings.NewReplacer("-", "", " ", "", "\t", "", "=", "", "0", "O", "1", "I", "8", "B").
		Replace(strings.ToUpper(strings.TrimSpace(s)))
	if i := strings.IndexFunc(typed, func(r rune) bool { return !strings.ContainsRune(alphabet, r) }); i >= 0 {
		return ID{}, fmt.Errorf("device ID %.80q has the character %q, which no device ID has: copy it from \"labsync id\" on that device",
			s, []rune(typed[i:])[0])
	}
	plain := typed
	switch len(typed) {
	case fullLen:
		var err error
		if plain, err = strip(typed); err != nil {
			return ID{}, err
		}
	case plainLen:
	default:
		return ID{}, fmt.Errorf("device ID %.80q has %d letters and digits instead of %d: copy it from \"labsync id\" on that device",
			s, len(typed), fullLen)
	}
	return decode(plain)
}

// strip verifies and removes the check characters.
func strip(full string) (string, error) {
	plain := make([]byte, 0, plainLen)
	for len(full) > 0 {
		part, check := full[:partLen], full[partLen]
		if checkCharacter(part) != check {
			return "", fmt.Errorf("device ID is mistyped, a check character does not match in %s: copy it again from \"labsync id\" on that device",
				group(full[:partLen+1]))
		}
		plain = append(plain, part...)
		full = full[partLen+1:]
	}
	return string(plain), nil
}

func decode(plain string) (ID, error) {
	encoding := base32.StdEncoding.WithPadding(base32.NoPadding)
	raw, err := encoding.DecodeString(plain)
	// 52 characters hold four bits more than an ID has. A text with one of them
	// set would be a second spelling of the same ID.
	if err != nil || encoding.EncodeToString(raw) != plain {
		return ID{}, fmt.Errorf("device ID is mistyped near its end, after %s: copy it again from \"labsync id\" on that device",
			plain[plainLen-groupLen:])
	}
	return ID(raw), nil
}

// checkCharacter is Syncthing's variant of the Luhn mod N algorithm with N =
// 32: factors start with 1 at the left end, where Luhn's start with 2 at the
// right.
func checkCharacter(s string) byte {
	const n = len(alphabet)
	sum, factor := 0, 1
	for i := range len(s) {
		addend := factor * strings.IndexByte(alphabet, s[i])
		sum += addend/n + addend%n
		factor = 3 - factor
	}
	return alphabet[(n-sum%n)%n]
}

// group puts a dash between every seven characters.
func group(s string) string {
	var b strings.Builder
	for i := range len(s) {
		if i > 0 && i%groupLen == 0 {
			b.WriteByte('-')
		}
		b.WriteByte(s[i])
	}
	return b.String()
}
