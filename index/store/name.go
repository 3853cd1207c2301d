package store

import (
	"bytes"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/index/internal/register"
)

// listsPerName is the number of block lists a name can have: lists.id is the
// name's id times this plus the list's number.
const listsPerName = 1 << 16

// row is a register with what its row was when it was read.
type row struct {
	register.Register
	id    int64 // 0: not in the database
	was   register.Register
	state []byte
}

// name reads the register of a name to change it; an empty one if the name
// was never heard of.
func (t *transaction) name(name string) (*row, error) {
	if w := t.taken(name); w != nil {
		return w, nil
	}
	w := newRow(name)
	var sequence sql.NullInt64
	err := t.stmt.name.QueryRowContext(t.ctx, name).Scan(&w.id, &sequence, &w.Dirty, &w.Flags, &w.state)
	if errors.Is(err, sql.ErrNoRows) {
		return w, nil
	}
	if err != nil {
		return nil, err
	}
	w.Sequence = sequence.Int64
	return w, w.parse()
}

// newRow is the row of a name that is not in the database.
func newRow(name string) *row {
	empty := register.Register{Name: name}
	return &row{Register: empty, was: empty}
}

// parse takes the register out of what was read.
func (w *row) parse() error {
	if err := parseState(w.state, &w.Register); err != nil {
		return err
	}
	w.was = w.Register
	return nil
}

// save writes a register back, as far as it has changed.
func (t *transaction) save(w *row) error {
	if w.Empty() && w.id == 0 {
		return nil
	}
	if err := w.number(); err != nil {
		return err
	}
	state := appendState(make([]byte, 0, 256), &w.Register)
	if w.id != 0 && bytes.Equal(state, w.state) && w.Sequence == w.was.Sequence && w.Dirty == w.was.Dirty && w.Flags == w.was.Flags {
		return nil
	}
	t.tally.Replace(&w.was, &w.Register)
	if err := t.saveRow(w, state); err != nil {
		return err
	}
	if err := t.saveContents(w); err != nil {
		return err
	}
	if err := t.saveLists(w); err != nil {
		return err
	}
	if w.Empty() {
		_, err := t.exec(t.stmt.deleteName, w.id)
		return err
	}
	return nil
}

func (t *transaction) saveRow(w *row, state []byte) error {
	if w.Empty() {
		return nil // its contents and lists go first
	}
	held, inode := w.columns()
	sequence := sql.NullInt64{Int64: w.Sequence, Valid: w.Sequence != 0}
	values := []any{held, sequence, int64(w.Dirty), int64(w.Open()), int64(w.Flags), inode, state}
	if w.id != 0 {
		_, err := t.exec(t.stmt.updateName, append(values, w.id)...)
		return err
	}
	result, err := t.exec(t.stmt.insertName, append(values, w.Name)...)
	if err != nil {
		return err
	}
	w.id, err = result.LastInsertId()
	return err
}

// columns returns names.held and names.inode.
func (w *row) columns() (held int64, inode sql.NullInt64) {
	v := w.Held()
	switch {
	case v == nil:
		return 0, inode
	case v.Entry.Deleted:
		return 2, inode
	}
	if w.Present() != nil && v.Entry.Type == index.File {
		inode = sql.NullInt64{Int64: int64(w.Disk.Inode), Valid: w.Disk.Inode != 0}
	}
	return 1, inode
}

// number gives each version whose list has to be stored one that no other
// version of the name has or had.
func (w *row) number() error {
	taken := append(w.was.Lists(), w.Lists()...)
	next := 1
	for i := range w.Versions {
		v := &w.Versions[i]
		if v.List != 0 || len(v.Entry.Blocks) == 0 || isOneBlock(&v.Entry) {
			continue
		}
		for slices.Contains(taken, next) {
			next++
		}
		if next >= listsPerName {
			return fmt.Errorf("%q has more versions than can be kept", w.Name)
		}
		v.List = next
		next++
	}
	return nil
}

// saveLists removes the lists of versions that are gone and stores new ones,
// whose blocks are still in their entries.
func (t *transaction) saveLists(w *row) error {
	before, after := w.was.Lists(), w.Lists()
	for _, n := range before {
		if !slices.Contains(after, n) {
			if _, err := t.exec(t.stmt.deleteList, w.list(n)); err != nil {
				return err
			}
		}
	}
	for i := range w.Versions {
		v := &w.Versions[i]
		if v.List == 0 || slices.Contains(before, v.List) {
			continue
		}
		if _, err := t.exec(t.stmt.insertList, w.list(v.List), appendList(nil, v.Entry.Blocks)); err != nil {
			return err
		}
	}
	return nil
}

func (w *row) list(n int) int64 { return w.id*listsPerName + int64(n) }
