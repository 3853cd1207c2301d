package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	_ "embed"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/labsync/labsync/index"
)

// schema is what PRAGMA user_version says of a database made by schema.sql.
// Schema 1 is frozen in testdata/schema1.db.
const schema = 1 + len(upgrades)

// upgrades bring a database from schema 1 to 2, from 2 to 3, and so on.
var upgrades = [...]string{
	`CREATE TABLE contents_new (hash INTEGER NOT NULL, name INTEGER NOT NULL, PRIMARY KEY (hash, name)) WITHOUT ROWID`,
}

// application is PRAGMA application_id: "lsyn".
const application = 0x6c73796e

//go:embed schema.sql
var schemaSQL string

// ErrNewerSchema is wrapped by the error of opening a database that a later
// version of labsync wrote.
var ErrNewerSchema = errors.New("index was written by a newer labsync; update this one")

func (o Options) complete() Options {
	if o.Random == nil {
		o.Random = rand.Reader
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return o
}

// prepareSchema makes the tables of a new database, or checks that those of
// an existing one are ours and sound.
func (s *Store) prepareSchema(ctx context.Context) error {
	var version, app, tables int
	err := errors.Join(
		s.writer.QueryRowContext(ctx, "PRAGMA user_version").Scan(&version),
		s.writer.QueryRowContext(ctx, "PRAGMA application_id").Scan(&app),
		s.writer.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_schema").Scan(&tables))
	switch {
	case err != nil:
		return err
	case version == 0 && tables == 0:
		return s.create(ctx)
	case app != application:
		return fmt.Errorf("not a labsync index: %w", index.ErrCorrupt)
	case version > schema:
		return fmt.Errorf("schema %d, this one knows up to %d: %w", version, schema, ErrNewerSchema)
	case version < 1:
		return fmt.Errorf("schema %d was never released: %w", version, index.ErrCorrupt)
	}
	if err := s.check(ctx); err != nil {
		return err
	}
	return s.upgrade(ctx, version)
}

// upgrade brings the tables to this schema in one transaction.
func (s *Store) upgrade(ctx context.Context, from int) error {
	if from == schema {
		return nil
	}
	steps := append([]string{"BEGIN IMMEDIATE"}, upgrades[from-1:]...)
	steps = append(steps, fmt.Sprintf("PRAGMA user_version = %d", schema), "COMMIT")
	for _, step := range steps {
		if _, err := s.writer.ExecContext(ctx, step); err != nil {
			return fmt.Errorf("upgrading from schema %d to %d: %w", from, schema, err)
		}
	}
	s.options.Log.Info("upgraded the index", "path", s.path, "from", from, "to", schema)
	return nil
}

// create makes the database durably: a lost schema would look like a foreign
// file.
func (s *Store) create(ctx context.Context) error {
	replica, id, err := s.newIdentity()
	if err != nil {
		return err
	}
	for _, statement := range []string{
		"PRAGMA journal_mode = WAL",
		"PRAGMA synchronous = FULL",
		"BEGIN IMMEDIATE",
		schemaSQL,
		fmt.Sprintf("PRAGMA application_id = %d", application),
		fmt.Sprintf("PRAGMA user_version = %d", schema),
	} {
		if _, err := s.writer.ExecContext(ctx, statement); err != nil {
			return err
		}
	}
	s.full = true
	_, err = s.writer.ExecContext(ctx, "INSERT INTO folder (id, replica, index_id, made, clean) VALUES (1, ?, ?, ?, 1)",
		int64(replica), int64(id), s.options.Now().Unix())
	if err != nil {
		return err
	}
	_, err = s.writer.ExecContext(ctx, "COMMIT")
	return err
}

// check reads through a database that was not closed in order.
func (s *Store) check(ctx context.Context) error {
	for _, statement := range []string{
		"PRAGMA journal_mode = WAL",
		"CREATE INDEX IF NOT EXISTS names_open ON names(name) WHERE open > dirty", // came later; of most folders it is empty
	} {
		if _, err := s.writer.ExecContext(ctx, statement); err != nil {
			return err
		}
	}
	var clean bool
	err := s.writer.QueryRowContext(ctx, "SELECT clean FROM folder").Scan(&clean)
	if errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("no identity in it: %w", index.ErrCorrupt)
	}
	if err != nil || clean {
		return err
	}
	// Its log may hold commits that are not durable yet.
	s.unclean, s.loose = true, true
	started := s.options.Now()
	var verdict string
	if err := s.writer.QueryRowContext(ctx, "PRAGMA quick_check(1)").Scan(&verdict); err != nil {
		return err
	}
	s.options.Log.Info("checked the index after an unclean stop", "path", s.path, "verdict", verdict, "took", s.options.Now().Sub(started))
	if verdict != "ok" {
		return fmt.Errorf("%s: %w", verdict, index.ErrCorrupt)
	}
	return nil
}

// newIdentity makes a replica and an index ID, neither zero.
func (s *Store) newIdentity() (replica index.Replica, id uint64, err error) {
	for _, n := range []*uint64{(*uint64)(&replica), &id} {
		var b [8]byte
		for ; *n == 0; *n = binary.BigEndian.Uint64(b[:]) {
			if _, err := io.ReadFull(s.options.Random, b[:]); err != nil {
				return 0, 0, fmt.Errorf("making an index identity: %w", err)
			}
		}
	}
	return replica, id, nil
}
