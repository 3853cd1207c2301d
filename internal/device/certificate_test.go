package device

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io/fs"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

func TestIdentityIsMadeOnceAndFoundAgain(t *testing.T) {
	home := filepath.Join(t.TempDir(), "new", "home")
	if _, err := Load(home); !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("Load without an identity: %v", err)
	}
	made, created, err := LoadOrCreate(home, rand.Reader)
	if err != nil || !created {
		t.Fatalf("first LoadOrCreate: created %v, %v", created, err)
	}
	found, created, err := LoadOrCreate(home, rand.Reader)
	if err != nil || created || found.ID() != made.ID() {
		t.Fatalf("second LoadOrCreate: %v, created %v, %v; want %v", found.ID(), created, err, made.ID())
	}
	if _, err := Create(home, rand.Reader); err == nil {
		t.Error("Create replaced an identity")
	}
	entries, _ := os.ReadDir(home)
	if len(entries) != 2 {
		t.Errorf("home holds %v, want the certificate and the key", entries)
	}
	if info, err := os.Stat(filepath.Join(home, keyFile)); err != nil || runtime.GOOS != "windows" && info.Mode() != 0o600 {
		t.Errorf("key: %v, %v", info, err)
	}
}

func TestCertificateIsWhatSyncthingDemands(t *testing.T) {
	id, err := Create(t.TempDir(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(id.Certificate())
	if err != nil {
		t.Fatal(err)
	}
	if cert.Subject.CommonName != "syncthing" || cert.VerifyHostname("syncthing") != nil {
		t.Errorf("names are %q and %q", cert.Subject.CommonName, cert.DNSNames)
	}
	if cert.PublicKeyAlgorithm != x509.Ed25519 || time.Until(cert.NotAfter) < 19*365*24*time.Hour {
		t.Errorf("%v until %v", cert.PublicKeyAlgorithm, cert.NotAfter)
	}
}

func TestHalfAnIdentityIsNeverReplaced(t *testing.T) {
	for _, lost := range []string{certFile, keyFile} {
		t.Run(lost+" lost", func(t *testing.T) {
			home := t.TempDir()
			if _, err := Create(home, rand.Reader); err != nil {
				t.Fatal(err)
			}
			if err := os.Remove(filepath.Join(home, lost)); err != nil {
				t.Fatal(err)
			}
			_, _, err := LoadOrCreate(home, rand.Reader)
			if err == nil || errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "restore it") {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestInterruptedCreateIsRepaired(t *testing.T) {
	home := t.TempDir()
	made, err := Create(home, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(filepath.Join(home, keyFile), filepath.Join(home, newKeyFile)); err != nil {
		t.Fatal(err)
	}
	got, created, err := LoadOrCreate(home, rand.Reader)
	if err != nil || created || got.ID() != made.ID() {
		t.Fatalf("stopped before the last rename: %v, created %v, %v", got.ID(), created, err)
	}

	home = t.TempDir()
	if err := os.WriteFile(filepath.Join(home, newKeyFile), []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, created, err = LoadOrCreate(home, rand.Reader); err != nil || !created {
		t.Fatalf("stopped before the certificate: created %v, %v", created, err)
	}
}

func TestKeyOfAnotherCertificateIsRefused(t *testing.T) {
	home, other := t.TempDir(), t.TempDir()
	for _, dir := range []string{home, other} {
		if _, err := Create(dir, rand.Reader); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Rename(filepath.Join(other, keyFile), filepath.Join(home, keyFile)); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(home); err == nil || !strings.Contains(err.Error(), "not a certificate and its key") {
		t.Errorf("got %v", err)
	}
}

func TestImportedKeysWork(t *testing.T) {
	ec, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	ecDER, err := x509.MarshalECPrivateKey(ec)
	if err != nil {
		t.Fatal(err)
	}
	rs, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour)}
	tests := []struct {
		name, kind  string
		key         []byte
		public, prv any
	}{
		{"ECDSA", "EC PRIVATE KEY", ecDER, ec.Public(), ec},
		{"RSA", "RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(rs), rs.Public(), rs},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			home := t.TempDir()
			der, err := x509.CreateCertificate(rand.Reader, template, template, tt.public, tt.prv)
			if err != nil {
				t.Fatal(err)
			}
			write(t, home, certFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
			write(t, home, keyFile, pem.EncodeToMemory(&pem.Block{Type: tt.kind, Bytes: tt.key}))
			id, err := Load(home)
			if err != nil || id.ID() != FromCertificate(der) {
				t.Fatalf("got %v, %v", id.ID(), err)
			}
			peer, err := Create(t.TempDir(), rand.Reader)
			if err != nil {
				t.Fatal(err)
			}
			if err, _ := handshake(t, id.TLS(Expect(peer.ID())), peer.TLS(Expect(id.ID()))); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestSyncthingReadsTheSameID(t *testing.T) {
	syncthing, err := exec.LookPath("syncthing")
	if err != nil {
		t.Skip("syncthing is not installed")
	}
	ask := func(home string) string {
		t.Helper()
		out, err := exec.CommandContext(t.Context(), syncthing, "--home="+home, "--device-id").Output()
		if err != nil {
			t.Fatalf("syncthing --device-id: %v", err)
		}
		return string(bytes.TrimSpace(out))
	}
	ours := t.TempDir()
	id, err := Create(ours, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if got := ask(ours); got != id.ID().String() {
		t.Errorf("of our certificate syncthing says %s, we say %s", got, id.ID())
	}
	theirs := t.TempDir()
	cmd := exec.CommandContext(t.Context(), syncthing, "generate", "--home="+theirs, "--no-default-folder", "--skip-port-probing")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("syncthing generate: %v: %s", err, out)
	}
	if id, err = Load(theirs); err != nil || ask(theirs) != id.ID().String() {
		t.Errorf("of its certificate syncthing says %s, we say %s, %v", ask(theirs), id.ID(), err)
	}
}

func write(t *testing.T, dir, name string, content []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
		t.Fatal(err)
	}
}
