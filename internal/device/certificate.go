package device

import (
	"crypto/ed25519"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/big"
	"os"
	"path/filepath"
	"time"

	"github.com/labsync/labsync/internal/device/durable"
)

const (
	// certificateName is the only name Syncthing accepts in a certificate.
	certificateName = "syncthing"
	// lifetime is long because nothing checks it: the hash is pinned, and a new
	// certificate would be a new device.
	lifetime = 20 * 365 * 24 * time.Hour

	certFile = "cert.pem"
	keyFile  = "key.pem"
	// newKeyFile holds the key until its certificate is durable; see Create.
	newKeyFile = "key.pem.new"
)

// Identity is this device's certificate and private key.
type Identity struct {
	certificate tls.Certificate
	id          ID
}

// ID returns the device ID.
func (i Identity) ID() ID { return i.id }

// Certificate returns the certificate in DER.
func (i Identity) Certificate() []byte { return i.certificate.Certificate[0] }

// LoadOrCreate returns the identity kept in dir, and makes one if there is
// none. created tells which. It must not run twice at once on the same dir:
// the caller holds the home's lock.
func LoadOrCreate(dir string, random io.Reader) (id Identity, created bool, err error) {
	id, err = Load(dir)
	if !errors.Is(err, fs.ErrNotExist) {
		return id, false, err
	}
	id, err = Create(dir, random)
	return id, err == nil, err
}

// Load reads cert.pem and key.pem in dir. Keys of Ed25519, ECDSA and RSA work,
// so a pair made by Syncthing can be brought along. The error wraps
// fs.ErrNotExist if dir holds no identity at all; half of one is another
// error, because making a new identity over it would lose the old one.
func Load(dir string) (Identity, error) {
	key, err := loadKey(dir)
	if err != nil {
		return Identity{}, err
	}
	cert, err := os.ReadFile(filepath.Join(dir, certFile))
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return Identity{}, fmt.Errorf("%s in %s has no %s beside it: restore it from a backup, or move %s away to become a new device",
				keyFile, dir, certFile, keyFile)
		}
		return Identity{}, fmt.Errorf("read certificate: %w", err)
	}
	return parse(dir, cert, key)
}

func loadKey(dir string) ([]byte, error) {
	key, err := os.ReadFile(filepath.Join(dir, keyFile))
	if !errors.Is(err, fs.ErrNotExist) {
		if err != nil {
			return nil, fmt.Errorf("read private key: %w", err)
		}
		return key, nil
	}
	none := fmt.Errorf("no identity in %s: %w", dir, fs.ErrNotExist)
	cert, err := os.ReadFile(filepath.Join(dir, certFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, none
	}
	if err != nil {
		return nil, fmt.Errorf("read certificate: %w", err)
	}
	// A certificate without a key is either the trace of an interrupted Create,
	// which can be completed, or of a lost key.
	key, err = os.ReadFile(filepath.Join(dir, newKeyFile))
	if err == nil {
		if _, err = parse(dir, cert, key); err == nil {
			return key, durable.Rename(filepath.Join(dir, newKeyFile), filepath.Join(dir, keyFile))
		}
	}
	return nil, fmt.Errorf("%s in %s has no %s beside it: restore it from a backup, or move %s away to become a new device",
		certFile, dir, keyFile, certFile)
}

// Create makes an Ed25519 identity from random and writes it to dir, which it
// makes if need be. It refuses to replace one. The key waits under another
// name until the certificate is durable, so that a crash at any point leaves
// no identity or a whole one.
func Create(dir string, random io.Reader) (Identity, error) {
	for _, name := range []string{certFile, keyFile} {
		if _, err := os.Lstat(filepath.Join(dir, name)); err == nil {
			return Identity{}, fmt.Errorf("%s in %s exists already: move it away to become a new device", name, dir)
		}
	}
	certPEM, keyPEM, err := generate(random, time.Now())
	if err != nil {
		return Identity{}, fmt.Errorf("make identity: %w", err)
	}
	if err := durable.MkdirAll(dir, 0o700); err != nil {
		return Identity{}, fmt.Errorf("make home: %w", err)
	}
	if err := durable.WriteFile(filepath.Join(dir, newKeyFile), keyPEM, 0o600); err != nil {
		return Identity{}, fmt.Errorf("write private key: %w", err)
	}
	if err := durable.WriteFile(filepath.Join(dir, certFile), certPEM, 0o644); err != nil {
		return Identity{}, fmt.Errorf("write certificate: %w", err)
	}
	if err := durable.Rename(filepath.Join(dir, newKeyFile), filepath.Join(dir, keyFile)); err != nil {
		return Identity{}, fmt.Errorf("write private key: %w", err)
	}
	return parse(dir, certPEM, keyPEM)
}

func generate(random io.Reader, now time.Time) (certPEM, keyPEM []byte, err error) {
	seed := make([]byte, ed25519.SeedSize+8)
	if _, err := io.ReadFull(random, seed); err != nil {
		return nil, nil, fmt.Errorf("read randomness: %w", err)
	}
	key := ed25519.NewKeyFromSeed(seed[:ed25519.SeedSize])
	serial := seed[ed25519.SeedSize:]
	serial[0] &= 0x7f // a serial number is positive
	// The start is yesterday at midnight: a peer whose clock is behind may look
	// at it, and the hour of creation is nobody's business.
	start := now.UTC().Truncate(24 * time.Hour).Add(-24 * time.Hour)
	template := &x509.Certificate{
		SerialNumber:          new(big.Int).SetBytes(serial),
		Subject:               pkix.Name{CommonName: certificateName},
		DNSNames:              []string{certificateName},
		NotBefore:             start,
		NotAfter:              start.Add(lifetime),
		KeyUsage:              x509.KeyUsageDigitalSignature,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		BasicConstraintsValid: true,
	}
	cert, err := x509.CreateCertificate(random, template, template, key.Public(), key)
	if err != nil {
		return nil, nil, err
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert}),
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8}), nil
}

func parse(dir string, cert, key []byte) (Identity, error) {
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		return Identity{}, fmt.Errorf("%s and %s in %s are not a certificate and its key: restore both from one backup: %w",
			certFile, keyFile, dir, err)
	}
	pair.Certificate = pair.Certificate[:1] // peers look at the leaf alone
	return Identity{certificate: pair, id: FromCertificate(pair.Certificate[0])}, nil
}
