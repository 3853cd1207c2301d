// Package admission decides who may come in. TLS has proven who is at the
// other end; admission is the short exchange after it, the same over every kind
// of connection, in which the accepting side says yes or says why not.
//
// The bytes, numbers big-endian, for the protocol labsync/1:
//
//	dialer → acceptor, control:  0x00, instance (8)
//	dialer → acceptor, bulk n:   n (1)            QUIC only, n = 1, 2
//	acceptor → dialer, control:  code (1), instance (8), length (1), text
//
// The first byte of a stream is its number; QUIC shows a stream to the other
// end only once it carries a byte. The instance is a random number made at each
// start of a daemon, by which a restarted peer is told from one that is still
// there. Code 0 admits, the others are those of Code, and the text is a
// sentence for the person reading the other side's status. Over QUIC a refusal
// is the application error of CONNECTION_CLOSE with the same code and text.
//
// BEP has no room for such an exchange: connections with bep/1.0 are admitted
// or closed without a word.
//
// A dialer regards a connection as established only after the answer, so an
// established connection is known at both ends; the rule by which two devices
// that dial each other keep one connection rests on that.
package admission
