// Package watch turns file events into settled batches of names to look at.
//
// Events are hints. They name a directory entry that may have changed; what
// really did is for sync/scan to find out. So events may be merged, come twice
// or for nothing, but none may be missed without saying so: where events cannot
// be had or were lost, a batch names the whole subtree instead.
//
//   - A new directory is watched first and then listed, and asked for as a
//     subtree: what was made in it before the watch stood sends no event.
//   - A directory that was moved keeps its watches under the old name in the
//     kernel's eyes, so they are dropped and set anew.
//   - If the kernel's queue overflowed, all watches are made anew and the whole
//     folder is asked for.
//   - If the kernel's limit is reached, what is not watched is asked for at an
//     interval, and the batch says which setting to raise.
//
// How long a name settles is decided by the coalescer, which is pure: a single
// save is delivered within 10 to 20 ms, a burst as one batch when it ebbs, a
// file that keeps changing at growing intervals up to a few seconds.
//
// Run owns two goroutines: its own, which reads events, keeps the watches and
// waits for time to pass, and one that calls emit, so that a slow receiver
// never keeps events unread. Names gather while it is busy.
package watch
