package daemon

import (
	"crypto/sha256"
	"fmt"
	"os"
	"runtime"
	"strings"
)

// machineID tells this machine from another one that a home or a database may
// have been copied to. It is a hash, so that the system's own ID leaves nobody's
// hands; where the system has none, the host's name has to do.
func machineID() string {
	for _, path := range []string{"/etc/machine-id", "/var/lib/dbus/machine-id"} {
		if text, err := os.ReadFile(path); err == nil && len(strings.TrimSpace(string(text))) > 0 {
			return shortHash("labsync " + strings.TrimSpace(string(text)))
		}
	}
	host, err := os.Hostname()
	if err != nil {
		host = runtime.GOOS
	}
	return shortHash("labsync host " + host)
}

func shortHash(s string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(s)))[:16] }

// bootID tells one run of the machine from the next, "" where the system does
// not say.
func bootID() string {
	text, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(text))
}
