// Package chunk cuts a file's bytes into blocks and hashes them.
//
// Two policies exist. Content cuts where the bytes say so, with FastCDC (Xia et
// al., USENIX ATC 2016): insert a byte at the front of a file and all blocks
// but one stay. Fixed cuts every so many bytes, in the sizes of the Block
// Exchange Protocol. In both the blocks of a bigger file are bigger, so that
// its list stays short: the size class, which a file keeps while it grows and
// shrinks moderately, since all its blocks change with it.
//
// Blocks belong to the version whose author cut them, and nobody cuts the same
// version twice, so devices agree on content even if they cut differently.
// What stays the same from one release to the next decides how much is found
// again after an edit: gear table, masks and sizes are frozen by the vectors in
// testdata, and part of docs/protocol.md.
//
// The gear table is derived: entry i is the first eight bytes, big-endian, of
// SHA-256("labsync gear" followed by the byte i). A block ends at the first
// position, not before the minimum, at which the rolling sum of the bytes since
// the minimum has its upper 18 bits zero (14 once past the normal size), or at
// the maximum. The loop is ours, not a library's, because its result is a
// format: of the two variants of the library measured, one keeps the masks of
// 8 KiB blocks whatever the size asked for, which ruins the larger classes.
//
// Each step of a rolling sum waits for the step before, so two sums run over two
// stretches side by side. After 64 zeros the sum stays what it is: longer runs
// are compared, not rolled, blocks of nothing but zeros are hashed once for each
// size, and holes that the reader knows of (Sparse) are not even read.
//
// One file is cut and hashed in the caller's goroutine. If the caller provides
// a way to start others, and the file is large, it only cuts, and the others
// hash. Memory is 256 KiB for each of them, whatever the blocks' size.
package chunk
