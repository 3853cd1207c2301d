// Package overtcp makes connections over TCP and TLS 1.3.
//
// A connection is one byte stream: requests and bulk share it with the
// conversation, whose frames carry IDs, because a general multiplexer on top of
// TLS halves the rate. The dialer offers labsync/1 and then bep/1.0; with
// labsync/1 both ends first exchange what package admission says, with bep/1.0
// the stream begins with BEP's Hello.
//
// TCP has no place for a parting word once a connection is admitted: the reason
// given to Close stays here unless the conversation sends it first. The end of
// a connection is noticed by whoever reads or writes the stream; the kernel's
// keep-alive probes see to it that a read on a dead path fails.
//
// Sending uses BBR where the kernel has it: under random loss it moved 5 to 14
// times as much as CUBIC. Bytes are counted below TLS.
//
// Serve owns a goroutine for each connection until it is admitted or refused.
// An admitted connection has none.
package overtcp
