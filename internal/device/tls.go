package device

import (
	"crypto/tls"
	"errors"
	"fmt"
)

// maxCertificate bounds a peer's certificate, in bytes. One with an RSA key of
// 8192 bits, the largest that crypto/tls verifies, has about 3 KiB.
const maxCertificate = 8 << 10

// TLS returns a configuration for either side of a connection: TLS 1.3 only,
// both sides show a certificate, and admit decides on the device that has
// proven itself. Its error ends the handshake. The config speaks the
// application protocols alpn, in order of preference. A nil admit refuses
// everyone.
//
// Names, dates and chains are not verified: possession of the key is (by TLS
// itself), and the ID is the hash of the leaf. Session tickets are off, hence
// every connection is proven anew and no device is let in on a proof given
// before it was removed. VerifyConnection would run on a resumed session as
// well, VerifyPeerCertificate would not.
func (i Identity) TLS(admit func(ID) error, alpn ...string) *tls.Config {
	return &tls.Config{
		MinVersion:             tls.VersionTLS13,
		Certificates:           []tls.Certificate{i.certificate},
		NextProtos:             alpn,
		ClientAuth:             tls.RequireAnyClientCert,
		InsecureSkipVerify:     true, // VerifyConnection takes the place of names and chains
		SessionTicketsDisabled: true,
		VerifyConnection: func(state tls.ConnectionState) error {
			id, err := PeerID(state)
			if err != nil {
				return err
			}
			if admit == nil {
				return fmt.Errorf("device %s is not admitted", id)
			}
			return admit(id)
		},
	}
}

// PeerID returns the ID of the device at the other end of a TLS connection. It
// is proven once the handshake is done.
func PeerID(state tls.ConnectionState) (ID, error) {
	switch n := len(state.PeerCertificates); {
	case n == 0:
		return ID{}, errors.New("peer showed no certificate")
	case n > 1:
		return ID{}, fmt.Errorf("peer showed %d certificates instead of one", n)
	}
	der := state.PeerCertificates[0].Raw
	if len(der) > maxCertificate {
		return ID{}, fmt.Errorf("certificate of peer has %d bytes, more than %d", len(der), maxCertificate)
	}
	return FromCertificate(der), nil
}

// Expect returns an admit function for TLS that takes one device only: the one
// that was dialed.
func Expect(want ID) func(ID) error {
	return func(got ID) error {
		if got != want {
			return fmt.Errorf("device %s answers where %s is expected: correct the address, or the ID if that device was set up anew", got, want)
		}
		return nil
	}
}
