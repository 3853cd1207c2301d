package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/labsync/labsync/internal/api"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// serve starts a server over node on a socket and on loopback, and ends it
// with the test.
func serve(t *testing.T, node Node) (s *Server, c *api.Client, token string) {
	t.Helper()
	dir, err := os.MkdirTemp("", "api") // t.TempDir's names are too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	o := Options{Socket: filepath.Join(dir, "run", "s"), TCP: "127.0.0.1:0", TokenFile: filepath.Join(dir, "api-token")}
	s = New(node, o)
	if err := s.Listen(); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(o.TokenFile)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	c = api.NewClient(o.Socket)
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run: %v", err)
		}
		c.Close()
		os.RemoveAll(dir)
	})
	return s, c, strings.TrimSpace(string(text))
}

func TestClientReachesTheNodeOverTheSocket(t *testing.T) {
	node := newFakeNode()
	_, c, _ := serve(t, node)
	ctx := t.Context()
	st, err := c.Status(ctx)
	if err != nil || st.Name != "bench" || len(st.Folders) != 1 || st.Folders[0].ID != "a/b" {
		t.Errorf("Status = %+v, %v", st, err)
	}
	if list, err := c.Devices(ctx); err != nil || list == nil || len(list) != 0 {
		t.Errorf("Devices = %v, %v, want an empty list", list, err)
	}
	odd := "../ä?&=/.."
	if f, err := c.AddFolder(ctx, api.FolderAdd{ID: odd, Path: "/p"}); err != nil || f.ID != odd {
		t.Errorf("AddFolder = %+v, %v", f, err)
	}
	if f, err := c.SetFolder(ctx, odd, api.FolderSet{Strategy: "none"}); err != nil || f.ID != odd || f.Strategy != "none" {
		t.Errorf("SetFolder = %+v, %v", f, err)
	}
	send := int64(5)
	for _, err := range []error{
		c.PauseFolder(ctx, odd, true), c.RemoveFolder(ctx, "x"), c.RescanFolder(ctx, "x", "sub/dir"), c.PauseDevice(ctx, "D", false),
		c.SetLimit(ctx, api.LimitSet{Device: "D", Send: &send}), c.SetLogLevel(ctx, "debug"), c.Shutdown(ctx),
	} {
		if err != nil {
			t.Error(err)
		}
	}
	want := []string{"pause folder " + odd, "remove folder x", "rescan folder x sub/dir", "pause device D", "limit D", "log level debug", "shutdown"}
	if !slices.Equal(node.calls, want) {
		t.Errorf("the node saw %q, want %q", node.calls, want)
	}
}

func TestRefusalsKeepTheirSentenceAndKind(t *testing.T) {
	_, c, _ := serve(t, newFakeNode())
	tests := []struct {
		name string
		err  error
		code api.ErrorCode
		text string
	}{
		{"an unknown device", c.RemoveDevice(t.Context(), "X"), api.CodeNotFound, "there is no device X"},
		{"a folder in the wrong mode", c.OverrideFolder(t.Context(), "f"), api.CodeRefused, "not send-only"},
		{"a failure", c.RevertFolder(t.Context(), "f"), api.CodeFailed, "the disk is on fire"},
		{"a missing ID", c.RevertFolder(t.Context(), ""), api.CodeMisuse, "lacks an id"},
	}
	for _, tt := range tests {
		var e *api.Error
		if !errors.As(tt.err, &e) || e.Code != tt.code || !strings.Contains(e.Text, tt.text) {
			t.Errorf("%s: %v, want %s with %q", tt.name, tt.err, tt.code, tt.text)
		}
	}
}

func TestNobodyListens(t *testing.T) {
	c := api.NewClient(filepath.Join(t.TempDir(), "none"))
	defer c.Close()
	if _, err := c.Status(t.Context()); !errors.Is(err, api.ErrNoDaemon) {
		t.Errorf("Status = %v, want ErrNoDaemon", err)
	}
}

