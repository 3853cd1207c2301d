package serve

import (
	"crypto/sha256"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/internal/folderfs"
)

// found is where a block was seen whole. The zero value is no block.
type found struct {
	block index.Block
	path  string
	at    int64         // offset of the block in the file
	held  bool          // the buffer holds all of it
	info  folderfs.Info // of the file before the block was read; without held
}

// verify looks whether a block is in a file, and keeps it in the buffer if it
// is no larger than a range. Of a larger one only the place is kept: many
// batches at once would hold sixteen times as much.
func (b *batch) verify(path string, at int64, block index.Block) bool {
	if b.found.path != "" && b.found.block == block {
		return true
	}
	b.found = found{}
	if block.Size <= 0 || block.Size > maxBlock {
		return false
	}
	f := b.open(path)
	if f == nil {
		return false
	}
	info, err := f.Stat()
	if err != nil {
		return false
	}
	hash := sha256.New()
	for done := int64(0); done < int64(block.Size); {
		p := b.buffer(min(int64(block.Size)-done, MaxRange))
		if n, err := f.ReadAt(p, at+done); n < len(p) && err != nil {
			return false
		}
		hash.Write(p)
		done += int64(len(p))
	}
	if index.Hash(hash.Sum(nil)) != block.Hash {
		return false
	}
	b.found = found{block: block, path: path, at: at, held: block.Size <= MaxRange, info: info}
	return true
}

// read returns a range out of the block that lies at that place of a file; start
// is where the block begins in the file asked for. It returns nil if it does not
// lie there, or the file is being written.
func (b *batch) read(path string, at int64, block index.Block, r *Range, start int64) []byte {
	for range 2 { // what was verified before, perhaps elsewhere, may have changed since
		if !b.verify(path, at, block) {
			return nil
		}
		if p := b.part(r, start); p != nil {
			return p
		}
	}
	return nil
}

// part cuts the range out of the block verified last, which begins at start in
// the file that was asked for. Of a large block it is read once more, and nil if
// the file was changed since: the other device would take us for a liar.
func (b *batch) part(r *Range, start int64) []byte {
	if b.found.held {
		return (*b.buf)[r.Offset-start:][:r.Size]
	}
	was := b.found
	b.found = found{}
	f := b.open(was.path)
	if f == nil {
		return nil
	}
	p := b.buffer(int64(r.Size))
	if n, err := f.ReadAt(p, was.at+r.Offset-start); n < len(p) && err != nil {
		return nil
	}
	if info, err := f.Stat(); err != nil || !isUntouched(info, was.info) {
		return nil
	}
	b.found = was
	return p
}

func isUntouched(now, before folderfs.Info) bool {
	return now.Inode == before.Inode && now.Size == before.Size && now.Mtime == before.Mtime && now.Ctime == before.Ctime
}

// buffer returns n bytes, MaxRange at most, valid until the next call.
func (b *batch) buffer(n int64) []byte {
	if b.buf == nil {
		if p, ok := b.bufs.Get().(*[]byte); ok {
			b.buf = p
		} else {
			b.buf = new([]byte)
		}
	}
	if int64(cap(*b.buf)) < n {
		*b.buf = make([]byte, n)
	}
	*b.buf = (*b.buf)[:n]
	return *b.buf
}
