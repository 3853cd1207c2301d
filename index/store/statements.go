package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
)

// writeStatements are the writer's, prepared once.
type writeStatements struct {
	begin, commit, rollback *sql.Stmt
	sequences, sums, behind *sql.Stmt
	touch                   *sql.Stmt

	name, insertName, updateName, deleteName *sql.Stmt
	names                                    *sql.Stmt
	insertContent, deleteContent             *sql.Stmt
	deleteNewContent                         *sql.Stmt
	moveContents, clearNewContents           *sql.Stmt
	insertList, deleteList                   *sql.Stmt
	settled, all                             *sql.Stmt

	device, addDevice, noteSequence, noteRecords, resetDevice *sql.Stmt

	renew, setSetting, deleteSetting *sql.Stmt
	beginIntent, settleIntents       *sql.Stmt
	beginIntents                     *sql.Stmt
	replica, record, putRecord       *sql.Stmt
}

func (s *writeStatements) texts() map[**sql.Stmt]string {
	return map[**sql.Stmt]string{
		&s.begin:     `BEGIN IMMEDIATE`,
		&s.commit:    `COMMIT`,
		&s.rollback:  `ROLLBACK`,
		&s.sequences: `SELECT sequence, record_sequence FROM folder`,
		&s.sums: `UPDATE folder SET clean = 0, sequence = ?, record_sequence = ?,
			files = files + ?, directories = directories + ?, symlinks = symlinks + ?, tombstones = tombstones + ?,
			bytes = bytes + ?, need_files = need_files + ?, need_bytes = need_bytes + ?, conflicts = conflicts + ?,
			receive_only_changed = receive_only_changed + ?, live_names = live_names + ?, live_bytes = live_bytes + ?`,
		&s.behind: `UPDATE devices SET behind_names = behind_names + ?, behind_bytes = behind_bytes + ? WHERE id = ?`,

		// SQLite does not wait for the disk if a transaction leaves every byte as
		// it was. This one changes one, so that a durable write always makes
		// durable what was committed before it.
		&s.touch: `INSERT INTO settings (key, value) VALUES ('store.durable', x'00')
			ON CONFLICT DO UPDATE SET value = CASE value WHEN x'00' THEN x'01' ELSE x'00' END`,

		&s.name:       `SELECT id, sequence, dirty, flags, state FROM names WHERE name = ?`,
		&s.names:      `SELECT name, id, sequence, dirty, flags, state FROM names WHERE name IN (SELECT value FROM json_each(?))`,
		&s.insertName: `INSERT INTO names (held, sequence, dirty, open, flags, inode, state, name) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
		&s.updateName: `UPDATE names SET held = ?, sequence = ?, dirty = ?, open = ?, flags = ?, inode = ?, state = ? WHERE id = ?`,
		&s.deleteName: `DELETE FROM names WHERE id = ?`,

		&s.insertContent:    `INSERT INTO contents_new (hash, name) VALUES (?, ?)`,
		&s.deleteNewContent: `DELETE FROM contents_new WHERE hash = ? AND name = ?`,
		&s.deleteContent:    `DELETE FROM contents WHERE hash = ? AND name = ?`,
		&s.moveContents:     `INSERT INTO contents (hash, name) SELECT hash, name FROM contents_new ORDER BY hash, name`,
		&s.clearNewContents: `DELETE FROM contents_new`,
		&s.insertList:       `INSERT INTO lists (id, list) VALUES (?, ?)`,
		&s.deleteList:       `DELETE FROM lists WHERE id = ?`,

		&s.settled: `SELECT name FROM names WHERE name > ? AND name < ? AND open > dirty ORDER BY name LIMIT ?`,
		&s.all:     `SELECT ` + registerColumns + ` FROM names n WHERE n.name > ? ORDER BY n.name LIMIT ?`,

		&s.device:       `SELECT id FROM devices WHERE device = ?`,
		&s.addDevice:    `INSERT INTO devices (device) VALUES (?)`,
		&s.noteSequence: `UPDATE devices SET sequence = max(sequence, ?) WHERE id = ?`,
		&s.noteRecords:  `UPDATE devices SET records = max(records, ?) WHERE id = ?`,
		&s.resetDevice:  `UPDATE devices SET index_id = ?, sequence = 0, records = 0 WHERE id = ?`,

		&s.renew:         `UPDATE folder SET replica = ?, index_id = ?, made = ?`,
		&s.setSetting:    `INSERT INTO settings (key, value) VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value`,
		&s.deleteSetting: `DELETE FROM settings WHERE key = ?`,

		&s.beginIntent:   `INSERT INTO intents (intent) VALUES (?)`,
		&s.beginIntents:  `INSERT INTO intents (intent) VALUES (?)` + strings.Repeat(`, (?)`, intentsAtOnce-1),
		&s.settleIntents: `DELETE FROM intents WHERE id BETWEEN ? AND ?`,

		&s.replica: `SELECT replica FROM folder`,
		&s.record:  `SELECT kind, key, version, sequence, payload FROM records WHERE kind = ? AND key = ?`,
		&s.putRecord: `INSERT INTO records (kind, key, version, sequence, payload) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE
			SET version = excluded.version, sequence = excluded.sequence, payload = excluded.payload`,
	}
}

func (s *writeStatements) prepare(ctx context.Context, c *sql.Conn) error {
	return prepare(ctx, c, s.texts())
}

func (s *writeStatements) close() error { return closeAll(s.texts()) }

// registerColumns are what scanRegister reads.
const registerColumns = `n.name, n.sequence, n.dirty, n.flags, n.state`

// withLists joins each name with its block lists: as many rows as it has, or
// one without.
const withLists = `SELECT n.id, ` + registerColumns + `, l.id, l.list FROM names n
	LEFT JOIN lists l ON l.id >= n.id * 65536 AND l.id < (n.id + 1) * 65536 `

// readStatements are the readers', prepared on each connection when first used.
type readStatements struct {
	name, named, inode, content       *sql.Stmt
	many, manyWithLists               *sql.Stmt
	locals, dirty, dirtyLast, flagged *sql.Stmt
	since, lists                      *sql.Stmt
	devices, folder, remote, behind   *sql.Stmt
	remotes, untaken                  *sql.Stmt
	setting, intents                  *sql.Stmt
	record, recordsOf, recordsSince   *sql.Stmt
}

func (s *readStatements) texts() map[**sql.Stmt]string {
	const registers = `SELECT ` + registerColumns + ` FROM names n `
	return map[**sql.Stmt]string{
		&s.name:          registers + `WHERE n.name = ?`,
		&s.named:         withLists + `WHERE n.name = ?`,
		&s.many:          registers + `WHERE n.name IN (SELECT value FROM json_each(?))`,
		&s.manyWithLists: withLists + `WHERE n.name IN (SELECT value FROM json_each(?)) ORDER BY n.id, l.id`,
		&s.inode:         registers + `WHERE n.inode = ? ORDER BY n.name`,
		&s.content: `SELECT ` + registerColumns + ` FROM (SELECT name FROM contents_new WHERE hash = ?1
			UNION ALL SELECT name FROM contents WHERE hash = ?1) c JOIN names n ON n.id = c.name`,
		&s.locals:    registers + `WHERE n.held = 1 AND n.name > ? AND n.name < ? ORDER BY n.name LIMIT ?`,
		&s.dirty:     registers + `WHERE n.dirty = ? AND n.dirty > 0 AND n.name > ? ORDER BY n.name LIMIT ?`,
		&s.dirtyLast: registers + `WHERE n.dirty = ? AND n.dirty > 0 AND n.name < ? ORDER BY n.name DESC LIMIT ?`,
		&s.flagged:   registers + `WHERE n.flags > 0 AND n.flags & ? AND n.held > 0 AND n.name > ? ORDER BY n.name LIMIT ?`,
		&s.since: withLists + `WHERE n.id IN (SELECT id FROM names WHERE sequence > ? ORDER BY sequence LIMIT ?)
			ORDER BY n.sequence, l.id`,
		&s.lists: `SELECT l.id, l.list, ` + registerColumns + ` FROM lists l JOIN names n ON n.id = l.id >> 16`,

		&s.devices: `SELECT id, device FROM devices WHERE id >= ? ORDER BY id`,
		&s.folder: `SELECT replica, index_id, sequence, files, directories, symlinks, tombstones, bytes,
			need_files, need_bytes, conflicts, receive_only_changed FROM folder`,
		&s.remote:  `SELECT index_id, sequence, records FROM devices WHERE device = ?`,
		&s.remotes: `SELECT device FROM devices WHERE index_id <> 0 OR sequence > 0 OR records > 0 ORDER BY device`,
		&s.untaken: `SELECT count(*) FROM names WHERE open > dirty`,
		&s.behind: `SELECT live_names + coalesce(d.behind_names, 0), live_bytes + coalesce(d.behind_bytes, 0)
			FROM folder LEFT JOIN devices d ON d.device = ?`,

		&s.setting: `SELECT value FROM settings WHERE key = ?`,
		&s.intents: `SELECT id, intent FROM intents ORDER BY id`,

		&s.record:       `SELECT kind, key, version, sequence, payload FROM records WHERE kind = ? AND key = ?`,
		&s.recordsOf:    `SELECT kind, key, version, sequence, payload FROM records WHERE kind = ? ORDER BY key`,
		&s.recordsSince: `SELECT kind, key, version, sequence, payload FROM records WHERE sequence > ? ORDER BY sequence LIMIT ?`,
	}
}

func (s *readStatements) prepare(ctx context.Context, db *sql.DB) error {
	return prepare(ctx, db, s.texts())
}

func (s *readStatements) close() error { return closeAll(s.texts()) }

// preparer is what *sql.DB and *sql.Conn have in common here.
type preparer interface {
	PrepareContext(ctx context.Context, query string) (*sql.Stmt, error)
}

func prepare(ctx context.Context, p preparer, texts map[**sql.Stmt]string) error {
	for stmt, text := range texts {
		var err error
		if *stmt, err = p.PrepareContext(ctx, text); err != nil { //nolint:sqlclosecheck // closeAll closes them
			return fmt.Errorf("preparing %q: %w", text, err)
		}
	}
	return nil
}

func closeAll(texts map[**sql.Stmt]string) error {
	var errs []error
	for stmt := range texts {
		if *stmt != nil {
			errs = append(errs, (*stmt).Close())
		}
	}
	return errors.Join(errs...)
}
