package edit

import (
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/labsync/labsync/internal/api"
	"github.com/labsync/labsync/internal/device"
)

func someID(name string) string { return device.ID(sha256.Sum256([]byte(name))).String() }

// newHome is a home with two other devices, and a directory beside it.
func newHome(t *testing.T) (h Home, dir string) {
	t.Helper()
	top := t.TempDir()
	h = Home(filepath.Join(top, "home"))
	for _, name := range []string{"bob", "carol"} {
		if _, err := h.AddDevice(t.Context(), api.DeviceConfig{ID: someID(name), Name: name}); err != nil {
			t.Fatal(err)
		}
	}
	return h, filepath.Join(top, "folder")
}

func mustAdd(t *testing.T, h Home, a api.FolderAdd) api.FolderConfig {
	t.Helper()
	f, err := h.AddFolder(t.Context(), a)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestTwoWhoTypeEachOthersLineMeetUnderOneID(t *testing.T) {
	older, newer := "0190aaaa-0000-7000-8000-000000000000", "0190bbbb-0000-7000-8000-000000000000"
	for _, tt := range []struct{ name, have, join string }{
		{"the other's folder is older", newer, older},
		{"ours is older", older, newer},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h, dir := newHome(t)
			mustAdd(t, h, api.FolderAdd{Path: dir, ID: tt.have})
			for range 2 { // typing it twice does no harm
				f := mustAdd(t, h, api.FolderAdd{Path: dir, Join: tt.join, Devices: []string{someID("bob")}})
				if f.ID != older || !slices.Equal(f.Devices, []string{someID("bob")}) {
					t.Errorf("folder is %s shared with %v, want %s shared with bob", f.ID, f.Devices, older)
				}
			}
			if list, err := h.Folders(t.Context()); err != nil || len(list) != 1 {
				t.Errorf("folders are %v (%v), want one", list, err)
			}
		})
	}
}

func TestWhichIDAFolderTakes(t *testing.T) {
	tests := []struct {
		name   string
		shared []string // who has the folder "mine" before
		add    api.FolderAdd
		want   string // the ID after, or a part of the refusal
	}{
		{"an unshared folder takes another ID", nil, api.FolderAdd{ID: "theirs", Devices: []string{"bob"}}, "theirs"},
		{"so does one shared only with who brings the ID", []string{"bob"}, api.FolderAdd{ID: "theirs", Devices: []string{"bob"}}, "theirs"},
		{"one that another device has keeps its ID", []string{"carol"}, api.FolderAdd{ID: "theirs", Devices: []string{"bob"}}, "because carol has it too"},
		{"the same ID adds the device", []string{"carol"}, api.FolderAdd{ID: "mine", Devices: []string{"bob"}}, "mine"},
		{"no ID adds the device", nil, api.FolderAdd{Devices: []string{"bob"}}, "mine"},
		{"nothing to add is refused", nil, api.FolderAdd{}, "already: change it with"},
		{"the ID of another folder is refused", nil, api.FolderAdd{ID: "second"}, "choose another ID"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h, dir := newHome(t)
			mustAdd(t, h, api.FolderAdd{Path: dir, ID: "mine", Devices: ids(tt.shared)})
			mustAdd(t, h, api.FolderAdd{Path: dir + "2", ID: "second"})
			tt.add.Path, tt.add.Devices = dir, ids(tt.add.Devices)
			f, err := h.AddFolder(t.Context(), tt.add)
			if err != nil {
				if e := (*api.Error)(nil); !errors.As(err, &e) || e.Code != api.CodeRefused || !strings.Contains(e.Text, tt.want) {
					t.Errorf("refused with %v, want %q", err, tt.want)
				}
				return
			}
			if f.ID != tt.want {
				t.Errorf("the folder is %s, want %s", f.ID, tt.want)
			}
			for _, id := range tt.add.Devices {
				if !slices.Contains(f.Devices, id) {
					t.Errorf("shared with %v, want %s too", f.Devices, id)
				}
			}
		})
	}
}

func ids(names []string) []string {
	var list []string
	for _, n := range names {
		list = append(list, someID(n))
	}
	return list
}

