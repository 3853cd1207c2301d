// Package device holds a device's identity: a long-lived self-signed
// certificate, the ID that is its SHA-256, and the TLS configuration by which
// two devices prove to each other who they are.
//
// An ID is written and read exactly as Syncthing does, so that a person can
// copy one from either program into the other. The certificate's common name
// and DNS name are "syncthing" because Syncthing refuses any other; nothing
// here relies on names. What is trusted is the hash of the leaf certificate,
// never a chain, a name or a date.
//
// The package starts no goroutine and keeps no state.
package device
