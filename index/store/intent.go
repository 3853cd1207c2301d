package store

import (
	"context"
	"encoding/binary"
	"fmt"

	"github.com/labsync/labsync/index"
)

// Begin implements index.Intents.
func (s *Store) Begin(ctx context.Context, intents []index.Intent) ([]index.IntentID, error) {
	ids := make([]index.IntentID, 0, len(intents))
	err := s.write(ctx, "beginning steps", true, func(t *transaction) error {
		for i := range intents {
			result, err := t.exec(t.stmt.beginIntent, appendIntent(nil, &intents[i]))
			if err != nil {
				return err
			}
			id, err := result.LastInsertId()
			if err != nil {
				return err
			}
			ids = append(ids, index.IntentID(id))
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return ids, nil
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
			if err := t.settleIntent(id); err != nil {
				return err
			}
		}
		return nil
	})
}

// settleIntent forgets an intent; an unknown one is none.
func (t *transaction) settleIntent(id index.IntentID) error {
	if id == 0 {
		return nil
	}
	_, err := t.exec(t.stmt.settleIntent, int64(id))
	return err
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
