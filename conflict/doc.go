// Package conflict says what a set of heads means: which of them belong
// together after all, which one stands at the path, and what becomes of the
// others. It is pure, and its answers depend on the set alone: not on the order
// in which heads arrived, on who asks, or on any clock but those the authors
// wrote into their versions. So every device comes to the same answer.
//
// Join brings together heads that say the same. Resolve ranks what is left: one
// head wins, some may agree with it about the content, and what contradicts it
// is a conflict. Order ranks heads; the first is the winner:
//
//  1. what is not deleted before what is deleted (an edit beats a deletion),
//  2. a directory before a file before a symlink (its children need the name),
//  3. the higher counter of the author in the entry's own vector,
//  4. the higher author,
//  5. the higher hash.
//
// A losing head with content becomes a sibling: an ordinary file next to the
// winner, a pure function of the head, so that devices which make it
// independently make the same one.
package conflict
