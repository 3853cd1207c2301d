// Package socket owns a UDP socket. One socket serves everything that speaks
// QUIC at its port: labsync's own connections, and later a DHT and hole
// punching, which must leave from the same port to be of use behind a NAT.
//
// quic-go allows one listener for each transport, so Socket is that listener
// and a demultiplexer: a protocol registers its ALPN name with a source of TLS
// configurations and receives the connections that agreed on it from a bounded
// queue. The ClientHello chooses the configuration, the negotiated protocol the
// queue; a protocol that nobody registered fails in TLS.
//
// Run owns every goroutine: the accept loop here and quic-go's own, which have
// ended when it returns. Strangers meet three limits before their handshake
// costs anything: a Retry once they come fast, a cap on unfinished handshakes,
// and the queue.
package socket
