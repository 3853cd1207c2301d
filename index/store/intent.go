package store

import (
	"context"
	"database/sql"
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/labsync/labsync/index"
)

// Begin implements index.Intents.
func (s *Store) Begin(ctx context.Context, intents []index.Intent) ([]index.IntentID, error) {
	ids := make([]index.IntentID, 0, len(intents))
	err := s.write(ctx, "beginning steps", true, func(t *transaction) error {
		for len(intents) > 0 {
			n := 1
			stmt := t.stmt.beginIntent
			if len(intents) >= intentsAtOnce {
				n, stmt = intentsAtOnce, t.stmt.beginIntents
			}
			last, err := t.begin(stmt, intents[:n])
			if err != nil {
				return err
			}
			for i := range n {
				ids = append(ids, last-index.IntentID(n-1-i))
			}
			intents = intents[n:]
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return ids, nil
}

// intentsAtOnce is how many intents one statement inserts, if there are that many.
const intentsAtOnce = 50

// begin inserts intents by one statement and returns the ID of the last: the
// others have those before it, in order.
func (t *transaction) begin(stmt *sql.Stmt, intents []index.Intent) (index.IntentID, error) {
	blobs := make([]any, len(intents))
	for i := range intents {
		blobs[i] = appendIntent(make([]byte, 0, 512), &intents[i])
	}
	result, err := t.exec(stmt, blobs...)
	if err != nil {
		return 0, err
	}
	id, err := result.LastInsertId()
	return index.IntentID(id), err
}

// Pending implements index.Intents.
func (s *Store) Pending(ctx context.Context) ([]index.Intent, error) {
	var pending []index.Intent
	err := s.query(ctx, "reading begun steps", s.read.intents, nil, func(scan scanner) error {
		var id int64
		var blob []byte
		if err := scan(&id, &blob); err != nil {
			return err
		}
		n, err := parseIntent(blob)
		n.ID = index.IntentID(id)
		pending = append(pending, n)
		return err
	})
	return pending, err
}

// Abandon implements index.Intents.
func (s *Store) Abandon(ctx context.Context, ids []index.IntentID) error {
	return s.write(ctx, "abandoning steps", false, func(t *transaction) error {
		for _, id := range ids {
			t.settle(id)
		}
		return nil
	})
}

// settle lets an intent be forgotten with the transaction; an unknown one is none.
func (t *transaction) settle(id index.IntentID) {
	if id != 0 {
		t.settled = append(t.settled, id)
	}
}

// forgetIntents removes what was settled, each run of IDs at once.
func (t *transaction) forgetIntents() error {
	ids := t.settled
	slices.Sort(ids)
	for len(ids) > 0 {
		n := 1
		for n < len(ids) && ids[n]-ids[n-1] <= 1 {
			n++
		}
		if _, err := t.exec(t.stmt.settleIntents, int64(ids[0]), int64(ids[n-1])); err != nil {
			return err
		}
		ids = ids[n:]
	}
	return nil
}

// An intent is its texts, what was expected (name, entry, disk unless a
// tombstone, flags), what is to come (name, entry, blocks), and the heads.
func appendIntent(b []byte, n *index.Intent) []byte {
	for _, s := range []string{n.Operation, n.Path, n.To, n.Work} {
		b = appendString(b, s)
	}
	b = appendString(b, n.Expected.Entry.Name)
	expected := n.Expected.Entry
	expected.Blocks = nil
	b = appendEntry(b, &expected)
	if !expected.Deleted {
		b = appendDisk(b, &n.Expected.Disk, &expected)
	}
	b = binary.AppendUvarint(b, uint64(n.Expected.Flags))
	b = appendString(b, n.New.Name)
	b = appendEntry(b, &n.New)
	list := []byte(nil)
	if len(n.New.Blocks) > 0 {
		list = appendList(nil, n.New.Blocks)
	}
	b = binary.AppendUvarint(b, uint64(len(list)))
	b = append(b, list...)
	b = binary.AppendUvarint(b, uint64(len(n.Heads)))
	for _, v := range n.Heads {
		b = appendVersion(b, v)
	}
	return b
}

func parseIntent(blob []byte) (n index.Intent, err error) {
	p := &parser{b: blob}
	for _, s := range []*string{&n.Operation, &n.Path, &n.To, &n.Work} {
		*s = p.string()
	}
	name := p.string()
	n.Expected.Entry = p.entry()
	n.Expected.Entry.Name = name
	if !n.Expected.Entry.Deleted {
		n.Expected.Disk = p.disk(&n.Expected.Entry)
	}
	n.Expected.Flags = index.Flags(p.uvarint())
	name = p.string()
	n.New = p.entry()
	n.New.Name = name
	if list := p.take(p.uvarint()); len(list) > 0 {
		if n.New.Blocks, err = parseList(list); err != nil {
			return n, fmt.Errorf("begun step on %q: %w", n.Path, err)
		}
	}
	if count := p.count(1); count > 0 {
		n.Heads = make([]index.Version, count)
	}
	for i := range n.Heads {
		n.Heads[i] = p.version()
	}
	return n, p.end(fmt.Sprintf("begun step on %q", n.Path))
}
