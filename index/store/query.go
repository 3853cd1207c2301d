package store

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/index/internal/register"
	"github.com/labsync/labsync/internal/device"
)

// querier is a prepared statement.
type querier interface {
	QueryContext(ctx context.Context, args ...any) (*sql.Rows, error)
}

// scanner copies the columns of the current row, as sql.Rows.Scan does.
type scanner func(columns ...any) error

// each calls f for every row.
func each(ctx context.Context, q querier, args []any, f func(scan scanner) error) error {
	rows, err := q.QueryContext(ctx, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := f(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}

// query runs a reader's statement. Pages are short, so only their beginning
// heeds the context: interrupting a statement costs a goroutine each.
func (s *Store) query(ctx context.Context, op string, q querier, args []any, f func(scan scanner) error) error {
	err := ctx.Err()
	if err == nil {
		err = each(context.WithoutCancel(ctx), q, args, f)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", op, classify(err))
	}
	return nil
}

// columns receives registerColumns.
type columns struct {
	name         string
	sequence     sql.NullInt64
	dirty, flags int64
	state        sql.RawBytes
}

func (c *columns) targets() []any {
	return []any{&c.name, &c.sequence, &c.dirty, &c.flags, &c.state}
}

// register decodes the columns; what it returns shares nothing with them.
func (c *columns) register() (*register.Register, error) {
	r := &register.Register{Name: c.name, Sequence: c.sequence.Int64, Dirty: index.Dirty(c.dirty), Flags: index.Flags(c.flags)}
	return r, parseState(c.state, r)
}

// registers calls f for every register that a statement finds.
func (s *Store) registers(ctx context.Context, op string, q querier, args []any, f func(r *register.Register) error) error {
	var c columns
	return s.query(ctx, op, q, args, func(scan scanner) error {
		if err := scan(c.targets()...); err != nil {
			return err
		}
		r, err := c.register()
		if err != nil {
			return err
		}
		return f(r)
	})
}

// registersWithLists is like registers for the statements that begin with
// withLists: every block list is in its entry.
func (s *Store) registersWithLists(ctx context.Context, op string, q querier, args []any, f func(r *register.Register) error) error {
	var (
		c    columns
		id   int64
		list sql.NullInt64
		blob sql.RawBytes
		r    *register.Register
		last int64
	)
	err := s.query(ctx, op, q, args, func(scan scanner) error {
		if err := scan(append(append([]any{&id}, c.targets()...), &list, &blob)...); err != nil {
			return err
		}
		if r == nil || id != last {
			if r != nil {
				if err := f(r); err != nil {
					return err
				}
			}
			var err error
			if r, err = c.register(); err != nil {
				return err
			}
			last = id
		}
		if !list.Valid {
			return nil
		}
		return setList(r, int(list.Int64%listsPerName), blob)
	})
	if err != nil || r == nil {
		return err
	}
	return f(r)
}

func setList(r *register.Register, n int, blob []byte) error {
	for i := range r.Versions {
		if v := &r.Versions[i]; v.List == n {
			blocks, err := parseList(blob)
			v.Entry.Blocks = blocks
			return err
		}
	}
	return fmt.Errorf("block list %d of %q: %w", n, r.Name, index.ErrCorrupt)
}

// ids returns the devices by number, up to the highest that the registers
// name. Numbers are never given anew, so what was read once stays.
func (s *Store) ids(ctx context.Context, registers ...*register.Register) ([]device.ID, error) {
	highest := 0
	for _, r := range registers {
		for i := range r.Versions {
			for _, a := range r.Versions[i].Announced {
				highest = max(highest, a.Device)
			}
		}
	}
	s.known.RLock()
	devices := s.devices
	s.known.RUnlock()
	if highest < len(devices) {
		return devices, nil
	}
	s.known.Lock()
	defer s.known.Unlock()
	err := s.query(ctx, "reading devices", s.read.devices, []any{len(s.devices)}, func(scan scanner) error {
		var n int64
		var id []byte
		if err := scan(&n, &id); err != nil {
			return err
		}
		if n != int64(len(s.devices)) || len(id) != len(device.ID{}) {
			return fmt.Errorf("device %d: %w", n, index.ErrCorrupt)
		}
		s.devices = append(s.devices, device.ID(id))
		return nil
	})
	if err == nil && highest >= len(s.devices) {
		err = fmt.Errorf("device %d is not known: %w", highest, index.ErrCorrupt)
	}
	return s.devices, err
}
