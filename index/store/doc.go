// Package store keeps the index of one folder in an SQLite database
// (modernc.org/sqlite, pure Go, through database/sql). It implements
// index.Store; the rules by which a name's state changes are those of
// index/internal/register, and this package reads, writes and finds registers.
//
// # What lies where
//
// A name is one row of names: what SQL has to find or order by stands in
// columns, the rest packed in one blob (register.go says how), because a
// column costs more time in database/sql than in a decoder, and because a peer
// that has the same version then costs two bytes. Lists of more than one block
// lie in a table of their own, so that nothing but their readers pays for
// them; the list of a one-block file follows from its entry. contents finds
// names by content, folder and devices hold sums that every write brings up to
// date, which makes Counts and Behind one small read whatever the folder's
// size. There is no index of blocks: FindBlocks reads all lists once, which is
// cheaper than keeping one (measured: an index halves the rate of insertion).
//
// A file with a path of 57 bytes takes 290 bytes in the database if it has one
// block, 490 if it has five that content cut. Each further block takes 35 then,
// and 32 if all have one size.
//
// # Durability
//
// The database is in WAL mode. A write that must survive a power loss commits
// with synchronous=FULL, another with NORMAL, which may be lost but never
// damages anything, and is durable once a later FULL commit is. What peers
// must never see taken back (begun intents, records, the identity, changes
// committed as durable) is FULL; what they can send again is NORMAL.
//
// # Goroutines
//
// A Store starts none. Writers take turns at one connection; a write that has
// begun is not interrupted by its context, since half of a batch is of no use.
// Readers have read-only connections of their own and see the last commit.
package store
