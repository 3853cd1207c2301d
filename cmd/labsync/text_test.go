package main

import (
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/labsync/labsync/internal/api"
)

func TestWhatANameCannotDoToATerminal(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"plain text of any script", "Größe αβ 日本 ~'\"", "Größe αβ 日本 ~'\""},
		{"an escape sequence", "\x1b]0;owned\a", `\x1b]0;owned\x07`},
		{"a carriage return and a new line", "a\r\nb", `a\r\nb`},
		{"bidirectional controls", "cod\u202egpj.exe", `cod\u202egpj.exe`},
		{"zero-width characters", "a\u200bb\ufeff", `a\u200bb\ufeff`},
		{"C1 controls", "\u009b2J", `\u009b2J`},
		{"bytes that are no UTF-8", "a\xffb", `a\xffb`},
		{"an unassigned character beyond 16 bits", "\U000e0001", `\U000e0001`},
		{"a name without end", strings.Repeat("x", 5000), strings.Repeat("x", maxShown) + "…"},
	}
	for _, tt := range tests {
		if got := escape(tt.in); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestShellQuote(t *testing.T) {
	for in, want := range map[string]string{
		"bench":                  "bench",
		"quic://[2001:db8::1]:7": "'quic://[2001:db8::1]:7'",
		"Ada's lab":              `'Ada'\''s lab'`,
		"":                       "''",
		"$(rm -rf ~)":            "'$(rm -rf ~)'",
		"~/LabSync":              "'~/LabSync'",
	} {
		if got := shellQuote(in); got != want {
			t.Errorf("shellQuote(%q) = %s, want %s", in, got, want)
		}
	}
}

func TestWhichAddressesOthersCanDial(t *testing.T) {
	addrs := func(texts ...string) (list []netip.Addr) {
		for _, s := range texts {
			list = append(list, netip.MustParseAddr(s))
		}
		return list
	}
	tests := []struct {
		name   string
		listen []string
		own    []netip.Addr
		want   []string
		noted  bool
	}{
		{"a wildcard becomes the interfaces, IPv4 first", []string{"quic://[::]:22025", "tcp://[::]:22025"},
			addrs("127.0.0.1", "::1", "2001:db8::1", "fe80::1", "192.168.1.7"),
			[]string{"quic://192.168.1.7:22025", "quic://[2001:db8::1]:22025", "tcp://192.168.1.7:22025", "tcp://[2001:db8::1]:22025"}, false},
		{"an address that was chosen stays alone", []string{"quic://10.0.0.5:1"}, addrs("192.168.1.7"), []string{"quic://10.0.0.5:1"}, false},
		{"loopback is said to be that", []string{"quic://127.0.0.1:1"}, addrs("192.168.1.7"), []string{"quic://127.0.0.1:1"}, true},
		{"a machine without a network has loopback", []string{"tcp://0.0.0.0:1"}, addrs("127.0.0.1", "fe80::1"), []string{"tcp://127.0.0.1:1"}, true},
		{"not too many", []string{"tcp://0.0.0.0:1"}, addrs("10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4", "10.0.0.5"),
			[]string{"tcp://10.0.0.1:1", "tcp://10.0.0.2:1"}, false},
		{"nothing is listened on", nil, addrs("10.0.0.1"), nil, false},
	}
	for _, tt := range tests {
		got, note := reachable(tt.listen, tt.own)
		if !slices.Equal(got, tt.want) || (note != "") != tt.noted {
			t.Errorf("%s: %q, note %q; want %q", tt.name, got, note, tt.want)
		}
	}
}

func TestThePairingLines(t *testing.T) {
	s := api.Status{DeviceID: "AAAA", Name: "Ada's bench", Folders: []api.Folder{{ID: "0190", Path: "/data/x"}}}
	got := pairingLines("labsync", &s, []string{"quic://10.0.0.1:22025", "tcp://10.0.0.1:22025"})
	for _, want := range []string{
		"\n  labsync device add AAAA --name 'Ada'\\''s bench' --address quic://10.0.0.1:22025,tcp://10.0.0.1:22025\n",
		"\n  labsync folder add --join 0190 --device AAAA\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%s\nlacks %s", got, want)
		}
	}
	s.Folders[0].Devices = []string{"BBBB"}
	s.Folders = append(s.Folders, api.Folder{ID: "0191", Path: "/data/y"})
	got = pairingLines("labsync", &s, nil)
	for _, want := range []string{" --name 'Ada'\\''s bench'\n", "\n  labsync folder add /data/x --id 0190 --device AAAA\n", "\n  labsync folder add /data/y --join 0191 --device AAAA\n"} {
		if !strings.Contains(got, want) {
			t.Errorf("%s\nlacks %s", got, want)
		}
	}
}

func TestProgressText(t *testing.T) {
	tests := []struct {
		name string
		p    api.Progress
		want string
	}{
		{"under way", api.Progress{Files: 3, TotalFiles: 10, Bytes: 25 << 20, TotalBytes: 100 << 20, BytesPerSecond: 5 << 20},
			"[######..................]  25 %  25.0 MiB of 100.0 MiB, 5.0 MiB/s, 3 of 10 files, 15 s left"},
		{"stalled", api.Progress{Bytes: 1, TotalBytes: 2}, "[############............]  50 %  1 B of 2 B, 0 B/s"},
		{"without a known end", api.Progress{Files: 1, Bytes: 2048, BytesPerSecond: 1024}, "1 file, 2.0 KiB, 1.0 KiB/s"},
		{"more than was expected", api.Progress{Bytes: 3, TotalBytes: 2}, "[########################] 100 %  3 B of 2 B, 0 B/s"},
	}
	for _, tt := range tests {
		if got := progressText(&tt.p); got != tt.want {
			t.Errorf("%s:\n got %s\nwant %s", tt.name, got, tt.want)
		}
	}
}

