package config

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/labsync/labsync/internal/device"
)

func read(t *testing.T, home, name string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(home, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func TestUpdateMakesAHome(t *testing.T) {
	h := filepath.Join(t.TempDir(), "a", "home")
	c, err := Update(h, func(c *Config) error {
		c.Name, c.Listen = `bench "7"`, []string{"quic://127.0.0.1:0"}
		return nil
	})
	if err != nil || c.Name != `bench "7"` || !slices.Equal(c.Listen, []string{"quic://127.0.0.1:0"}) {
		t.Fatalf("got %+v, %v", c, err)
	}
	if !strings.HasPrefix(read(t, h, ConfigFile), "# labsync") {
		t.Error("the file does not explain itself")
	}
	info, err := os.Stat(filepath.Join(h, ConfigFile))
	if err != nil || runtime.GOOS != "windows" && info.Mode() != 0o600 {
		t.Errorf("mode: %v, %v", info, err)
	}
}

func TestUpdateAddsChangesAndRemoves(t *testing.T) {
	h, path := home(t), filepath.Join(t.TempDir(), "bar")
	a := mustID(t, idA)
	update := func(change func(*Config)) *Config {
		t.Helper()
		c, err := Update(h, func(c *Config) error { change(c); return nil })
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	first := update(func(c *Config) {
		c.Devices = append(c.Devices, Device{ID: a, Name: "alice", Addresses: []string{"quic://h:1"}})
		c.Folders = append(c.Folders, Folder{ID: "bar", Path: path, Devices: []device.ID{a}, Ignore: []string{"*.tmp"}})
	})
	if c, err := Load(h); err != nil || !Compare(first, c).Empty() {
		t.Fatalf("what was written reads as something else: %+v, %v", c, err)
	}
	second := update(func(c *Config) {
		c.Device(a).Paused, c.Device(a).SendLimit = true, 1<<20
		c.Folder("bar").RescanInterval = Never
	})
	if got := Compare(first, second); !slices.Equal(got.DevicesChanged, []device.ID{a}) || !slices.Equal(got.FoldersChanged, []string{"bar"}) || len(got.DevicesAdded) > 0 {
		t.Errorf("Compare says %+v", got)
	}
	third := update(func(c *Config) { c.RemoveDevice(a) })
	if third.Device(a) != nil || len(third.Folder("bar").Devices) != 0 {
		t.Errorf("device is still there: %+v", third)
	}
	fourth := update(func(c *Config) { c.RemoveFolder("bar") })
	if got := Compare(third, fourth); !slices.Equal(got.FoldersRemoved, []string{"bar"}) {
		t.Errorf("Compare says %+v", got)
	}
}

func TestUpdateWritesNothingItNeedNot(t *testing.T) {
	const config = "name = 'x'\n"
	h := home(t, ConfigFile, config)
	if _, err := Update(h, func(*Config) error { return nil }); err != nil {
		t.Fatal(err)
	}
	if got := read(t, h, ConfigFile); got != config {
		t.Errorf("config.toml became %q", got)
	}
	if _, err := os.Stat(filepath.Join(h, DevicesFile)); err == nil {
		t.Error("devices.toml was made for nothing")
	}
}

func TestUpdateLeavesFilesAloneAfterAnError(t *testing.T) {
	const config = "name = 'x'\n"
	h := home(t, ConfigFile, config)
	refused := errors.New("no")
	if _, err := Update(h, func(c *Config) error { c.Name = "y"; return refused }); !errors.Is(err, refused) {
		t.Errorf("got %v", err)
	}
	if _, err := Update(h, func(c *Config) error { c.Name, c.LogLevel = "y", "loud"; return nil }); err == nil {
		t.Error("an invalid outcome was written")
	}
	if got := read(t, h, ConfigFile); got != config {
		t.Errorf("config.toml became %q", got)
	}
}

func TestWhatAPersonWroteIsTheirs(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bar")
	h := home(t, ConfigFile, "name = 'x'\n\n[[device]]\nid = '"+idA+"'\n\n[[folder]]\nid = 'bar'\npath = '"+path+"'\n")
	for want, change := range map[string]func(*Config) error{
		"config.toml line 3": func(c *Config) error { c.RemoveDevice(mustID(t, idA)); return nil },
		"config.toml line 6": func(c *Config) error { c.Folder("bar").Paused = true; return nil },
	} {
		if _, err := Update(h, change); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want it to name %s", err, want)
		}
	}
}

func TestConcurrentUpdatesAllCount(t *testing.T) {
	h, root := home(t), t.TempDir()
	var all sync.WaitGroup
	for i := range 10 {
		all.Go(func() {
			_, err := Update(h, func(c *Config) error {
				id := fmt.Sprintf("f%d", i)
				c.Folders = append(c.Folders, Folder{ID: id, Path: filepath.Join(root, id)})
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if c, err := Load(h); err != nil || len(c.Folders) != 10 {
		t.Errorf("%d folders of 10, %v", len(c.Folders), err)
	}
}

func TestTryLock(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	unlock, err := TryLock(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := TryLock(path); !errors.Is(err, ErrLocked) {
		t.Errorf("second lock: %v", err)
	}
	unlock()
	unlock, err = Lock(path)
	if err != nil {
		t.Fatal(err)
	}
	unlock()
}

func TestNewFolderIDsDiffer(t *testing.T) {
	a, errA := NewFolderID()
	b, errB := NewFolderID()
	if errA != nil || errB != nil || a == b || len(a) != 36 || a[14] != '7' {
		t.Errorf("%q, %q, %v, %v", a, b, errA, errB)
	}
}

func TestSetKey(t *testing.T) {
	tests := []struct{ name, doc, table, key, want string }{
		{"replaces the value only", "# mine\nname  =  'old'   # why\n\nperson='p'\n", "", "name", "# mine\nname  =  'new'   # why\n\nperson='p'\n"},
		{"replaces a list over several lines", "listen = [ # where\n  'tcp://:1', # a\n]\n[limits]\n", "", "listen", "listen = 'new'\n[limits]\n"},
		{"adds after the last of the top level", "name = 'n' # c\n\n# about limits\n[limits]\nsend = 'off'\n", "", "person", "name = 'n' # c\nperson = 'new'\n\n# about limits\n[limits]\nsend = 'off'\n"},
		{"adds before the first table", "[limits]\nsend = 'off'\n", "", "person", "person = 'new'\n[limits]\nsend = 'off'\n"},
		{"adds below the opening comment", "# mine\n\n# name = 'x'\n", "", "name", "# mine\n\nname = 'new'\n# name = 'x'\n"},
		{"adds to an empty file", "", "", "name", "name = 'new'\n"},
		{"adds at an end without line break", "name = 'n'", "", "person", "name = 'n'\nperson = 'new'\n"},
		{"adds to a table", "[limits] # l\nsend = 'off'\n\n[[device]]\nid = ''\n", "limits", "receive", "[limits] # l\nsend = 'off'\nreceive = 'new'\n\n[[device]]\nid = ''\n"},
		{"adds to an empty table", "[limits]\n", "limits", "send", "[limits]\nsend = 'new'\n"},
		{"adds a table", "name = 'n'\n", "limits", "send", "name = 'n'\n\n[limits]\nsend = 'new'\n"},
		{"replaces a dotted key", "limits.send = 'off' # c\n", "limits", "send", "limits.send = 'new' # c\n"},
		{"leaves the same key of another table", "[[device]]\nname = 'd'\n", "", "name", "name = 'new'\n[[device]]\nname = 'd'\n"},
		{"keeps Windows line ends", "name = 'a'\r\nperson = 'p'\r\n", "", "name", "name = 'new'\r\nperson = 'p'\r\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			value := any("new")
			if tt.key == "send" || tt.key == "receive" {
				value = Rate(1)
				tt.want = strings.ReplaceAll(tt.want, "'new'", "'1B'")
			}
			if tt.key == "listen" {
				value = []string{"new"}
				tt.want = strings.ReplaceAll(tt.want, "'new'", "['new']")
			}
			got, err := setKey([]byte(tt.doc), tt.table, tt.key, value)
			if err != nil || string(got) != tt.want {
				t.Errorf("got  %q, %v\nwant %q", got, err, tt.want)
			}
		})
	}
	if _, err := setKey([]byte("name = 'n'\nlimits = { send = 'off' }\n"), "limits", "send", Rate(1)); err == nil || !strings.Contains(err.Error(), "line 2") {
		t.Errorf("an inline table: %v", err)
	}
}

func TestHostileTextStaysText(t *testing.T) {
	h := home(t)
	label := `x"]` + "'''" + `\[[device]] # $(id) %s`
	path := filepath.Join(t.TempDir(), `a'b"c %s`)
	if _, err := Update(h, func(c *Config) error {
		c.Person = label
		c.Folders = []Folder{{ID: label, Label: label, Path: path}}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	c, err := Load(h)
	if err != nil || c.Person != label || len(c.Folders) != 1 || c.Folders[0].ID != label || c.Folders[0].Path != path || len(c.Devices) != 0 {
		t.Errorf("got %+v, %v", c, err)
	}
}
