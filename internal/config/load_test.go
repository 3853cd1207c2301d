package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/labsync/labsync/internal/device"
)

const (
	idA = "P56IOI7-MZJNU2Y-IQGDREY-DM2MGTI-MGL3BXN-PQ6W5BM-TBBZ4TJ-XZWICQ2"
	idB = "MFZWI3D-BONSGYC-YLTMRWG-C43ENR5-QXGZDMM-FZWI3DP-BONSGYY-LTMRWAD"
)

func mustID(t *testing.T, s string) device.ID {
	t.Helper()
	id, err := device.ParseID(s)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// home writes files, given as name and content in turn, into a new home.
func home(t *testing.T, files ...string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "home")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(files); i += 2 {
		if err := os.WriteFile(filepath.Join(dir, files[i]), []byte(files[i+1]), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestLoadOfAnEmptyHomeGivesDefaults(t *testing.T) {
	c, err := Load(home(t))
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Listen) != 2 || c.API != "127.0.0.1:8385" || c.LogLevel != "info" || c.Name == "" || c.Rescan(Folder{}) != time.Hour {
		t.Errorf("got %+v", c)
	}
}

func TestLoadReadsAllThreeFiles(t *testing.T) {
	root := t.TempDir()
	h := home(t,
		ConfigFile, `
name = "bench"       # the one by the window
listen = ["tcp://127.0.0.1:0"]
rescan_interval = "off"
[limits]
send = "10MiB"
[[device]]
id = "`+idA+`"
name = "mine"
`,
		DevicesFile, `
[[device]]
id = "`+idA+`"
name = "shadowed"
[[device]]
id = "`+strings.ToLower(idB)+`"
addresses = ["tcp://h:1", "quic://h:1", "dynamic"]
receive_limit = "500KiB"
`,
		FoldersFile, `
[[folder]]
id = "bar"
path = '`+filepath.Join(root, "bar")+`'
devices = ["`+idB+`"]
rescan_interval = "10m"
`)
	c, err := Load(h)
	if err != nil {
		t.Fatal(err)
	}
	if c.Name != "bench" || len(c.Listen) != 1 || c.Limits.Send != 10<<20 || c.Limits.Receive != 0 || c.Rescan(Folder{}) != 0 {
		t.Errorf("settings: %+v", c)
	}
	if len(c.Devices) != 2 || c.Device(mustID(t, idA)).Name != "mine" {
		t.Errorf("config.toml should win: %+v", c.Devices)
	}
	b := c.Device(mustID(t, idB))
	if list := b.Candidates(); len(list) != 2 || list[0].Scheme != "quic" || b.ReceiveLimit != 500<<10 {
		t.Errorf("device: %+v, %v", b, list)
	}
	f := c.Folder("bar")
	if f.Label != "bar" || f.Strategy != StrategySimple || f.Blocks != BlocksContent || f.Direction != SendReceive || c.Rescan(*f) != 10*time.Minute {
		t.Errorf("folder: %+v", f)
	}
}

func TestLoadRefuses(t *testing.T) {
	root := t.TempDir()
	file := filepath.Join(root, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	folder := func(id, path string) string {
		return "[[folder]]\nid = \"" + id + "\"\npath = '" + filepath.Join(root, path) + "'\n"
	}
	tests := []struct {
		name, file, content string
		says                []string
	}{
		{"an unknown key", ConfigFile, "name = \"x\"\n\nno_such_key = 1\n", []string{"config.toml line 3", "no_such_key"}},
		{"two unknown keys", ConfigFile, "aa = 1\n[limits]\nbb = 1\n", []string{"line 1", `"aa"`, "line 3", `"limits.bb"`}},
		{"an unknown key of a folder", FoldersFile, folder("a", "a") + "colour = 1\n", []string{"folders.toml line 4", "folder.colour"}},
		{"a setting in a file of the command line", DevicesFile, "name = \"x\"\n", []string{"devices.toml line 1", `"name"`}},
		{"broken TOML", ConfigFile, "name = \"x\nlisten = 1", []string{"config.toml line 1"}},
		{"a value of the wrong type", ConfigFile, "name = 7\n", []string{"config.toml line 1", "wrong type, integer"}},
		{"a mistyped device ID", DevicesFile, "[[device]]\nid = \"" + idA[:len(idA)-1] + "A\"\n", []string{"devices.toml line 2", "check character"}},
		{"a device without ID", DevicesFile, "[[device]]\nname = \"x\"\n", []string{"devices.toml line 1", "no id"}},
		{"a device twice", DevicesFile, strings.Repeat("[[device]]\nid = \""+idA+"\"\n", 2), []string{"line 3", "line 1", "already"}},
		{"a bad rate", ConfigFile, "[limits]\nsend = \"fast\"\n", []string{"config.toml line 2", `"fast"`, "10MiB"}},
		{"a bad interval", ConfigFile, "rescan_interval = \"1\"\n", []string{"line 1", "10m"}},
		{"all mistakes at once", ConfigFile, "log_level = \"loud\"\nlisten = [\"x\"]\napi = \"0.0.0.0:1\"\n", []string{"loud", `"x"`, "0.0.0.0:1"}},
		{"discovery of a later version", ConfigFile, "discovery = [\"local\"]\n", []string{"local", "not available yet"}},
		{"discovery that never was", ConfigFile, "discovery = [\"carrier pigeon\"]\n", []string{"carrier pigeon", "unknown"}},
		{"a bad device address", DevicesFile, "[[device]]\nid = \"" + idA + "\"\naddresses = [\"h:1\"]\n", []string{"line 1", `"h:1"`}},
		{"a folder in another", FoldersFile, folder("out", "a") + folder("in", "a/b"), []string{"line 4", `"in"`, `"out"`, "inside", filepath.Join(root, "a", "b")}},
		{"a folder around another", FoldersFile, folder("in", "a/b") + folder("out", "a"), []string{`"in"`, `"out"`, "contains"}},
		{"a path twice", FoldersFile, folder("one", "a") + folder("two", "a/"), []string{"one", "two", "same path"}},
		{"a folder without path", FoldersFile, "[[folder]]\nid = \"x\"\n", []string{`"x"`, "no path"}},
		{"a folder without ID", FoldersFile, folder("", "a"), []string{"no id"}},
		{"an unknown strategy", FoldersFile, folder("a", "a") + "strategy = \"keep\"\n", []string{"keep", "staggered"}},
		{"a device that is not configured", FoldersFile, folder("a", "a") + "devices = [\"" + idA + "\"]\n", []string{idA, "not configured"}},
		{"a name with a line break", ConfigFile, "name = \"a\\nb\"\n", []string{"control characters"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Load(home(t, tt.file, tt.content))
			if err == nil {
				t.Fatal("it was taken")
			}
			for _, want := range tt.says {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q does not say %q", err, want)
				}
			}
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("more than one line: %q", err)
			}
		})
	}
}

func TestFoldersAndTheHomeStayApart(t *testing.T) {
	for name, path := range map[string]func(home string) string{
		"the home itself": func(h string) string { return h },
		"inside the home": func(h string) string { return filepath.Join(h, "x") },
		"around the home": filepath.Dir,
		"through a symbolic link": func(h string) string {
			link := filepath.Join(filepath.Dir(filepath.Dir(h)), "link-"+filepath.Base(t.TempDir()))
			if err := os.Symlink(h, link); err != nil {
				t.Skip("no symbolic links here: ", err)
			}
			t.Cleanup(func() { _ = os.Remove(link) })
			return filepath.Join(link, "x")
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := home(t)
			content := "[[folder]]\nid = \"a\"\npath = '" + path(h) + "'\n"
			if err := os.WriteFile(filepath.Join(h, FoldersFile), []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := Load(h); err == nil || !strings.Contains(err.Error(), "own home") {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestPathsBecomeAbsolute(t *testing.T) {
	user := t.TempDir()
	t.Setenv("HOME", user)
	t.Setenv("USERPROFILE", user)
	for in, want := range map[string]string{"~": user, "~/x": filepath.Join(user, "x"), "rel/x": filepath.Join(user, "rel", "x")} {
		if got := expand(in); got != want {
			t.Errorf("expand(%q) = %q, want %q", in, got, want)
		}
	}
	work, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	if got, err := AbsPath("rel"); err != nil || got != filepath.Join(work, "rel") {
		t.Errorf("AbsPath: %q, %v", got, err)
	}
	if _, err := AbsPath(""); err == nil {
		t.Error("an empty path was taken")
	}
}

func TestHomeAndSocket(t *testing.T) {
	t.Setenv(HomeVariable, "/from/environment")
	if got, err := Home(""); err != nil || !strings.HasSuffix(filepath.ToSlash(got), "/from/environment") {
		t.Errorf("Home from the environment: %q, %v", got, err)
	}
	if got, err := Home("/from/flag"); err != nil || !strings.HasSuffix(filepath.ToSlash(got), "/from/flag") {
		t.Errorf("Home from the flag: %q, %v", got, err)
	}
	a, b := SocketPath("/long/"+strings.Repeat("x", 200)), SocketPath("/other")
	if a == b || len(a) > 100 || a != SocketPath("/long/./"+strings.Repeat("x", 200)+"/") {
		t.Errorf("sockets %q and %q", a, b)
	}
}

func TestRates(t *testing.T) {
	for in, want := range map[string]Rate{
		"off": 0, "500KiB": 500 << 10, "10MiB": 10 << 20, "1.5 GiB/s": 3 << 29, "10mb": 10e6, "1kB": 1000, "7B": 7,
	} {
		got, err := ParseRate(in)
		if err != nil || got != want {
			t.Errorf("ParseRate(%q) = %d, %v; want %d", in, got, err, want)
		}
		if again, err := ParseRate(got.String()); err != nil || again != want {
			t.Errorf("%q is written %q, which reads as %d, %v", in, got, again, err)
		}
	}
	for _, in := range []string{"", "10", "-1MiB", "0KiB", "MiB", "NaNMiB", "1e99GiB", "fast"} {
		if got, err := ParseRate(in); err == nil {
			t.Errorf("ParseRate(%q) = %d", in, got)
		}
	}
}

func FuzzLoad(f *testing.F) {
	f.Add([]byte(template))
	f.Add([]byte("[[folder]]\nid = 'a'\npath = '/x'\n[[device]]\n[limits]\nsend = 'off'"))
	f.Fuzz(func(t *testing.T, content []byte) {
		var c Config
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, ConfigFile), content, 0o600); err != nil {
			t.Fatal(err)
		}
		if readFile(dir, ConfigFile, &c) != nil {
			return
		}
		// An edit of what can be read never panics, and does what it says or
		// refuses.
		edited, err := setKey(content, "limits", "send", Rate(1<<20))
		if err != nil {
			return
		}
		if err := os.WriteFile(filepath.Join(dir, ConfigFile), edited, 0o600); err != nil {
			t.Fatal(err)
		}
		var again Config
		if err := readFile(dir, ConfigFile, &again); err != nil || again.Limits.Send != 1<<20 {
			t.Errorf("%q became %q, which gives %v, %v", content, edited, again.Limits, err)
		}
	})
}
