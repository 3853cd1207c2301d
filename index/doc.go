// Package index holds the facts labsync knows about a folder: what each name
// is (Entry), how it came about (Version), which devices have it (Head), and
// what the disk says here (Disk). It only holds and compares facts; deciding
// what to do with them is the business of conflict, versioning and sync/plan.
//
// The state of a name is the set of its maximal versions, its heads. Usually
// there is one. Two or more mean that people changed the name without knowing
// of each other. Which head stands at the path is computed from the set, never
// stored by joining vectors: joined vectors forget the head that lost, and
// devices that forget different heads never agree again.
//
// Each device announces, per name, an ordered list of heads: first the one it
// has at the path, then the others it knows to be open. Update is that list
// with the sequence number it was recorded under. What this device announces
// is called "ours".
//
// Store is what keeps all of it. index/store (SQLite) and index/memstore (in
// memory, for tests and the simulator) implement it by the same rules,
// index/internal/register, and pass one conformance suite, index/storetest.
package index
