package store_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/internal/device"
)

// SQLite waits for the disk only if a transaction changes something: one that
// sets what is there already is over without it, and what was committed loosely
// before stays loose.
func TestADurableWriteAlwaysWrites(t *testing.T) {
	peer := device.ID{1}
	for _, one := range []struct {
		says  string
		write func(t *testing.T, s index.Store) error
	}{
		{"of nothing", func(t *testing.T, s index.Store) error {
			_, err := s.Commit(t.Context(), nil, true)
			return err
		}},
		{"of a setting as it is", func(t *testing.T, s index.Store) error {
			return s.SetSetting(t.Context(), "same", []byte("value"))
		}},
		{"of a change that is stale", func(t *testing.T, s index.Store) error {
			_, err := s.Commit(t.Context(), []index.Change{{
				Base: index.Version{{Replica: 7, Value: 7}}, Entry: index.Entry{Name: "a", Version: index.Version{{Replica: 7, Value: 8}}},
			}}, true)
			return err
		}},
	} {
		t.Run(one.says, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "index.db")
			s := open(t, path)
			for n := range 2 { // twice: what is written must not be the same either
				if err := s.SetSetting(t.Context(), "same", []byte("value")); err != nil {
					t.Fatal(err)
				}
				if err := s.RecordRemote(t.Context(), peer, []index.Update{{Sequence: int64(n + 1)}}); err != nil {
					t.Fatal(err)
				}
				before := sizeOf(t, path+"-wal")
				if err := one.write(t, s); err != nil {
					t.Fatal(err)
				}
				if after := sizeOf(t, path+"-wal"); after <= before {
					t.Errorf("nothing was written: the log has %d bytes, as before", after)
				}
			}
		})
	}
}

func sizeOf(t *testing.T, path string) int64 {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}
