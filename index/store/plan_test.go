package store

import (
	"database/sql"
	"path/filepath"
	"strings"
	"testing"
)

// TestQueriesUseTheirIndexes asks SQLite how it would run the reader's
// statements: none may read a whole table, but that which looks for blocks,
// and none but the paging of lists may sort.
func TestQueriesUseTheirIndexes(t *testing.T) {
	s, err := Open(t.Context(), filepath.Join(t.TempDir(), "index.db"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	r := &s.read
	want := map[**sql.Stmt]string{
		&r.name:  "SEARCH n USING INDEX sqlite_autoindex_names_1 (name=?)",
		&r.named: "SEARCH n USING INDEX sqlite_autoindex_names_1 (name=?)|SEARCH l USING INTEGER PRIMARY KEY (rowid>? AND rowid<?) LEFT-JOIN",
		&r.many:  "SEARCH n USING INDEX sqlite_autoindex_names_1 (name=?)|LIST SUBQUERY 1|SCAN json_each VIRTUAL TABLE INDEX 1:",
		&r.inode: "SEARCH n USING INDEX names_inode (inode=?)|USE TEMP B-TREE FOR ORDER BY",
		&r.content: "COMPOUND QUERY|LEFT-MOST SUBQUERY|SEARCH contents_new USING PRIMARY KEY (hash=?)|SEARCH n USING INTEGER PRIMARY KEY (rowid=?)|" +
			"UNION ALL|SEARCH contents USING PRIMARY KEY (hash=?)|SEARCH n USING INTEGER PRIMARY KEY (rowid=?)",
		&r.locals:       "SEARCH n USING INDEX sqlite_autoindex_names_1 (name>? AND name<?)",
		&r.dirty:        "SEARCH n USING INDEX names_dirty (dirty=? AND name>?)",
		&r.dirtyLast:    "SEARCH n USING INDEX names_dirty (dirty=? AND name<?)",
		&r.flagged:      "SEARCH n USING INDEX names_flags (name>?)",
		&r.untaken:      "SCAN names USING INDEX names_open",
		&r.recordsSince: "SEARCH records USING INDEX sqlite_autoindex_records_1 (sequence>?)",
	}
	texts := r.texts()
	for stmt, want := range want {
		if got := plan(t, s.writer, texts[stmt]); got != want {
			t.Errorf("%s\nis run as %s\nwant      %s", texts[stmt], got, want)
		}
	}
	if got := plan(t, s.writer, texts[&r.since]); !strings.Contains(got, "SEARCH names USING COVERING INDEX names_sequence (sequence>?)") {
		t.Errorf("announcements are read as %s", got)
	}
}

func plan(t *testing.T, c *sql.Conn, query string) string {
	t.Helper()
	args := make([]any, strings.Count(query, "?"))
	rows, err := c.QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+query, args...)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var steps []string
	for rows.Next() {
		var id, parent, unused int
		var detail string
		if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
			t.Fatal(err)
		}
		steps = append(steps, detail)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return strings.Join(steps, "|")
}