func TestARefusedFolderLeavesNothing(t *testing.T) {
	h, dir := newHome(t)
	mustAdd(t, h, api.FolderAdd{Path: dir, ID: "outer"})
	inner := filepath.Join(dir, "inner")
	file := dir + ".txt"
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		inner:                         "outer",
		filepath.Join(file, "sub"):    "cannot be made",
		file:                          "is a file",
		filepath.Dir(dir):             "contains",
		filepath.Join(string(h), "x"): "home",
	} {
		_, err := h.AddFolder(t.Context(), api.FolderAdd{Path: path, ID: "new"})
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v, want one line with %q", path, err, want)
		}
	}
	if _, err := os.Stat(inner); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the refused directory was made: %v", err)
	}
	if list, err := h.Folders(t.Context()); err != nil || len(list) != 1 {
		t.Errorf("folders are %v (%v), want one", list, err)
	}
}

func TestDevicesAreAddedOnceAndRenewed(t *testing.T) {
	h, _ := newHome(t)
	d, err := h.AddDevice(t.Context(), api.DeviceConfig{ID: strings.ToLower(someID("bob")), Addresses: []string{"quic://192.0.2.1:1"}})
	if err != nil || d.Name != "bob" || d.ID != someID("bob") || len(d.Addresses) != 1 {
		t.Errorf("AddDevice = %+v, %v", d, err)
	}
	own, err := device.Create(string(h), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		own.ID().String():     "this device itself",
		mistyped(someID("x")): "check character",
	} {
		if _, err := h.AddDevice(t.Context(), api.DeviceConfig{ID: text}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("AddDevice(%s) = %v, want %q", text, err, want)
		}
	}
	if list, err := h.Devices(t.Context()); err != nil || len(list) != 2 {
		t.Errorf("devices are %v (%v), want two", list, err)
	}
}

// mistyped returns an ID with another last character, which is a check character.
func mistyped(id string) string {
	last := "A"
	if strings.HasSuffix(id, last) {
		last = "B"
	}
	return id[:len(id)-1] + last
}

func TestEditsOfOneFolderAndDevice(t *testing.T) {
	h, dir := newHome(t)
	ctx := t.Context()
	mustAdd(t, h, api.FolderAdd{Path: dir, ID: "f", Devices: ids([]string{"bob"})})
	f, err := h.SetFolder(ctx, "f", api.FolderSet{Strategy: "none", Direction: "send-only", AddDevices: ids([]string{"carol"}), RemoveDevices: ids([]string{"bob"})})
	if err != nil || f.Strategy != "none" || f.Direction != "send-only" || f.Blocks != "content" || !slices.Equal(f.Devices, ids([]string{"carol"})) {
		t.Errorf("SetFolder = %+v, %v", f, err)
	}
	if _, err := h.SetFolder(ctx, "f", api.FolderSet{Strategy: "best"}); err == nil || !strings.Contains(err.Error(), "staggered") {
		t.Errorf("an unknown strategy: %v", err)
	}
	rate := int64(512 << 10)
	for _, err := range []error{
		h.PauseFolder(ctx, "f", true), h.PauseDevice(ctx, someID("bob"), true),
		h.SetLimit(ctx, api.LimitSet{Device: someID("bob"), Send: &rate}), h.SetLimit(ctx, api.LimitSet{Receive: &rate}),
		h.RemoveDevice(ctx, someID("carol")),
	} {
		if err != nil {
			t.Error(err)
		}
	}
	devices, _ := h.Devices(ctx)
	folders, _ := h.Folders(ctx)
	if len(devices) != 1 || !devices[0].Paused || devices[0].SendLimit != rate || len(folders) != 1 || !folders[0].Paused || len(folders[0].Devices) != 0 {
		t.Errorf("after the edits: %+v %+v", devices, folders)
	}
	for _, err := range []error{h.RemoveFolder(ctx, "none"), h.PauseFolder(ctx, "none", true), h.RemoveDevice(ctx, someID("nobody"))} {
		if e := (*api.Error)(nil); !errors.As(err, &e) || e.Code != api.CodeNotFound {
			t.Errorf("an unknown one: %v, want not-found", err)
		}
	}
	if err := h.RemoveFolder(ctx, "f"); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(dir); err != nil {
		t.Errorf("the removed folder's directory: %v", err)
	}
}
