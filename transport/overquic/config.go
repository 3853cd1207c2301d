package overquic

import (
	"time"

	"github.com/quic-go/quic-go"

	"github.com/labsync/labsync/transport/admission"
)

const (
	keepAlive   = 15 * time.Second // below the 30 s after which common NATs forget UDP
	idleTimeout = 45 * time.Second
	// A path of 100 ms and 1 Gbit/s holds 12.5 MB. quic-go grows windows up to
	// the maximum only while the path fills them and the reader keeps up.
	initialWindow    = 1 << 20
	streamWindow     = 16 << 20
	connectionWindow = 24 << 20
)

// AcceptConfig is the configuration a socket needs to accept connections.
func AcceptConfig() *quic.Config {
	c := config()
	c.MaxIncomingStreams = 1 + admission.BulkStreams
	// Credit is never released, so that opening and resetting streams in turn
	// gains a peer nothing.
	c.RequireStreamCreditRelease = true
	return c
}

func dialConfig() *quic.Config {
	c := config()
	c.MaxIncomingStreams = -1
	return c
}

func config() *quic.Config {
	return &quic.Config{
		HandshakeIdleTimeout:           admission.Timeout / 2, // quic-go gives up after twice this
		MaxIdleTimeout:                 idleTimeout,
		KeepAlivePeriod:                keepAlive,
		InitialStreamReceiveWindow:     initialWindow,
		MaxStreamReceiveWindow:         streamWindow,
		InitialConnectionReceiveWindow: initialWindow * 3 / 2,
		MaxConnectionReceiveWindow:     connectionWindow,
		MaxIncomingUniStreams:          -1,
		EnableDatagrams:                true,
	}
}
