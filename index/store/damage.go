package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/labsync/labsync/index"

	sqlite "modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// classify makes SQLite's verdicts of damage wrap index.ErrCorrupt.
func classify(err error) error {
	var e *sqlite.Error
	if errors.As(err, &e) {
		switch e.Code() & 0xff {
		case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
			return fmt.Errorf("%w: %w", index.ErrCorrupt, err)
		}
	}
	return err
}

// isIOError reports whether the file system failed. What it then said was
// written may not be: pages count as clean after a failed fsync.
func isIOError(err error) bool {
	var e *sqlite.Error
	return errors.As(err, &e) && e.Code()&0xff == sqlite3.SQLITE_IOERR
}

// SetAside renames a damaged database, and the log and shared memory that
// belong to it, to a name beside it that tells when, and returns that name.
// Nothing is deleted. The database must be closed.
func SetAside(path string, now time.Time) (string, error) {
	base := path + ".damaged-" + now.UTC().Format("20060102T150405Z")
	aside := base
	for n := 2; ; n++ {
		if _, err := os.Lstat(aside); errors.Is(err, fs.ErrNotExist) {
			break
		} else if err != nil {
			return "", fmt.Errorf("setting index %s aside: %w", path, err)
		}
		aside = fmt.Sprintf("%s-%d", base, n)
	}
	// The log goes first: one left behind would be taken for the new database's.
	for _, suffix := range []string{"-wal", "-shm", ""} {
		err := os.Rename(path+suffix, aside+suffix)
		if err != nil && !(suffix != "" && errors.Is(err, fs.ErrNotExist)) {
			return "", fmt.Errorf("setting index %s aside: %w", path, err)
		}
	}
	return aside, nil
}

// failing wraps an error of an operation and, if it is one after which the
// connection cannot be trusted, refuses further writes.
func (s *Store) failing(ctx context.Context, op string, err error) error {
	err = fmt.Errorf("%s: %w", op, classify(err))
	if isIOError(err) {
		s.refused = fmt.Errorf("index %s must be reopened after an I/O error: %w", s.path, err)
		s.options.Log.ErrorContext(ctx, "writing the index failed", "path", s.path, "error", err)
	}
	return err
}
