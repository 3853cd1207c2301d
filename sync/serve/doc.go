// Package serve answers other devices' requests for blocks.
//
// A request names a file, a block by its hash and a range in it. The index
// decides alone whether it is answered at all: a name it does not know, that is
// ignored or was never announced, costs no access to the disk and tells nothing
// of what lies there. For the rest the block is read whole and its hash checked
// before anything is sent, so that a file that changed since it was scanned
// neither wastes the other side's time nor leaks what nobody announced. In
// order, a block is looked for
//
//  1. in the file itself, where the index says that it lies;
//  2. in other files held here that have it;
//  3. in the work directory: assembled files that are not placed yet, and
//     displaced files, both named by the content they hold.
//
// So a version is available for as long as its bytes are anywhere on the disk.
//
// A Server keeps no goroutine and no open file beyond a call of Serve. One call
// needs memory for one range (1 MiB) and keeps a few files open: a larger block is
// verified piece by piece and what was asked for is read once more. How many
// calls run at once is for the caller to bound.
package serve
