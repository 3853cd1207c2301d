package pull

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/internal/device"
	"github.com/labsync/labsync/internal/folderfs"
	"github.com/labsync/labsync/sync/plan"
)

// smallFile is the size up to which a file is gathered in memory and written
// at once. Larger ones grow in a partial file that outlives a crash.
const smallFile = 1 << 20

// job is one content being assembled. It belongs to one goroutine at a time:
// while devices are asked, to whoever holds the swarm's lock.
type job struct {
	out  *plan.Outcome
	want index.Entry   // with blocks
	base index.Version // held at the name when this was decided
	held *index.Held   // at the name when the fetch began
	path string        // what stands at the name now, on disk; "" for nothing

	direct bool // small, to be created, and wanted once: see finish

	data  []byte           // of a small file
	file  folderfs.NewFile // of a large one
	fresh bool             // no byte but zeros was written to file yet that is not verified
	needs []need           // distinct blocks still missing

	flying int // needs taken out while a device is asked for them

	peers []Peer
	lacks map[device.ID]bool // those that turned out not to have it
	here  bool               // the content stands at the name by now
}

// need is a block and where it belongs.
type need struct {
	block index.Block
	at    []int64
	avoid device.ID // sent it wrong; another one is asked if there is one
}

func (j *job) small() bool  { return j.want.Size <= smallFile }
func (j *job) whole() bool  { return len(j.needs) == 0 && j.flying == 0 }
func (j *job) ended() bool  { return j.out.Status != plan.Done }
func (j *job) name() string { return j.want.Name }

// fail ends a job; what is on disk stays for the next try.
func (j *job) fail(o plan.Outcome) {
	o.Received, o.Reused = j.out.Received, j.out.Reused
	*j.out = o
	j.needs = nil
	if j.flying == 0 {
		j.close()
	}
}

func (j *job) close() {
	if j.file != nil {
		_ = j.file.Close() // read or synced before, or to be verified again
		j.file = nil
	}
	j.data = nil
}

// checkBlocks refuses a list that does not make up the file: its blocks would
// be written where they do not belong.
func checkBlocks(e *index.Entry) error {
	const largest = 16 << 20 // no policy cuts larger blocks
	var sum int64
	for _, b := range e.Blocks {
		if b.Size < 0 || b.Size > largest || b.Size == 0 && e.Size != 0 {
			return fmt.Errorf("block list of %q has a block of %d bytes", e.Name, b.Size)
		}
		sum += int64(b.Size)
	}
	if sum != e.Size || len(e.Blocks) == 0 || index.HashBlocks(e.Blocks) != e.Hash {
		return fmt.Errorf("block list of %q does not make up its %d bytes", e.Name, e.Size)
	}
	return nil
}

// list sets needs to all blocks of the file, each distinct one once.
func (j *job) list() {
	seen := make(map[index.Hash]int, len(j.want.Blocks))
	var at int64
	for _, b := range j.want.Blocks {
		i, ok := seen[b.Hash]
		if !ok {
			i = len(j.needs)
			seen[b.Hash] = i
			j.needs = append(j.needs, need{block: b})
		}
		j.needs[i].at = append(j.needs[i].at, at)
		at += int64(b.Size)
	}
}

// missing is the number of bytes that are not here yet.
func (j *job) missing() (n int64) {
	for i := range j.needs {
		n += int64(j.needs[i].block.Size)
	}
	return n
}

// put writes a verified block to all its places.
func (j *job) put(n *need, p []byte) error {
	for _, at := range n.at {
		if j.small() {
			copy(j.data[at:], p)
			continue
		}
		if err := j.write(p, at); err != nil {
			return err
		}
	}
	return nil
}

// isBlock reports whether p is the block.
func isBlock(p []byte, b *index.Block) bool {
	return len(p) == int(b.Size) && sha256.Sum256(p) == b.Hash
}

