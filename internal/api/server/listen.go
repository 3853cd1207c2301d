package server

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
)

// listenUnix listens on path, which only this user can reach. A socket that
// nobody answers on is what a killed daemon left; it is replaced.
func listenUnix(path string) (net.Listener, error) {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the directory of the API's socket: %w", err)
	}
	if err := checkPrivate(dir); err != nil {
		return nil, err
	}
	if conn, err := net.Dial("unix", path); err == nil {
		conn.Close()
		return nil, fmt.Errorf("a labsync daemon answers on %s already: stop it first", path)
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("replace the API's socket: %w", err)
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		return nil, fmt.Errorf("listen on the API's socket: %w", err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		l.Close()
		return nil, fmt.Errorf("keep the API's socket private: %w", err)
	}
	return l, nil
}

// checkLoopback refuses an address that other machines could reach.
func checkLoopback(address string) error {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("the API address %q is not host:port: correct \"api\" in config.toml", address)
	}
	if ip := net.ParseIP(host); host == "localhost" || ip != nil && ip.IsLoopback() {
		return nil
	}
	return fmt.Errorf("the API address %q can be reached from other machines: choose one like 127.0.0.1:8385 as \"api\" in config.toml", address)
}

// allowedHosts are the values of Host that mean this server: for the Unix
// socket (nil) a fixed name, which no browser can send, and localhost for curl.
func allowedHosts(bound net.Addr) []string {
	tcp, ok := bound.(*net.TCPAddr)
	if !ok {
		return []string{"labsync.local", "localhost"}
	}
	port := fmt.Sprint(tcp.Port)
	hosts := []string{net.JoinHostPort(tcp.IP.String(), port), net.JoinHostPort("localhost", port)}
	if tcp.Port == 80 { // browsers leave it out
		hosts = append(hosts, tcp.IP.String(), "localhost")
	}
	return hosts
}

// loadToken reads the token from a file, or writes a new one there.
func loadToken(path string) (string, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return makeToken(path)
	}
	if err != nil {
		return "", fmt.Errorf("read the API's token: %w", err)
	}
	if err := checkPrivate(path); err != nil {
		return "", err
	}
	token := strings.TrimSpace(string(text))
	if len(token) < 20 {
		return "", fmt.Errorf("the API's token in %s is too short: remove the file, and the next start writes a new one", path)
	}
	return token, nil
}

func makeToken(path string) (string, error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return "", fmt.Errorf("write the API's token: %w", err)
	}
	token := rand.Text()
	_, err = f.WriteString(token + "\n")
	if err := errors.Join(err, f.Close()); err != nil {
		return "", fmt.Errorf("write the API's token: %w", err)
	}
	return token, nil
}
