package device

import (
	"strings"
	"testing"
)

// known is the ID that Syncthing's own tests use; documented is the example of
// its documentation.
const (
	known      = "P56IOI7-MZJNU2Y-IQGDREY-DM2MGTI-MGL3BXN-PQ6W5BM-TBBZ4TJ-XZWICQ2"
	documented = "MFZWI3D-BONSGYC-YLTMRWG-C43ENR5-QXGZDMM-FZWI3DP-BONSGYY-LTMRWAD"
)

func TestParseID(t *testing.T) {
	bare := strings.ReplaceAll(known, "-", "")
	tests := []struct{ name, in, want string }{
		{"as written", known, known},
		{"the documentation's example", documented, documented},
		{"without dashes", bare, known},
		{"lower case", strings.ToLower(known), known},
		{"spaces for dashes and around", "  " + strings.ReplaceAll(known, "-", " ") + "\n", known},
		{"dashes in odd places", "P56-IOI7MZJNU2Y-IQGDREYDM2MGTI-MGL3BXNPQ6W5BM-TBBZ4TJXZWICQ2", known},
		{"digits for the letters they look like", "P561017-MZJNU2Y-1QGDREY-DM2MGT1-MGL38XN-PQ6W58M-T88Z4TJ-XZW1CQ2", known},
		{"old style without check characters", "P56IOI7MZJNU2IQGDREYDM2MGTMGL3BXNPQ6W5BTBBZ4TJXZWICQ", known},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			id, err := ParseID(tt.in)
			if err != nil {
				t.Fatal(err)
			}
			if got := id.String(); got != tt.want {
				t.Errorf("ParseID(%q) = %s, want %s", tt.in, got, tt.want)
			}
		})
	}
}

func TestParseIDRefuses(t *testing.T) {
	tests := []struct{ name, in, says string }{
		{"an empty text", "", "0 letters"},
		{"a wrong last check character", known[:len(known)-1] + "A", "check character"},
		{"a wrong letter inside", "Q" + known[1:], "check character"},
		{"two groups swapped", known[8:15] + "-" + known[:7] + known[15:], "check character"},
		{"a missing letter", known[1:], "55 letters and digits instead of 56"},
		{"a letter that base32 has not", "9" + known[1:], "'9'"},
		{"a letter of another script", "Я" + known[1:], "'Я'"},
		{"an old style ID with stray bits", "P56IOI7MZJNU2IQGDREYDM2MGTMGL3BXNPQ6W5BTBBZ4TJXZWICR", "near its end"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := ParseID(tt.in)
			if err == nil || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("ParseID(%q): %v, want it to say %q", tt.in, err, tt.says)
			}
		})
	}
}

func TestIDText(t *testing.T) {
	id, err := ParseID(known)
	if err != nil {
		t.Fatal(err)
	}
	if id.Short() != "P56IOI7" || (ID{}).Short() != "" {
		t.Errorf("Short: %q, and %q of the zero ID", id.Short(), ID{}.Short())
	}
	for _, want := range []ID{id, {}} {
		text, err := want.MarshalText()
		if err != nil {
			t.Fatal(err)
		}
		var got ID
		if err := got.UnmarshalText(text); err != nil || got != want {
			t.Errorf("%q came back as %v, %v", text, got, err)
		}
	}
	if id.Compare(ID{}) <= 0 || (ID{}).Compare(id) >= 0 || id.Compare(id) != 0 {
		t.Error("Compare does not order by bytes")
	}
}

func FuzzParseID(f *testing.F) {
	f.Add(known)
	f.Add(strings.ToLower(documented))
	f.Add("P56IOI7MZJNU2IQGDREYDM2MGTMGL3BXNPQ6W5BTBBZ4TJXZWICQ")
	f.Fuzz(func(t *testing.T, s string) {
		id, err := ParseID(s)
		if err != nil {
			return
		}
		again, err := ParseID(id.String())
		if id != (ID{}) && (err != nil || again != id) {
			t.Errorf("%q gave %s, which reads as %s, %v", s, id, again, err)
		}
	})
}
