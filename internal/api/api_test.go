package api

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
)

func TestListsAndObjectsAreNeverNull(t *testing.T) {
	text, err := json.Marshal(Status{Folders: []Folder{{}}})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`{"schema":1,`, `"devices":[]`, `"errors":[]`, `"listen":[]`, `"state":""`, `"waiting":null`} {
		if !strings.Contains(string(text), want) {
			t.Errorf("%s lacks %s", text, want)
		}
	}
	if text, err = json.Marshal(Event{}); err != nil || !strings.Contains(string(text), `"fields":{}`) {
		t.Errorf("event is %s, %v", text, err)
	}
}

func TestAnotherSchemaIsRefused(t *testing.T) {
	var s Status
	if err := json.Unmarshal([]byte(`{"schema":1,"name":"x"}`), &s); err != nil || s.Name != "x" {
		t.Errorf("schema 1: %v", err)
	}
	if err := json.Unmarshal([]byte(`{"schema":2}`), &s); err == nil || !strings.Contains(err.Error(), "one version") {
		t.Errorf("schema 2: %v, want a refusal", err)
	}
}

func TestTheEventStreamIsRead(t *testing.T) {
	tests := []struct {
		name, stream string
		want         []int64
		err          string
	}{
		{"events between signs of life", ": labsync\n\nid: 1\ndata: {\"id\":1}\n\n:\n\nid: 2\ndata: {\"id\":2}\n\n", []int64{1, 2}, ErrNoDaemon.Error()},
		{"an event cut off by the daemon's end", "data: {\"id\":1}\n\ndata: {\"i", []int64{1}, "read event"},
		{"a line that is too long", "data: " + strings.Repeat("x", maxEventLine+1), nil, "token too long"},
		{"fields that are not ours", "event: x\nretry: 5\n\n", nil, ErrNoDaemon.Error()},
	}
	for _, tt := range tests {
		var got []int64
		err := readEvents(strings.NewReader(tt.stream), func(e Event) error { got = append(got, e.ID); return nil })
		if !reflect.DeepEqual(got, tt.want) || err == nil || !strings.Contains(err.Error(), tt.err) {
			t.Errorf("%s: %v, %v; want %v, %s", tt.name, got, err, tt.want, tt.err)
		}
	}
	stop := errors.New("stop")
	if err := readEvents(strings.NewReader("data: {}\n\n"), func(Event) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("the reader's error came back as %v", err)
	}
}

func TestTimeLeft(t *testing.T) {
	if s, ok := (&Progress{Bytes: 25, TotalBytes: 100, BytesPerSecond: 25}).SecondsLeft(); !ok || s != 3 {
		t.Errorf("%v, %v, want 3 seconds", s, ok)
	}
	for _, p := range []*Progress{nil, {TotalBytes: 10}, {Bytes: 10, BytesPerSecond: 1}} {
		if s, ok := p.SecondsLeft(); ok {
			t.Errorf("%+v has %v seconds left, want none known", p, s)
		}
	}
}
