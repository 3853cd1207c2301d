// Package wire turns what devices say to one another into bytes and back. It
// knows messages and frames, no connection and no conversation: that is package
// session. docs/protocol.md is the normative text, with test vectors that this
// package's tests read from there.
//
// Two framings carry the same message types. Those of labsync/1 (frame.go) have
// a fixed header and perhaps zstd; those of bep/1.0 (bep.go) have a protobuf
// header and perhaps LZ4. Block data of labsync/1 is not protobuf (blocks.go),
// so that it goes between a file and a connection with one copy.
//
// Whatever comes from outside is checked here, before memory is spent on it:
// lengths against their caps, counts of messages inside a message (limits.go),
// then the meaning. There are two ways to fail. A malformed message is an
// error and ends the session. A well-formed message with a bad item, such as an
// index entry named "../x", is delivered without that item, which is reported
// as Rejected.
//
// Values decoded do not share memory with the bytes they were decoded from.
package wire
