package admission

import (
	"context"
	"net"
	"time"

	"github.com/labsync/labsync/internal/device"
	"github.com/labsync/labsync/transport"
)

// Timeout is how long a connection may take from its first packet to the end of
// TLS, and again from there to admission.
const Timeout = 10 * time.Second

// Policy is what every kind of transport needs to admit and be admitted.
type Policy struct {
	Identity device.Identity
	// Instance is this daemon's random number; see the package documentation.
	Instance uint64
	// Trusted reports whether a device may connect at all.
	Trusted func(device.ID) bool
	// Refused is told of a device that is not trusted.
	Refused func(device.ID, net.Addr)
	// Incoming is handed each trusted device's connection, on a goroutine of its
	// own, and must end with Admit or Refuse.
	Incoming func(*Incoming)
}

// Incoming is a connection that a trusted device has opened and that waits for
// the answer. Nothing may be written to it before Admit.
type Incoming struct {
	Conn transport.Conn
	// Instance is the dialer's, zero if its protocol has none.
	Instance uint64
	// Answer sends the answer, and closes the connection after a refusal.
	Answer func(*Refusal) error
}

// Admit says yes.
func (in *Incoming) Admit() error { return in.Answer(nil) }

// Refuse says no and ends the connection.
func (in *Incoming) Refuse(r *Refusal) { _ = in.Answer(r) }

// Outgoing is a connection to the expected device, proven by TLS, that has not
// yet asked to be admitted. Several may be raced and all but one abandoned
// without the other end taking any for a connection.
type Outgoing interface {
	// Enter asks, and returns the connection and the other end's instance.
	// Failing, it closes the connection; a *Refusal is in the error's chain if
	// the other end said no.
	Enter(context.Context) (transport.Conn, uint64, error)
	// Abandon closes the connection instead.
	Abandon()
}

// Unknown is the refusal for a device that is not trusted.
func Unknown() *Refusal {
	return Refuse(UnknownDevice, "this device is not known there yet; add it there with 'labsync device add'")
}

// Anyone admits every device to the end of TLS: an acceptor decides after the
// handshake, when it can say why.
func Anyone(device.ID) error { return nil }
