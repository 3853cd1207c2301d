// Package overquic makes connections over QUIC.
//
// A connection has three streams, all opened by the dialer at once: number 0
// for the conversation and two for bulk. Each begins with its number, and the
// first goes on as package admission says. No further stream and no
// unidirectional one is allowed, streams are never reopened, and 0-RTT is off,
// since its data could be replayed. The conversation's stream has a higher
// priority than bulk within the connection.
//
// Ending a connection sends CONNECTION_CLOSE with a code of package admission
// and a sentence, which the other end finds as the cause of its Context.
//
// Datagrams are enabled for Probe only: quic-go has no ping of its own, and a
// datagram must be acknowledged though nobody reads it.
//
// Serve owns a goroutine for each connection until it is admitted or refused;
// afterwards all goroutines of a connection are quic-go's and end with it.
package overquic
