package watch

import (
	"errors"
	"fmt"
	"syscall"
)

// tooMany stands for an exhausted limit until the directories are counted.
const tooMany = "too many directories"

// cannotAdd says why a directory could not be watched.
func cannotAdd(err error) string {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EMFILE) {
		return tooMany
	}
	return fmt.Sprintf("Some directories cannot be watched (%v) and are scanned at an interval instead; check their permissions.", err)
}
