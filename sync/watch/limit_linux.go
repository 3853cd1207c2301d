package watch

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// exhausted is the problem when missing of all directories have no watch: the
// kernel's limit per user, which other programs share.
func exhausted(missing, all int, poll time.Duration) string {
	enough := 2 * all
	if now := limitNow(); now >= enough {
		enough += now // others need what there is
	}
	return fmt.Sprintf("The system's limit of watched directories is reached, so %d of %d directories are only scanned every %v; "+
		"as root, run: sysctl fs.inotify.max_user_watches=%d", missing, all, poll, enough)
}

// limitNow returns the setting as it is, 0 if it cannot be read.
func limitNow() int {
	text, err := os.ReadFile("/proc/sys/fs/inotify/max_user_watches")
	if err != nil {
		return 0
	}
	n, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		return 0
	}
	return n
}

// noInstance is the problem when no events can be had at all.
func noInstance(err error, poll time.Duration) string {
	if errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) {
		return fmt.Sprintf("The system's limit of programs that watch directories is reached, so the folder is only scanned every %v; "+
			"as root, run: sysctl fs.inotify.max_user_instances=512", poll)
	}
	return fmt.Sprintf("File events are not available (%v), so the folder is only scanned every %v.", err, poll)
}