func TestStatusForAPerson(t *testing.T) {
	now := time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)
	seen := now.Add(-90 * time.Minute)
	s := api.Status{DeviceID: "AAAA", Name: "bench", Running: true,
		Errors: []api.Problem{{Code: "port", Text: "the port is in use: choose another."}},
		Folders: []api.Folder{
			{ID: "1", Label: "docs", Path: "/d", State: api.FolderSyncing, Devices: []string{"B"}, LocalFiles: 2, LocalBytes: 3 << 20, NeedFiles: 1, NeedBytes: 1 << 20,
				DisplacedFiles: 4, DisplacedBytes: 5 << 20, Conflicts: 1,
				Transfer: &api.Progress{Bytes: 1 << 19, TotalBytes: 1 << 20, BytesPerSecond: 1 << 18},
				Errors:   []api.Problem{{Path: "a\x1bb", Code: "unreadable", Text: "it cannot be read: change its permissions."}}},
			{ID: "2", Label: "alone", Path: "/e", State: api.FolderWaiting, Direction: api.ReceiveOnly, ChangedHere: 2,
				Waiting: &api.Waiting{Reason: "the root is missing", Since: now, Command: "labsync folder remove alone"}},
		},
		Devices: []api.Device{
			{Name: "bob", Connected: true, Transport: "quic", Bulk: "tcp", Address: "192.0.2.7:22025", RTTMillis: 1.25, BytesSent: 1024, ReceiveRate: 2048, NeedFiles: 2, NeedBytes: 2048},
			{Name: "carol", LastSeen: &seen, Error: "192.0.2.8 does not answer: check that it runs."},
			{Name: "dave", Paused: true},
			{Name: "eve"},
		}}
	got := statusText(&s, now)
	golden := filepath.Join("testdata", "status.golden")
	if os.Getenv("UPDATE_SCRIPTS") != "" {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("status is\n%s\nwant\n%s", got, want)
	}
}

func TestStatusOfAFolder(t *testing.T) {
	for _, tt := range []struct {
		name   string
		f      api.Folder
		has    string
		hasNot string
	}{
		{"one displaced file", api.Folder{State: api.FolderIdle, DisplacedFiles: 1}, "keeps 1 file that was replaced", "were"},
		{"two displaced files", api.Folder{State: api.FolderIdle, DisplacedFiles: 2}, "keeps 2 files that were replaced", "was"},
		{"an empty folder", api.Folder{State: api.FolderIdle}, "holds 0 files", "needs"},
		{"a paused folder", api.Folder{State: api.FolderPaused}, "paused", "holds"},
		{"a folder that does not run", api.Folder{State: api.FolderError}, "error", "holds"},
		{"a folder that runs with an error", api.Folder{State: api.FolderError, LocalFiles: 3}, "holds 3 files", "needs"},
	} {
		var b strings.Builder
		folderLines(&b, &tt.f)
		if got := b.String(); !strings.Contains(got, tt.has) || strings.Contains(got, tt.hasNot) {
			t.Errorf("%s: %q, want it with %q and without %q", tt.name, got, tt.has, tt.hasNot)
		}
	}
}

func TestRedrawStaysInItsLines(t *testing.T) {
	got := redraw("one line that is long\nβ\n", 3, 10)
	if want := "\x1b[3A\rone line \x1b[K\nβ\x1b[K\n\x1b[J"; got != want {
		t.Errorf("redraw = %q, want %q", got, want)
	}
}

func TestNumbersForPeople(t *testing.T) {
	for n, want := range map[int64]string{0: "0 B", 1023: "1023 B", 1024: "1.0 KiB", 1<<20 - 1: "1.0 MiB", 20 << 30: "20.0 GiB", 3 << 40: "3.0 TiB"} {
		if got := size(n); got != want {
			t.Errorf("size(%d) = %s, want %s", n, got, want)
		}
	}
	for d, want := range map[time.Duration]string{
		900 * time.Millisecond: "1 s", 61 * time.Second: "1 min 01 s", 61 * time.Minute: "1 h 01 min", 72 * time.Hour: "3 days",
	} {
		if got := duration(d); got != want {
			t.Errorf("duration(%v) = %s, want %s", d, got, want)
		}
	}
}

func TestWhichEventsArePrinted(t *testing.T) {
	for _, tt := range []struct {
		name string
		ev   api.Event
		want bool
	}{
		{"a file", api.Event{Type: "file-placed"}, true},
		{"the progress of one", api.Event{Type: "transfer"}, false},
		{"a folder about its business", api.Event{Type: "folder-state", Fields: api.Fields{"from": "idle", "to": "scanning"}}, false},
		{"a folder that stops", api.Event{Type: "folder-state", Fields: api.Fields{"from": "idle", "to": "error"}}, true},
		{"a folder that goes on", api.Event{Type: "folder-state", Fields: api.Fields{"from": "paused", "to": "idle"}}, true},
	} {
		if got := worthALine(tt.ev); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}
