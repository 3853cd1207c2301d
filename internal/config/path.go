package config

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// HomeVariable is the environment variable that names the home.
const HomeVariable = "LABSYNC_HOME"

// Home returns the directory of configuration, key and databases: flag if
// given, else LABSYNC_HOME, else the one the operating system has for it (on
// Linux $XDG_CONFIG_HOME/labsync). It is absolute and need not exist.
func Home(flag string) (string, error) {
	for _, chosen := range []string{flag, os.Getenv(HomeVariable)} {
		if chosen != "" {
			return AbsPath(chosen)
		}
	}
	find := os.UserConfigDir
	if runtime.GOOS == "windows" {
		// The roaming directory would carry key and databases to another machine,
		// and two machines would then be one device.
		find = os.UserCacheDir
	}
	dir, err := find()
	if err != nil {
		return "", fmt.Errorf("no place for labsync's home: set --home or %s: %w", HomeVariable, err)
	}
	return filepath.Join(dir, "labsync"), nil
}

// SocketPath returns where the daemon of a home listens for this machine's
// commands: a Unix socket, on Windows too. Its name is a hash of the home because a socket's path may have about 100 bytes only. The
// directory need not exist; whoever makes it gives it mode 0700.
func SocketPath(home string) string {
	sum := sha256.Sum256([]byte(resolve(home)))
	name := hex.EncodeToString(sum[:8])
	return filepath.Join(runtimeDir(), name+".sock")
}

// runtimeDir does not depend on XDG_RUNTIME_DIR being set where the usual
// directory exists: a command run by cron must find the daemon of a session.
func runtimeDir() string {
	if dir := os.Getenv("XDG_RUNTIME_DIR"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "labsync")
	}
	if dir := fmt.Sprintf("/run/user/%d", os.Getuid()); runtime.GOOS == "linux" {
		if info, err := os.Stat(dir); err == nil && info.IsDir() {
			return filepath.Join(dir, "labsync")
		}
	}
	if dir, err := os.UserCacheDir(); err == nil && runtime.GOOS == "windows" {
		return filepath.Join(dir, "labsync", "run") // private to the user, as the temporary directory need not be
	}
	return filepath.Join(os.TempDir(), fmt.Sprintf("labsync-%d", os.Getuid()))
}

// AbsPath expands a leading "~" and makes a path absolute against the working
// directory. It is for paths that a person types; relative ones in a file are
// taken from their home directory instead.
func AbsPath(path string) (string, error) {
	if path == "" {
		return "", errors.New("the path is empty: name a directory")
	}
	if path == "~" || strings.HasPrefix(path, "~/") || strings.HasPrefix(path, `~\`) {
		path = expand(path)
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", fmt.Errorf("find directory %s: %w", path, err)
	}
	return abs, nil
}

// expand makes a path of a file absolute. Without a home directory it stays.
func expand(path string) string {
	if path == "" || filepath.IsAbs(path) {
		return path
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return path
	}
	if path == "~" {
		return home
	}
	if len(path) > 1 && path[0] == '~' && os.IsPathSeparator(path[1]) {
		path = path[2:]
	}
	return filepath.Join(home, path)
}

// relation is how one directory stands to another.
type relation int

const (
	apart relation = iota
	same
	inside // the first in the second
	around // the second in the first
)

// relate compares two absolute paths, symbolic links followed as far as they
// exist.
func relate(a, b string) relation {
	a, b = fold(resolve(a)), fold(resolve(b))
	switch {
	case a == b:
		return same
	case contains(b, a):
		return inside
	case contains(a, b):
		return around
	}
	return apart
}

func contains(outer, inner string) bool {
	separator := string(filepath.Separator)
	return strings.HasPrefix(inner, strings.TrimSuffix(outer, separator)+separator)
}

// fold makes spellings equal that are one directory on this system.
func fold(path string) string {
	if runtime.GOOS == "windows" || runtime.GOOS == "darwin" {
		return strings.ToLower(path)
	}
	return path
}

// resolve follows the symbolic links of the part of path that exists.
func resolve(path string) string {
	path = filepath.Clean(path)
	if real, err := filepath.EvalSymlinks(path); err == nil {
		return real
	}
	parent := filepath.Dir(path)
	if parent == path {
		return path
	}
	return filepath.Join(resolve(parent), filepath.Base(path))
}
