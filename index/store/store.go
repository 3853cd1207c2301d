package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/internal/device"

	sqlite "modernc.org/sqlite"
)

// Options are what a store may be given. The zero value is usable.
type Options struct {
	Random io.Reader             // replica and index IDs come from here; nil: crypto/rand
	Now    func() time.Time      // nil: time.Now
	Joins  map[string]index.Join // how records join, by kind; index.Latest for the others
	Log    *slog.Logger          // nil: nothing is logged
}

// Store implements index.Store. Its methods may be called from several
// goroutines.
type Store struct {
	path    string
	options Options

	readers *sql.DB
	read    readStatements

	known   sync.RWMutex // guards devices
	devices []device.ID  // by number, as far as read; that of ourselves is unused

	writing sync.Mutex // guards everything below
	db      *sql.DB
	writer  *sql.Conn
	stmt    writeStatements
	full    bool // synchronous=FULL is set
	loose   bool // something was committed that is not durable yet
	unclean bool // the database says that it was not closed in order

	newContents int   // rows of contents_new
	refused     error // why nothing is written any more
}

var _ index.Store = (*Store)(nil)

var errClosed = errors.New("index is closed")

// The sizes of the caches, in KiB. A larger one gains nothing measurable at
// 100,000 files.
const (
	writerCache = 8192
	readerCache = 2048
	readerLimit = 4
	// journalLimit is what is left of a write-ahead log that once grew, in bytes.
	journalLimit = 8 << 20
)

// Open opens the database at path, making it if there is none, readable for
// its owner only. After a stop without Close it is checked first, which reads
// all of it. An error wraps index.ErrCorrupt if the file is damaged or not a
// labsync index: SetAside puts it out of the way, and what it held comes back
// from disk and peers. It wraps ErrNewerSchema if a later labsync wrote it.
func Open(ctx context.Context, path string, o Options) (*Store, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("opening index: %w", err)
	}
	s := &Store{path: path, options: o.complete(), devices: make([]device.ID, 1)}
	if err := s.open(context.WithoutCancel(ctx)); err != nil {
		return nil, errors.Join(fmt.Errorf("opening index %s: %w", path, classify(err)), s.release())
	}
	return s, nil
}

func (s *Store) open(ctx context.Context) error {
	if err := createPrivate(s.path); err != nil {
		return err
	}
	if err := s.openWriter(ctx); err != nil {
		return err
	}
	if err := s.prepareSchema(ctx); err != nil {
		return err
	}
	if err := s.countContents(ctx); err != nil {
		return err
	}
	if err := s.stmt.prepare(ctx, s.writer); err != nil {
		return err
	}
	return s.openReaders(ctx)
}

// createPrivate makes an empty file if there is none, so that SQLite does not
// make one that others can read.
func createPrivate(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	return f.Close()
}

func (s *Store) openWriter(ctx context.Context) (err error) {
	s.db, err = openPool(s.path, url.Values{
		"_pragma": {fmt.Sprintf("cache_size(-%d)", writerCache), "busy_timeout(5000)",
			fmt.Sprintf("journal_size_limit(%d)", journalLimit), "synchronous(NORMAL)"},
	})
	if err != nil {
		return err
	}
	s.db.SetMaxOpenConns(1)
	s.writer, err = s.db.Conn(ctx)
	return err
}

func (s *Store) openReaders(ctx context.Context) (err error) {
	s.readers, err = openPool(s.path, url.Values{
		"mode":    {"ro"},
		"_pragma": {fmt.Sprintf("cache_size(-%d)", readerCache), "busy_timeout(5000)", "query_only(1)"},
	})
	if err != nil {
		return err
	}
	s.readers.SetMaxOpenConns(readerLimit)
	s.readers.SetMaxIdleConns(readerLimit)
	return s.read.prepare(ctx, s.readers)
}

func openPool(path string, query url.Values) (*sql.DB, error) {
	path = filepath.ToSlash(path)
	if !strings.HasPrefix(path, "/") {
		path = "/" + path // a drive letter: file:/C:/...
	}
	c, err := sqlite.NewConnector("file:" + (&url.URL{Path: path}).EscapedPath() + "?" + query.Encode())
	if err != nil {
		return nil, err
	}
	return sql.OpenDB(c), nil
}

// Checkpoint moves the write-ahead log into the database and empties it. It is
// worth calling when a scan has ended or the folder became idle. Readers that
// are under way keep it from finishing, which is no error.
func (s *Store) Checkpoint(ctx context.Context) error {
	s.writing.Lock()
	defer s.writing.Unlock()
	if s.refused != nil {
		return s.refused
	}
	return s.checkpoint(context.WithoutCancel(ctx))
}

func (s *Store) checkpoint(ctx context.Context) error {
	if _, err := s.writer.ExecContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)"); err != nil {
		return fmt.Errorf("emptying the index's log: %w", classify(err))
	}
	return nil
}

// Close writes everything to the database file and closes it. The store
// cannot be used afterwards.
func (s *Store) Close() error {
	s.writing.Lock()
	defer s.writing.Unlock()
	if errors.Is(s.refused, errClosed) {
		return nil
	}
	failed := s.refused
	s.refused = errClosed
	ctx := context.Background()
	var errs []error
	if s.unclean && failed == nil {
		_, err := s.writer.ExecContext(ctx, "UPDATE folder SET clean = 1")
		errs = append(errs, classify(err))
	}
	// A checkpoint takes what readers have not done with.
	errs = append(errs, s.closeReaders())
	if failed == nil {
		errs = append(errs, s.checkpoint(ctx))
	}
	errs = append(errs, s.release())
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("closing index %s: %w", s.path, err)
	}
	return nil
}

func (s *Store) closeReaders() error {
	if s.readers == nil {
		return nil
	}
	err := errors.Join(s.read.close(), s.readers.Close())
	s.readers = nil
	return err
}

// release closes whatever is open.
func (s *Store) release() error {
	errs := []error{s.closeReaders(), s.stmt.close()}
	if s.writer != nil {
		errs = append(errs, s.writer.Close())
	}
	if s.db != nil {
		errs = append(errs, s.db.Close())
	}
	return errors.Join(errs...)
}