func TestEventsArriveInOrderAfterTheCursor(t *testing.T) {
	node := newFakeNode()
	_, c, _ := serve(t, node)
	for id := range int64(4) {
		node.events <- api.Event{ID: id + 1, Time: someTime, Type: "started", Text: "line\nbreak", Fields: api.Fields{"a": "b"}}
	}
	var got []int64
	enough := errors.New("enough")
	err := c.Events(t.Context(), 1, func(e api.Event) error {
		if e.Text != "line\nbreak" || e.Fields["a"] != "b" || !e.Time.Equal(someTime) {
			t.Errorf("event arrived as %+v", e)
		}
		if got = append(got, e.ID); len(got) == 3 {
			return enough
		}
		return nil
	})
	if !errors.Is(err, enough) || !slices.Equal(got, []int64{2, 3, 4}) {
		t.Errorf("Events = %v after %v", err, got)
	}
}

func TestStreamsAndWaitsEndWithTheServer(t *testing.T) {
	node := newFakeNode()
	dir := t.TempDir()
	socket := filepath.Join(dir, "s")
	if err := os.Chmod(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	s := New(node, Options{Socket: socket})
	if err := s.Listen(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	c := api.NewClient(socket)
	defer c.Close()
	streamed := make(chan error, 1)
	seen := make(chan struct{})
	go func() {
		streamed <- c.Events(context.Background(), 0, func(api.Event) error { close(seen); return nil })
	}()
	node.events <- api.Event{ID: 1}
	<-seen
	cancel()
	if err := <-streamed; !errors.Is(err, api.ErrNoDaemon) {
		t.Errorf("Events ended with %v, want ErrNoDaemon", err)
	}
	if err := <-ended; err != nil {
		t.Errorf("Run = %v", err)
	}
}

func TestWaitAnswersWhenSettledAndGivesUpWithItsContext(t *testing.T) {
	node := newFakeNode()
	_, c, _ := serve(t, node)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := c.Wait(ctx, ""); !errors.Is(err, context.Canceled) {
		t.Errorf("Wait = %v, want the context's error", err)
	}
	close(node.settled)
	if err := c.Wait(t.Context(), ""); err != nil {
		t.Errorf("Wait = %v", err)
	}
}

func TestWhatMayAskOverTCP(t *testing.T) {
	s, _, token := serve(t, newFakeNode())
	addr := s.Addr()
	port := addr[strings.LastIndex(addr, ":"):]
	tests := []struct {
		name   string
		change func(*http.Request)
		status int
	}{
		{"the token and our address", func(*http.Request) {}, 200},
		{"localhost is our address too", func(r *http.Request) { r.Host = "localhost" + port }, 200},
		{"no token", func(r *http.Request) { r.Header.Del("Authorization") }, 401},
		{"a wrong token", func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+token+"x") }, 401},
		{"the token as a cookie", func(r *http.Request) { r.Header.Del("Authorization"); r.Header.Set("Cookie", "token="+token) }, 401},
		{"a name rebound to this machine", func(r *http.Request) { r.Host = "evil.example" + port }, 421},
		{"our host without its port", func(r *http.Request) { r.Host = "127.0.0.1" }, 421},
		{"another loopback address", func(r *http.Request) { r.Host = "[::1]" + port }, 421},
		{"our own page", func(r *http.Request) { r.Header.Set("Origin", "http://"+addr) }, 200},
		{"a page of elsewhere", func(r *http.Request) { r.Header.Set("Origin", "http://evil.example") }, 403},
		{"a page without an origin", func(r *http.Request) { r.Header.Set("Origin", "null") }, 403},
		{"our page over another scheme", func(r *http.Request) { r.Header.Set("Origin", "https://"+addr) }, 403},
		{"two origins", func(r *http.Request) { r.Header["Origin"] = []string{"http://" + addr, "http://evil.example"} }, 403},
		{"a fetch from another site", func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") }, 403},
		{"a fetch from a sibling site", func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "same-site") }, 403},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+addr+api.PathStatus, nil)
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Authorization", "Bearer "+token)
			tt.change(r)
			if got, _ := do(t, r); got.StatusCode != tt.status {
				t.Errorf("status %d, want %d", got.StatusCode, tt.status)
			} else if got.Header.Get("Access-Control-Allow-Origin") != "" {
				t.Error("the answer allows another origin")
			}
		})
	}
	c := api.NewTokenClient(addr, token)
	defer c.Close()
	if _, err := c.Status(t.Context()); err != nil {
		t.Errorf("a client with the token: %v", err)
	}
}

