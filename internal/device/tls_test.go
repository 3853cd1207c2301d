package device

import (
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"strings"
	"testing"
)

// handshake runs both sides over loopback and returns their errors. (On an
// unbuffered pipe two sides that both send an alert wait for each other.)
func handshake(t *testing.T, client, server *tls.Config) (clientErr, serverErr error) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	done := make(chan error, 1)
	go func() {
		conn, err := listener.Accept()
		if err == nil {
			s := tls.Server(conn, server)
			// The byte lets the client learn what the server thinks of it.
			if err = s.HandshakeContext(t.Context()); err == nil {
				_, err = s.Write([]byte("x"))
			}
			_ = conn.Close()
		}
		done <- err
	}()
	conn, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	c := tls.Client(conn, client)
	if clientErr = c.HandshakeContext(t.Context()); clientErr == nil {
		_, clientErr = c.Read(make([]byte, 1))
	}
	_ = conn.Close()
	return clientErr, <-done
}

func newIdentity(t *testing.T) Identity {
	t.Helper()
	id, err := Create(t.TempDir(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func TestBothSidesProveThemselves(t *testing.T) {
	a, b := newIdentity(t), newIdentity(t)
	clientErr, serverErr := handshake(t, a.TLS(Expect(b.ID()), "labsync/1"), b.TLS(Expect(a.ID()), "labsync/1"))
	if clientErr != nil || serverErr != nil {
		t.Fatalf("client %v, server %v", clientErr, serverErr)
	}
}

func TestHandshakeRefuses(t *testing.T) {
	a, b, c := newIdentity(t), newIdentity(t), newIdentity(t)
	refused := errors.New("not today")
	old := a.TLS(Expect(b.ID()))
	old.MinVersion, old.MaxVersion = tls.VersionTLS12, tls.VersionTLS12
	anonymous := a.TLS(Expect(b.ID()))
	anonymous.Certificates = nil
	two := a.TLS(Expect(b.ID()))
	two.Certificates[0].Certificate = append(two.Certificates[0].Certificate[:1:1], c.Certificate())
	tests := []struct {
		name           string
		client, server *tls.Config
		says           string // by the side that refuses
	}{
		{"a stranger where another is dialed", a.TLS(Expect(c.ID())), b.TLS(Expect(a.ID())), "is expected"},
		{"a client that is not admitted", a.TLS(Expect(b.ID())), b.TLS(func(ID) error { return refused }), "not today"},
		{"everyone without an admit function", a.TLS(Expect(b.ID())), b.TLS(nil), "not admitted"},
		{"a client without a certificate", anonymous, b.TLS(Expect(a.ID())), "certificate"},
		{"a second certificate", two, b.TLS(Expect(a.ID())), "2 certificates"},
		{"TLS 1.2", old, b.TLS(Expect(a.ID())), "version"},
		{"no common protocol", a.TLS(Expect(b.ID()), "labsync/1"), b.TLS(Expect(a.ID()), "bep/1.0"), "protocol"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			clientErr, serverErr := handshake(t, tt.client, tt.server)
			if serverErr == nil && clientErr == nil {
				t.Fatal("the handshake succeeded")
			}
			if err := errors.Join(serverErr, clientErr); !strings.Contains(err.Error(), tt.says) {
				t.Errorf("got %v, want %q", err, tt.says)
			}
		})
	}
}

func TestNoSessionIsResumed(t *testing.T) {
	a, b := newIdentity(t), newIdentity(t)
	client := a.TLS(Expect(b.ID()))
	client.ClientSessionCache = tls.NewLRUClientSessionCache(1)
	asked := 0
	server := b.TLS(func(ID) error { asked++; return nil })
	for range 3 {
		if clientErr, serverErr := handshake(t, client, server); clientErr != nil || serverErr != nil {
			t.Fatalf("client %v, server %v", clientErr, serverErr)
		}
	}
	if asked != 3 {
		t.Errorf("admit was asked %d times for 3 connections", asked)
	}
}

func TestPeerIDRefusesHugeCertificates(t *testing.T) {
	state := tls.ConnectionState{PeerCertificates: []*x509.Certificate{{Raw: make([]byte, maxCertificate+1)}}}
	if _, err := PeerID(state); err == nil {
		t.Error("a certificate over the bound was taken")
	}
	if _, err := PeerID(tls.ConnectionState{}); err == nil {
		t.Error("no certificate was taken")
	}
}
