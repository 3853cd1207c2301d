package integration

import (
	"crypto/tls"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/labsync/labsync/internal/api"
	"github.com/labsync/labsync/internal/event"
)

// TestAnUnknownDeviceIsRefusedAndNamed lets a device connect that the other one
// does not know.
func TestAnUnknownDeviceIsRefusedAndNamed(t *testing.T) {
	t.Parallel()
	c := NewCluster(t, 2, options{links: [][2]int{}})
	c.introduce(1, 0)
	refused := c.nodes[0].awaitEvent(event.DeviceRefused, "")
	if refused.Device != c.nodes[1].id {
		t.Errorf("refused is %s, want %s", refused.Device, c.nodes[1].id)
	}
	c.nodes[0].checkSentence(refused.Text, c.nodes[1].id, "labsync device add")
	c.nodes[1].await("the reason", func() bool { return strings.Contains(c.device(1, 0).Error, "not known") })
	if s := c.nodes[0].status(); len(s.Devices) != 0 {
		t.Errorf("node0 has taken up %v", s.Devices)
	}
}

// TestGarbageToThePortsHarmsNobody sends what is no protocol to every port
// while two devices work.
func TestGarbageToThePortsHarmsNobody(t *testing.T) {
	t.Parallel()
	c := NewCluster(t, 2, options{})
	for _, a := range c.nodes[0].status().Listen {
		scheme, at, _ := strings.Cut(a, "://")
		network := map[string]string{"quic": "udp", "tcp": "tcp"}[scheme]
		for seed, size := range []int{1, 100, 1200, 60_000} {
			conn, err := net.Dial(network, at)
			if err != nil {
				t.Fatal(err)
			}
			conn.Write(noise(uint64(seed), size)) // it may be closed already
			conn.Close()
		}
		if scheme == "tcp" {
			greetWithoutIdentity(t, at)
		}
	}
	c.Write(0, "during", "x")
	c.AwaitTree(c.Tree(0))
	if f := c.nodes[0].folderStatus(); len(f.Errors) > 0 || f.State != api.FolderIdle {
		t.Errorf("the folder is %s with %v", f.State, f.Errors)
	}
}

// greetWithoutIdentity speaks TLS but shows no certificate.
func greetWithoutIdentity(t *testing.T, at string) {
	dialer := &net.Dialer{Timeout: patience}
	conn, err := tls.DialWithDialer(dialer, "tcp", at, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"labsync/1"}})
	if err != nil {
		return // refused in the handshake
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(patience))
	if _, err := conn.Read(make([]byte, 1)); err == nil {
		t.Error("a stranger without a certificate was talked to")
	}
}
