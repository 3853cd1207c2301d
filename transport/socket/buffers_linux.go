package socket

import (
	"fmt"
	"log/slog"
	"net"

	"golang.org/x/sys/unix"
)

// wantedBuffer is what quic-go asks the kernel for.
const wantedBuffer = 7 << 20

// reportBuffers says in one line that the kernel grants less than what fast
// transfers need. quic-go has already asked for it by all means it has.
func reportBuffers(c *net.UDPConn, log *slog.Logger) {
	raw, err := c.SyscallConn()
	if err != nil {
		return
	}
	var receive, send int
	_ = raw.Control(func(fd uintptr) {
		receive, _ = unix.GetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUF)
		send, _ = unix.GetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_SNDBUF)
	})
	if receive >= wantedBuffer && send >= wantedBuffer {
		return
	}
	log.Warn(fmt.Sprintf("the kernel gives the UDP socket %s small buffers (receive %d KiB, send %d KiB of %d KiB), which slows QUIC down: run 'sysctl -w net.core.rmem_max=7500000 net.core.wmem_max=7500000'",
		c.LocalAddr(), receive>>10, send>>10, wantedBuffer>>10))
}
