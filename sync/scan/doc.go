// Package scan compares the disk with the index and says what changed.
//
// A Scan walks its scopes in ascending byte order of the full name, which is
// the order in which the index lists what is held, and merges the two streams:
// a name on both sides is compared, one on the disk alone is new, one in the
// index alone is gone. Neither side is ever in memory as a whole.
//
// A file whose facts (size, times, inode) are those recorded is not opened,
// unless its modification time is so close to the moment of the record that a
// later write could bear the same time (git's racily-clean rule). Any other
// file is cut anew. Where the block list held is cut otherwise the file is read
// along that one too, so that equal bytes are recognised whoever cut them. Its
// facts are taken before and after: a file that changed meanwhile is Unsettled,
// or, if it only grew and what was read is still there, a prefix version.
//
// A new name that has the inode, size and modification time of one held takes
// over that one's blocks unread; it is a rename if the old name is gone. Where
// inodes mean nothing a rename is recognised by content. Of a changed file with
// several links, the other names known for the inode are scanned too.
//
// What cannot be read is never taken for deleted: an unreadable directory, a
// nested file system that is not mounted, a root that is gone, another one, or
// empty. The former are problems of one name, the latter end the scan.
//
// Scan is synchronous. Files are hashed in batches through the executors in
// Options, several at a time in production, while the batch before them is
// emitted and the index is read ahead; one after the other in the simulator.
// Findings come in the same order either way.
package scan
