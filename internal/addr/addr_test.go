package addr

import (
	"strings"
	"testing"
	"time"
)

func TestParse(t *testing.T) {
	tests := []struct{ name, in, want, says string }{
		{"QUIC with a port", "quic://lab.example:4000", "quic://lab.example:4000", ""},
		{"the default port", "tcp://10.0.0.7", "tcp://10.0.0.7:22025", ""},
		{"an IPv6 address", "quic://[2001:db8::1]:4000", "quic://[2001:db8::1]:4000", ""},
		{"an IPv6 address without a port", "quic://[2001:db8::1]", "quic://[2001:db8::1]:22025", ""},
		{"a link-local address with its zone", "tcp://[fe80::1%25eth0]:1", "tcp://[fe80::1%eth0]:1", ""},
		{"capitals and a slash at the end", "QUIC://h:1/", "quic://h:1", ""},
		{"a relay", "relay://r.example:443", "relay://r.example:443", ""},
		{"no scheme", "10.0.0.7:22025", "", "how to connect"},
		{"another scheme", "http://h:1", "", "unknown scheme"},
		{"no host", "quic://:22025", "", "no host"},
		{"port 0", "quic://h:0", "", "port 0"},
		{"a port too high", "quic://h:65536", "", "above 65535"},
		{"a port that is a word", "quic://h:abc", "", "not a host and a port"},
		{"a path", "tcp://h:1/x", "", "not a host and a port"},
		{"every address", "quic://0.0.0.0:1", "", "all addresses"},
		{"nothing", "", "", "how to connect"},
		{"IPv6 without brackets", "quic://2001:db8::1", "", "quic://HOST:PORT"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c, err := Parse(tt.in)
			if tt.says != "" {
				if err == nil || !strings.Contains(err.Error(), tt.says) {
					t.Errorf("Parse(%q): %v, %v; want %q", tt.in, c, err, tt.says)
				}
				return
			}
			if err != nil || c.String() != tt.want {
				t.Errorf("Parse(%q) = %v, %v; want %s", tt.in, c, err, tt.want)
			}
		})
	}
}

func TestParseListen(t *testing.T) {
	for _, good := range []string{"quic://:22025", "tcp://127.0.0.1:0", "quic://[::]:1", "tcp://localhost:1"} {
		if _, err := ParseListen(good); err != nil {
			t.Errorf("%s: %v", good, err)
		}
	}
	for bad, says := range map[string]string{"relay://h:1": "relay", "quic://host.example:1": "IP address", "22025": "how to connect"} {
		if _, err := ParseListen(bad); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v, want %q", bad, err, says)
		}
	}
}

func TestParseList(t *testing.T) {
	got, dynamic, err := ParseList("relay://r:443, tcp://a:1,dynamic,quic://b:2")
	if err != nil || !dynamic || len(got) != 3 || got[0].Scheme != QUIC || got[1].Scheme != TCP || got[2].Scheme != Relay {
		t.Errorf("got %v, dynamic %v, %v", got, dynamic, err)
	}
	if _, _, err := ParseList("x,quic://b:2,y"); err == nil || !strings.Contains(err.Error(), `"x"`) || !strings.Contains(err.Error(), `"y"`) {
		t.Errorf("both mistakes should be named: %v", err)
	}
}

func TestSortPrefersWhatWasSeenLast(t *testing.T) {
	now := time.Unix(1000, 0)
	list := []Candidate{{Scheme: TCP, Address: "t"}, {Scheme: QUIC, Address: "old"}, {Scheme: QUIC, Address: "new", Seen: now}}
	Sort(list)
	if list[0].Address != "new" || list[1].Address != "old" || list[2].Address != "t" {
		t.Errorf("got %v", list)
	}
}
