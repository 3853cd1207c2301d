package socket

import (
	"bytes"
	"log/slog"
	"net"
	"strings"
	"testing"
)

func TestSmallBuffersAreReportedInOneLine(t *testing.T) {
	c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_ = c.SetReadBuffer(64 << 10)
	var out bytes.Buffer
	reportBuffers(c, slog.New(slog.NewTextHandler(&out, nil)))
	if got := out.String(); strings.Count(got, "\n") != 1 || !strings.Contains(got, "net.core.rmem_max=7500000") {
		t.Errorf("log is %q", got)
	}
}
