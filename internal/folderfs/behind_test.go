package folderfs

import "testing"

func TestOnlyLargeFilesAreHandedOverAndVeryLargeOnesDropped(t *testing.T) {
	const mib = 1 << 20
	tests := []struct {
		name         string
		before, n    int64
		hand, dropIt bool
	}{
		{"nothing", 0, 0, false, false},
		{"a small file", 0, mib, false, false},
		{"just below a step", 7 * mib, mib - 1, false, false},
		{"the first step", 7 * mib, mib, true, false},
		{"between two steps", 9 * mib, 2 * mib, false, false},
		{"two steps at once", 3 * mib, 16 * mib, true, false},
		{"all that may stay", 60 * mib, 4 * mib, true, false},
		{"more than may stay", 71 * mib, mib, true, true},
		{"more than may stay, between two steps", 72 * mib, mib, false, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var b behind
			b.add(tt.before)
			if hand, drop := b.add(tt.n); hand != tt.hand || drop != tt.dropIt {
				t.Errorf("hand over %v, drop %v", hand, drop)
			}
		})
	}
}
