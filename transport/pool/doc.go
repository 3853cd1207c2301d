// Package pool keeps every wanted device connected.
//
// For each device two keepers run, one for QUIC and one for TCP: each dials all
// addresses of its kind, hands the connection on, waits for its end, and dials
// again. While nothing is connected QUIC has a head start of 250 ms; after that
// both kinds are kept up, the conversation on QUIC and TCP beside it for bulk. A
// device that turns out to speak BEP only is left to TCP.
//
// # Waiting
//
// A lost connection is redialled at once, one that lasted less than 10 s after a
// pause, and failures after 0.1 s, doubling. Addresses
// on this network (loopback, private, link-local) and those that have answered
// before are tried at least every 2.5 s, others at least every 75 s; an attempt at the
// former ends after 2.5 s, since a handshake retransmits ever more slowly. So a
// device is found within 5 s of its return. When a TCP connection breaks, the
// QUIC one beside it is probed: the kernel reports a killed process, where QUIC
// alone would notice at the next keep-alive.
//
// # One connection of a kind
//
// When two devices dial each other at the same moment, the connection dialled by
// the one with the smaller ID stays. The smaller one alone sees to it: between
// asking to be admitted and the answer it refuses the other's connections of
// that kind, and it does not ask while it has one. The larger one admits. So no
// established connection is ever closed in favour of another, except a dead one:
// a device that dials although a connection to it exists has lost it, or has
// restarted. The instance in its preface tells these apart, and a second
// daemon with the same identity is refused while the first one answers.
//
// # Goroutines
//
// Run owns all: the sockets, the accept loops, two keepers and their dials for a
// device, and short probes. Connections are closed, with a reason, before the
// sockets are. The pool's lock guards state only and is never held while
// something blocks.
package pool
