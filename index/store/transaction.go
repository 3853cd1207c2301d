package store

import (
	"context"
	"database/sql"
	"errors"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/index/internal/register"
	"github.com/labsync/labsync/internal/device"
)

// transaction is one write to the database.
type transaction struct {
	*Store
	ctx   context.Context
	tally register.Tally // what changes in the sums

	sequence       int64 // of what we announce
	recordSequence int64
	newContents    int // rows of contents_new

	ahead   map[string]*row // read and not changed yet
	settled []index.IntentID
}

// write runs f in a transaction. If f fails nothing of it is recorded.
func (s *Store) write(ctx context.Context, op string, durable bool, f func(*transaction) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.writing.Lock()
	defer s.writing.Unlock()
	if s.refused != nil {
		return s.refused
	}
	t := &transaction{Store: s, ctx: context.WithoutCancel(ctx), newContents: s.newContents}
	if err := t.run(durable, f); err != nil {
		return s.failing(ctx, op, err)
	}
	s.newContents = t.newContents
	s.loose = !durable
	s.unclean = true
	return nil
}

func (t *transaction) run(durable bool, f func(*transaction) error) (err error) {
	if err := t.synchronous(durable); err != nil {
		return err
	}
	if _, err := t.exec(t.stmt.begin); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			// SQLite rolls back by itself after some errors.
			_, _ = t.exec(t.stmt.rollback)
		}
	}()
	if err := t.stmt.sequences.QueryRowContext(t.ctx).Scan(&t.sequence, &t.recordSequence); err != nil {
		return err
	}
	if err := f(t); err != nil {
		return err
	}
	if err := t.moveContents(); err != nil {
		return err
	}
	if err := t.forgetIntents(); err != nil {
		return err
	}
	if err := t.writeSums(); err != nil {
		return err
	}
	if durable && t.loose {
		if _, err := t.exec(t.stmt.touch); err != nil {
			return err
		}
	}
	_, err = t.exec(t.stmt.commit)
	return err
}

// synchronous sets whether the next commit waits for the disk. SQLite takes it
// outside transactions only.
func (t *transaction) synchronous(full bool) error {
	if full == t.full {
		return nil
	}
	pragma := "PRAGMA synchronous = NORMAL"
	if full {
		pragma = "PRAGMA synchronous = FULL"
	}
	_, err := t.writer.ExecContext(t.ctx, pragma)
	if err == nil {
		t.full = full
	}
	return err
}

func (t *transaction) exec(stmt *sql.Stmt, args ...any) (sql.Result, error) {
	return stmt.ExecContext(t.ctx, args...)
}

// writeSums adds the tally to the sums.
func (t *transaction) writeSums() error {
	c, live := &t.tally.Counts, &t.tally.Live
	_, err := t.exec(t.stmt.sums, t.sequence, t.recordSequence,
		c.Files, c.Directories, c.Symlinks, c.Tombstones, c.Bytes, c.NeedFiles, c.NeedBytes,
		c.Conflicts, c.ReceiveOnlyChanged, live.Names, live.Bytes)
	if err != nil {
		return err
	}
	for number, need := range t.tally.Known {
		if need == (register.Need{}) {
			continue
		}
		if _, err := t.exec(t.stmt.behind, need.Names, need.Bytes, int64(number)); err != nil {
			return err
		}
	}
	return nil
}

// device returns the number of a device, giving it one if it has none.
func (t *transaction) device(d device.ID) (number int, added bool, err error) {
	var n int64
	err = t.stmt.device.QueryRowContext(t.ctx, d[:]).Scan(&n)
	if errors.Is(err, sql.ErrNoRows) {
		result, err := t.exec(t.stmt.addDevice, d[:])
		if err != nil {
			return 0, false, err
		}
		n, err = result.LastInsertId()
		return int(n), true, err
	}
	return int(n), false, err
}
