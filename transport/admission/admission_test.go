package admission

import (
	"bytes"
	"encoding/hex"
	"errors"
	"net"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestPrefaceVectors(t *testing.T) {
	const instance = 0x0102030405060708
	tests := []struct {
		name  string
		write func(*bytes.Buffer) error
		want  string
	}{
		{"hello", func(b *bytes.Buffer) error { return WriteHello(b, instance) }, "000102030405060708"},
		{"admitted", func(b *bytes.Buffer) error { return WriteAnswer(b, Answer{Instance: instance}) }, "00010203040506070800"},
		{"refused", func(b *bytes.Buffer) error {
			return WriteAnswer(b, Answer{Instance: instance, Refusal: Refuse(Paused, "é")})
		}, "06010203040506070802c3a9"},
	}
	for _, test := range tests {
		var b bytes.Buffer
		if err := test.write(&b); err != nil {
			t.Fatal(err)
		}
		if got := hex.EncodeToString(b.Bytes()); got != test.want {
			t.Errorf("%s: got %s, want %s", test.name, got, test.want)
		}
	}
}

func TestAnswersSurviveTheJourney(t *testing.T) {
	tests := []struct {
		name       string
		text, want string
	}{
		{"empty", "", ""},
		{"a sentence", "this device is paused there", "this device is paused there"},
		{"too long is cut between characters", strings.Repeat("é", 200), strings.Repeat("é", 127)},
		{"terminal escapes are dropped", "a\x1b[2Jb\nc\u202e", "a[2Jbc"},
		{"broken UTF-8 is dropped", "a\xffb", "ab"},
	}
	for _, test := range tests {
		var b bytes.Buffer
		if err := WriteAnswer(&b, Answer{Instance: 9, Refusal: &Refusal{Code: Busy, Reason: test.text}}); err != nil {
			t.Fatal(err)
		}
		a, err := ReadAnswer(&b)
		if err != nil || a.Instance != 9 || a.Refusal == nil || a.Refusal.Code != Busy || !a.Refusal.Remote {
			t.Fatalf("%s: %+v, %v", test.name, a, err)
		}
		if a.Refusal.Reason != test.want {
			t.Errorf("%s: got %q, want %q", test.name, a.Refusal.Reason, test.want)
		}
	}
}

func TestTruncatedOrForeignPrefacesAreErrors(t *testing.T) {
	if _, err := ReadHello(strings.NewReader("GET / HTTP/1.1\r\n")); !errors.Is(err, ErrPreface) {
		t.Errorf("foreign: %v", err)
	}
	if _, err := ReadHello(strings.NewReader("\x00123")); err == nil {
		t.Error("truncated hello")
	}
	if _, err := ReadAnswer(strings.NewReader("\x0212345678\x09short")); err == nil {
		t.Error("truncated answer")
	}
}

func FuzzReadAnswer(f *testing.F) {
	f.Add([]byte("\x00\x01\x02\x03\x04\x05\x06\x07\x08\x00"))
	f.Add([]byte("\x02\x01\x02\x03\x04\x05\x06\x07\x08\x03\x1b[m"))
	f.Fuzz(func(t *testing.T, b []byte) {
		a, err := ReadAnswer(bytes.NewReader(b))
		if err != nil || a.Refusal == nil {
			return
		}
		if !utf8.ValidString(a.Refusal.Reason) || len(a.Refusal.Reason) > maxText {
			t.Errorf("reason %q", a.Refusal.Reason)
		}
	})
}

func TestTheGateBoundsHandshakes(t *testing.T) {
	var g Gate
	at := func(ip string) net.Addr { return &net.TCPAddr{IP: net.ParseIP(ip), Port: 1} }
	var leave []func()
	for range maxHalfOpenAddress {
		l, ok := g.Enter(at("2001:db8::1"))
		if !ok {
			t.Fatal("closed too early")
		}
		leave = append(leave, l)
	}
	if _, ok := g.Enter(at("2001:db8::ffff")); ok {
		t.Error("another address of the same host got in")
	}
	if _, ok := g.Enter(at("2001:db8:0:1::1")); !ok {
		t.Error("another host is kept out")
	}
	leave[0]()
	leave[0]()
	if _, ok := g.Enter(at("2001:db8::2")); !ok {
		t.Error("a place that was left stays taken")
	}
	if _, ok := g.Enter(at("2001:db8::3")); ok {
		t.Error("leaving twice made two places")
	}
	for i := range 2 * maxHalfOpen {
		g.Enter(&net.UDPAddr{IP: net.IPv4(10, 0, byte(i>>8), byte(i)), Port: 1})
	}
	if g.total != maxHalfOpen {
		t.Errorf("%d handshakes in all", g.total)
	}
}
