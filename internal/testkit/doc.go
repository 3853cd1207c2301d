// Package testkit has what tests of several packages build on: identities, and
// connections that need no socket.
//
// Pipe makes both ends of a connection. Its streams are bounded buffers woken
// by channels and timers, without a goroutine, so it runs inside a
// testing/synctest bubble and adds no time of its own. The Link between the
// ends can be given a latency, stalled like a black hole, and cut.
//
// The package is imported by tests only.
package testkit
