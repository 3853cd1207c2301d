// Package session holds the conversation with one device over one or several
// connections. docs/protocol.md is the normative text.
//
// Greet says Hello on a new connection and returns it as a Link. The first link
// of a device goes to New, later ones to Attach. The session ends when its last
// link is lost, or when the device breaks the protocol.
//
// # What goes where
//
// A Join, first on every link, names the session that its sender takes the link
// to belong to. So a session that the other side has ended unheard is found out
// when the next link comes.
//
// Control messages (cluster configuration, indexes, records) form one ordered
// sequence per direction, numbered, and kept by the sender until acknowledged.
// They travel on the best link, QUIC before TCP before a relay; when that link
// is lost, what was not acknowledged is sent again on the next best and the
// receiver drops what it has seen. So no announcement is lost or repeated while
// any link lives.
//
// Requests for block data are independent of one another. Each batch goes on
// the link that moves more (choose.go), on its bulk streams if it has any, and
// is answered on the stream it came by. The batches of a lost link are asked
// again, once, on another.
//
// # Goroutines
//
// Every link has a reader and a writer per stream, started by Run or Attach and
// ended with the link. Each batch that the other side asks for is answered by a
// goroutine of its own, bounded by the caps of the session. Run waits for all
// of them. Control messages are handed to the Handler one at a time, in order:
// a Handler that blocks makes the session stop reading, which is back-pressure
// on the other side. Pings go on meanwhile.
//
// A writer never waits for a reader, so two sessions that both have much to
// say cannot block each other.
package session
