package overtcp

import (
	"net"
	"time"

	"golang.org/x/sys/unix"
)

// preferBBR asks for the BBR congestion control. A kernel without it, or one
// that does not allow it to ordinary users, leaves its default, which works.
func preferBBR(c *net.TCPConn) {
	if raw, err := c.SyscallConn(); err == nil {
		_ = raw.Control(func(fd uintptr) {
			_ = unix.SetsockoptString(int(fd), unix.IPPROTO_TCP, unix.TCP_CONGESTION, "bbr")
		})
	}
}

// roundTrip is the kernel's smoothed estimate, zero after the socket is closed.
func roundTrip(c *net.TCPConn) (rtt time.Duration) {
	raw, err := c.SyscallConn()
	if err != nil {
		return 0
	}
	_ = raw.Control(func(fd uintptr) {
		if info, err := unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO); err == nil {
			rtt = time.Duration(info.Rtt) * time.Microsecond
		}
	})
	return rtt
}