func TestBodiesAreChecked(t *testing.T) {
	s, _, token := serve(t, newFakeNode())
	tests := []struct {
		name, method, path, kind, body string
		status                         int
		code                           string
	}{
		{"a form as a page can send it", "POST", api.PathFolders, "text/plain", `{"path":"/p"}`, 400, "misuse"},
		{"a body of a megabyte and more", "POST", api.PathFolders, "application/json", `{"path":"` + strings.Repeat("x", maxBodyBytes) + `"}`, 413, "too-large"},
		{"an unknown field", "POST", api.PathFolders, "application/json", `{"pth":"/p"}`, 400, "misuse"},
		{"two values", "POST", api.PathFolders, "application/json", `{"path":"/p"} {}`, 400, "misuse"},
		{"a good one with a charset", "POST", api.PathFolders, "application/json; charset=utf-8", `{"path":"/p"}`, 200, ""},
		{"a path that is none", "GET", "/nowhere", "", "", 404, "not-found"},
		{"a method that is none", "PUT", api.PathStatus, "", "", 405, "method"},
		{"a read that would change something", "GET", api.PathShutdown, "", "", 405, "method"},
		{"a cursor that is none", "GET", api.PathEvents + "?since=x", "", "", 400, "misuse"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r, err := http.NewRequestWithContext(t.Context(), tt.method, "http://"+s.Addr()+tt.path, strings.NewReader(tt.body))
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Authorization", "Bearer "+token)
			if tt.kind != "" {
				r.Header.Set("Content-Type", tt.kind)
			}
			resp, text := do(t, r)
			if resp.StatusCode != tt.status || tt.code != "" && !strings.Contains(text, fmt.Sprintf(`{"schema":1,"code":%q,"text":"`, tt.code)) {
				t.Errorf("status %d: %s, want %d and %s", resp.StatusCode, text, tt.status, tt.code)
			}
		})
	}
}

func do(t *testing.T, r *http.Request) (*http.Response, string) {
	t.Helper()
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(text)
}

func TestWhereItListens(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	open := filepath.Join(t.TempDir(), "open")
	if err := os.Mkdir(open, 0o755); err != nil {
		t.Fatal(err)
	}
	token := filepath.Join(t.TempDir(), "token")
	tests := []struct {
		name    string
		options Options
		want    string
	}{
		{"an address of the network", Options{TCP: "0.0.0.0:0", TokenFile: token}, "can be reached from other machines"},
		{"no address", Options{TCP: "8385", TokenFile: token}, "is not host:port"},
		{"a port in use", Options{TCP: taken.Addr().String(), TokenFile: token}, "choose another one"},
		{"a socket where others can get at it", Options{Socket: filepath.Join(open, "s")}, "open to other users"},
	}
	for _, tt := range tests {
		err := New(newFakeNode(), tt.options).Listen()
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", tt.name, err, tt.want)
		}
	}
}

func TestSocketAndTokenAreForTheirOwnerAlone(t *testing.T) {
	s, _, _ := serve(t, newFakeNode())
	for path, want := range map[string]os.FileMode{
		s.options.Socket: 0o600 | os.ModeSocket, s.options.TokenFile: 0o600, filepath.Dir(s.options.Socket): 0o700 | os.ModeDir,
	} {
		st, err := os.Stat(path)
		if err != nil || st.Mode() != want {
			t.Errorf("%s has mode %v (%v), want %v", path, st.Mode(), err, want)
		}
	}
}

func TestASecondServerOnTheSocketIsRefusedAndAStaleOneReplaced(t *testing.T) {
	s, c, _ := serve(t, newFakeNode())
	if err := New(newFakeNode(), Options{Socket: s.options.Socket}).Listen(); err == nil || !strings.Contains(err.Error(), "already") {
		t.Errorf("second Listen = %v", err)
	}
	if _, err := c.Status(t.Context()); err != nil {
		t.Errorf("the first one serves no more: %v", err)
	}
	stale := filepath.Join(filepath.Dir(s.options.Socket), "stale")
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: stale, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	l.Close()
	again := New(newFakeNode(), Options{Socket: stale})
	if err := again.Listen(); err != nil {
		t.Fatalf("Listen over a stale socket: %v", err)
	}
	again.close()
}
