//go:build !linux

package overtcp

import (
	"net"
	"time"
)

func preferBBR(*net.TCPConn) {}

func roundTrip(*net.TCPConn) time.Duration { return 0 }
