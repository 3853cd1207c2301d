package daemon

import (
	"errors"
	"path/filepath"
	"testing"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/index/store"
)

// TestAnIndexThatTakesNoMoreWritesIsDoubted lets writes fail that are made for
// one file: only what fails for all of them concerns the folder.
func TestAnIndexThatTakesNoMoreWritesIsDoubted(t *testing.T) {
	ctx := t.Context()
	s, err := store.Open(ctx, filepath.Join(t.TempDir(), "index.db"), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var doubts []error
	x := suspect{s, func(err error) {
		if errors.Is(err, errUnwritable) {
			doubts = append(doubts, err)
		}
	}}
	writes := []struct {
		name string
		do   func() error
	}{
		{"begin", func() error { _, err := x.Begin(ctx, []index.Intent{{Operation: "delete", Path: "a"}}); return err }},
		{"abandon", func() error { return x.Abandon(ctx, []index.IntentID{1}) }},
		{"settle", func() error { return x.Settle(ctx, []index.Settled{{Name: "a"}}) }},
		{"set a setting", func() error { return x.SetSetting(ctx, "k", []byte("v")) }},
		{"commit", func() error { _, err := x.Commit(ctx, nil, true); return err }},
	}
	for _, w := range writes {
		if err := w.do(); err != nil || len(doubts) > 0 {
			t.Errorf("%s: %v, doubts %v", w.name, err, doubts)
		}
	}
	x.wrote(ctx, errors.New("of one file"))
	if len(doubts) > 0 {
		t.Errorf("an error of one file is a doubt: %v", doubts)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for _, w := range writes {
		if w.name == "commit" {
			w.do = func() error {
				_, err := x.Commit(ctx, []index.Change{{Entry: index.Entry{Name: "a", Type: index.Directory}}}, true)
				return err
			}
		}
		doubts = nil
		if err := w.do(); err == nil || len(doubts) != 1 {
			t.Errorf("%s on an index that takes nothing: %v, doubts %v", w.name, err, doubts)
		}
	}
}
