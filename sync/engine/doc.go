// Package engine is the state machine of one folder: Step takes an event and
// returns the effects that follow from it. It starts no goroutine, reads no
// clock, draws no random number and does no I/O but reading the index. Time comes
// with each event. One order of events, and of what is written between them, gives
// one order of effects, to the byte: that is what lets the simulator, where the
// index stands still during a Step, replay a failure from its seed.
//
// sync/drive runs the effects with goroutines, the simulator runs them one
// after another in an order of its choosing. Both feed the ends back as events.
//
// What the engine holds is queue and phase only:
//
//   - scanning: which parts of the folder to compare with the index (scan.go,
//     gone.go), and what to record of what was found (found.go);
//   - peers: how much of our index each connected device has been sent (peers.go);
//   - planning: how far the pass over the names that wait has come (planning.go);
//   - work: which names are being fetched or placed, and which failed (work.go).
//
// The queue of names that wait is the index itself (index.Dirty): a plan for
// the whole tree is never in memory.
//
// # Rules
//
// A scan result is recorded only against the version it was compared with, and
// only if the scan began after the last step on its name had ended (doubt.go):
// the echo of our own placement never becomes a local edit, what a scan saw in
// the midst of one never becomes anything, and an edit made during a pull is
// never overwritten by a plan that did not know of it.
//
// Nothing is begun for a name while a commit that may change it is under way.
//
// Announcements of other devices are recorded between any two reads: what was
// decided on a head that is superseded by then is decided again (blocks.go).
//
// A head is not replaced between the create of what it says and the record of
// that, which a crash may come before (replaced.go).
//
// What belongs together is announced in an order that others can follow as it
// comes: both names of a rename side by side, a directory that is gone after all
// that was in it.
//
// Nothing is placed before the first scan has ended. Deletions wait until
// creations and moves are done, directories until what is in them is.
//
// A directory that is to go, or to give way to a file, and holds something its
// deleter did not know of stays: everybody learns so, and the file becomes its
// sibling.
//
// A name that comes to nothing is never tried again in a tight loop: what was
// decided on old facts is decided again once, then after a moment that doubles.
// A head that no device has at its path and that nobody can send does not count
// until somebody announces its name: a sibling that was derived here, or what a
// loss of power took from its author.
//
// What a placement has left in doubt is not scanned before it is settled.
package engine
