//go:build !linux

package watch

import (
	"fmt"
	"time"
)

// exhausted is the problem when missing of all directories have no watch.
func exhausted(missing, all int, poll time.Duration) string {
	return fmt.Sprintf("The limit of open files is reached, so %d of %d directories are only scanned every %v; "+
		"raise it to %d (ulimit -n) and start again.", missing, all, poll, 2*all)
}

// noInstance is the problem when no events can be had at all.
func noInstance(err error, poll time.Duration) string {
	return fmt.Sprintf("File events are not available (%v), so the folder is only scanned every %v.", err, poll)
}
