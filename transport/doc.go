// Package transport says what a connection to a trusted device is. The
// packages below it make connections: overquic and overtcp dial and listen,
// socket owns the one UDP socket, and Pool (in transport/pool) keeps every
// wanted device connected. Package wire knows the bytes of messages and
// session holds the conversation.
//
// A Conn is proven: mutual TLS 1.3 has shown the certificate whose hash is the
// device's ID. Everything above relies on that and on nothing else, neither on
// addresses nor on names.
package transport