// begin opens the partial file of a large job and strikes off what an earlier
// run has left in it, block by block: only what its hash proves counts.
func (p *Puller) begin(ctx context.Context, j *job) error {
	if j.small() {
		p.setReady(tempOf(&j.want, folderfs.Partial), false)
		j.data = make([]byte, j.want.Size)
		return nil
	}
	name := tempOf(&j.want, folderfs.Partial)
	f, err := p.fs.OpenTemp(name)
	p.noteWork("", name) // it is no source of its own blocks
	if err == nil {
		j.file = f
		return p.resume(ctx, j)
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if j.file, err = p.fs.Create(name); err != nil {
		return err
	}
	j.fresh = true
	if err := j.file.Truncate(j.want.Size); err != nil {
		return err
	}
	j.dropZeros()
	return nil
}

func (p *Puller) resume(ctx context.Context, j *job) error {
	if err := j.file.Truncate(j.want.Size); err != nil {
		return err
	}
	reused, err := j.verify(ctx)
	p.reused(j, reused)
	return err
}

// verify strikes off the needs that the open file fulfils already, and returns
// their bytes.
func (j *job) verify(ctx context.Context) (int64, error) {
	zeros := zeroHashes{}
	var buf []byte
	var found int64
	rest := j.needs[:0]
	for i := range j.needs {
		n := &j.needs[i]
		var at []int64
		for _, off := range n.at {
			if err := ctx.Err(); err != nil {
				return found, err
			}
			buf = grow(buf, int(n.block.Size))
			if _, err := j.file.ReadAt(buf, off); err != nil {
				return found, err
			}
			var same bool
			if allZero(buf) { // mostly a hole: no need to hash each of a size anew
				same = n.block.Hash == zeros.of(int(n.block.Size))
			} else {
				same = isBlock(buf, &n.block)
			}
			if same {
				found += int64(n.block.Size)
			} else {
				at = append(at, off)
			}
		}
		if len(at) > 0 {
			rest = append(rest, need{block: n.block, at: at})
		}
	}
	j.needs = rest
	return found, nil
}

func grow(buf []byte, n int) []byte {
	if cap(buf) < n {
		return make([]byte, n)
	}
	return buf[:n]
}

func (p *Puller) reused(j *job, n int64) {
	if n > 0 {
		j.out.Reused += n
		p.opt.OnEvent(Event{Kind: Progress, Name: j.name(), Reused: n})
	}
}

// finish makes a whole content a complete work file: attributes, durable, and
// only then under the name that says so. A small one that is to be created goes
// to its name from where it was written, and until then this process remembers
// that it is durable: after a crash it is fetched anew. Renaming thousands of
// files twice in one directory costs more than writing them.
func (p *Puller) finish(j *job) error {
	part, complete := tempOf(&j.want, folderfs.Partial), tempOf(&j.want, folderfs.Complete)
	if j.small() {
		if err := p.writeSmall(j, part); err != nil {
			return err
		}
	}
	if err := p.dress(j, part); err != nil {
		return err
	}
	if err := p.opt.Fault("pull.temp.sync"); err != nil {
		return err
	}
	if err := j.file.Sync(); err != nil {
		// After a failed sync the pages count as clean though they are not on
		// disk: this file can never be trusted again.
		j.close()
		return errors.Join(err, p.fs.Remove(part))
	}
	made, err := j.file.Stat()
	if err = errors.Join(err, j.file.Close()); err != nil {
		return err
	}
	j.file = nil
	if j.direct {
		p.noteTemp(part, j.name(), made)
		p.setReady(part, true)
		return nil
	}
	if err := p.fs.RenameNoReplace(part, complete); err != nil {
		if errors.Is(err, fs.ErrExist) {
			p.relistWorks() // the next try finds it
		}
		return err
	}
	p.noteTemp(complete, j.name(), made)
	p.noteComplete(j, complete)
	return nil
}

func (p *Puller) writeSmall(j *job, part string) error {
	f, err := p.fs.Create(part)
	if errors.Is(err, fs.ErrExist) { // left by a crash; as a small file it is written anew
		if err = p.fs.Remove(part); err == nil {
			f, err = p.fs.Create(part)
		}
	}
	if err != nil {
		return err
	}
	j.file = f
	if len(j.data) > 0 {
		if _, err := f.WriteAt(j.data, 0); err != nil {
			return err
		}
	}
	j.data = nil
	return nil
}

// dress gives the open file the attributes it is placed with. Owner and ACL
// come first: an ACL changes the permission bits, and those are to be right.
func (p *Puller) dress(j *job, name string) error {
	if j.path != "" {
		if err := p.fs.Inherit(j.path, name); err != nil && !isGone(err) {
			p.opt.Log.Debug("attributes not copied", "name", j.name(), "err", err)
		}
	}
	if p.fs.Capabilities().Modes {
		if err := j.file.Chmod(j.want.Mode & 0o777); err != nil {
			return err
		}
	}
	return j.file.Chtimes(j.want.Mtime)
}
