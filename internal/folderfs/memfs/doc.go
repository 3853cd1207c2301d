// Package memfs is a folder in memory that behaves like a file system in all
// that matters to a synchronizer, and in particular like one that loses power.
//
// # What is kept twice
//
// Each inode has two states: what programs see now, and what is on the platter.
// Sync of a file copies content and facts from the first to the second, not the
// name. Names change by records in one log: a create, a removal, a rename, an
// exchange is one record each, also where it touches two directories, so it
// survives a crash whole or not at all. Sync of a directory makes its records
// durable. FS.Crash then builds, from a seed, one of the file systems that
// could be found after a power cut:
//
//   - each page of unsynced content is the old one, the new one or zeros, each
//     size is the old one, the new one or the smallest in between;
//   - names are a prefix of each directory's records (Ordered, like the
//     journals of ext4 and xfs), or any subset that keeps the order of records
//     on the same name (Weak, all that POSIX promises).
//
// A sync that failed by a fault forgets: the pages count as clean, the next
// sync succeeds, and a crash brings the old ones back ("Can Applications
// Recover from fsync Failures?", Rebello et al., ATC 2020).
//
// # Who is who
//
// FS implements folderfs.Writer: that is the synchronizer's side, and the only
// one that Options.Hook sees and can make fail. FS.User is everybody else: it
// saves in place, by rename and through descriptors held open, removes trees,
// and sets times back. Options choose a personality (what the file system
// cannot do), a clock and a size.
//
// Nothing is random but what Crash draws from the generator given to it, no
// goroutine is started and no order depends on a map, so that the same calls
// give the same results. A mutex makes concurrent calls safe. The hook is
// called without it and may use the FS.
package memfs
