// Package integration tests labsync as its users run it: real daemons as
// processes on loopback, driven through the command line and the API, on real
// file systems.
//
// TestMain builds cmd/labsync once, with the race detector if the tests have
// it. A Cluster is a number of daemons, each with a home and a folder of its
// own below t.TempDir. All listen on port 0 and are told each other's address
// after each start. Tests wait for conditions: a waiter looks again at every
// event of a daemon, and now and then for what has no event, until a deadline.
// Nothing sleeps but who plays a person or a program. A test that fails prints
// how the daemons are and the end of each one's log.
//
// What takes minutes has a small size that always runs, and a full one that
// LABSYNC_FULL=1 asks for; LABSYNC_SEED makes another storm of the storm.
//
// Each daemon has one goroutine here that reads its events and one that waits
// for the process; both end with the process, and no process outlives its
// test: the cleanup ends it, and on Linux the kernel does should the tests die.
//
// What a machine cannot do (user namespaces, mounting, tracing) is skipped with
// the reason.
package integration
