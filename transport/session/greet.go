package session

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/labsync/labsync/transport"
	"github.com/labsync/labsync/transport/wire"
)

// Link is a connection on which both sides have said Hello.
type Link struct {
	conn  transport.Conn
	hello Hello
}

// Conn returns the connection.
func (l *Link) Conn() transport.Conn { return l.conn }

// Hello returns what the other side said.
func (l *Link) Hello() Hello { return l.hello }

// Greet says Hello on a new labsync/1 connection and waits at most 10 s for the
// other side's. On an error the connection is closed.
func Greet(ctx context.Context, conn transport.Conn, self Hello) (*Link, error) {
	l, err := greet(ctx, conn, self)
	if err != nil {
		_ = conn.Close(reasonOf(err)) // the first error is the one to tell
		return nil, fmt.Errorf("greet %s over %s: %w", conn.Device().Short(), conn.Kind(), err)
	}
	return l, nil
}

func greet(ctx context.Context, conn transport.Conn, self Hello) (*Link, error) {
	if p := conn.Protocol(); p != transport.ProtocolLabsync {
		return nil, fmt.Errorf("connection speaks %s", p)
	}
	c := conn.Control()
	deadline := time.Now().Add(helloTimeout)
	if err := errors.Join(c.SetReadDeadline(deadline), c.SetWriteDeadline(deadline)); err != nil {
		return nil, fmt.Errorf("set deadline: %w", err)
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.Close("cancelled") })
	defer stop()
	// Both sides write first, so neither may wait for its own write alone.
	written := make(chan error, 1)
	go func() {
		_, err := c.Write(wire.AppendFrame(nil, wire.Header{Type: wire.TypeHello}, wire.AppendHello(nil, self)))
		written <- err
	}()
	h, err := readHello(c)
	if err != nil {
		_ = conn.Close(reasonOf(err)) // frees the writer
		<-written                     //nolint:errcheck // fails because of that
		return nil, err
	}
	if err := <-written; err != nil {
		return nil, fmt.Errorf("send hello: %w", err)
	}
	if h.Instance != 0 && h.Instance == self.Instance {
		return nil, errors.New("connected to this very process")
	}
	if !stop() {
		return nil, context.Cause(ctx)
	}
	if err := errors.Join(c.SetReadDeadline(time.Time{}), c.SetWriteDeadline(time.Time{})); err != nil {
		return nil, fmt.Errorf("clear deadline: %w", err)
	}
	return &Link{conn: conn, hello: h}, nil
}

// readHello reads not a byte beyond the Hello.
func readHello(r io.Reader) (Hello, error) {
	var b [wire.HeaderSize]byte
	if _, err := io.ReadFull(r, b[:]); err != nil {
		return Hello{}, fmt.Errorf("receive hello: %w", err)
	}
	h, err := wire.ParseHeader(&b)
	switch {
	case err != nil:
		return Hello{}, fmt.Errorf("%w: first frame: %w", ErrProtocol, err)
	case h.Type != wire.TypeHello || h.Compressed || h.Numbered:
		return Hello{}, fmt.Errorf("%w: first message has type %d instead of hello", ErrProtocol, h.Type)
	case h.Length > wire.MaxHello:
		return Hello{}, fmt.Errorf("%w: hello of %d bytes", ErrProtocol, h.Length)
	}
	p := make([]byte, h.Length)
	if _, err := io.ReadFull(r, p); err != nil {
		return Hello{}, fmt.Errorf("receive hello: %w", err)
	}
	hello, err := wire.ParseHello(p)
	if err != nil {
		return Hello{}, fmt.Errorf("%w: %w", ErrProtocol, err)
	}
	return hello, nil
}

// reasonOf is what the other side is told about an error: enough to know what
// it did, nothing about this machine.
func reasonOf(err error) string {
	var closed *closeError
	switch {
	case errors.As(err, &closed):
		return closed.reason
	case errors.Is(err, ErrProtocol), errors.Is(err, ErrSecondInstance), errors.Is(err, errBegunAnew):
		return err.Error()
	case errors.Is(err, context.Canceled):
		return "shutting down"
	case errors.Is(err, ErrNoProgress):
		return "no progress"
	case errors.Is(err, errHandler):
		return "internal error"
	}
	return "connection ended"
}
