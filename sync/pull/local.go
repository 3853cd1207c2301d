package pull

import (
	"context"
	"errors"
	"io"
	"slices"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/internal/folderfs"
)

// Bytes that are on this disk already are never fetched: the same content
// under another name or in the work directory, the blocks of the file's old
// version, those of what was displaced lately or never placed, and at last
// single blocks of any file. None is believed: what was copied is verified like
// what comes from a device.

// complete looks for a complete work file of an earlier run and, if it holds
// what it says, gives it the attributes wanted now.
func (p *Puller) complete(ctx context.Context, j *job) (bool, error) {
	name := tempOf(&j.want, folderfs.Complete)
	works, err := p.worksOf(j.want.Hash)
	if err != nil || !slices.Contains(works, name) {
		return false, err
	}
	info, err := p.fs.Lstat(name)
	if isGone(err) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	ok, err := p.holds(ctx, name, info, &j.want)
	if err != nil {
		return false, err
	}
	if !ok {
		// Not what its name says, so nothing this program put there to stay.
		_, err := p.rescue(name)
		return false, err
	}
	if err := p.fs.Chmod(name, info.Mode|0o600); err != nil {
		return false, err
	}
	if j.file, err = p.fs.OpenTemp(name); err != nil {
		return false, err
	}
	defer j.close()
	if err := p.dress(j, name); err != nil {
		return false, err
	}
	if err := j.file.Sync(); err != nil {
		return false, err
	}
	if info, err = j.file.Stat(); err != nil {
		return false, err
	}
	p.noteTemp(name, j.name(), info)
	p.noteComplete(j, name)
	p.reused(j, j.want.Size)
	return true, nil
}

// reuseWhole tries files with the same content: in the work directory, then
// held under any name.
func (p *Puller) reuseWhole(ctx context.Context, j *job) error {
	works, err := p.worksOf(j.want.Hash)
	if err != nil {
		return err
	}
	held, err := p.idx.Holding(ctx, j.want.Hash, 4)
	if err != nil {
		return err
	}
	for i := range held {
		works = append(works, pathOf(&held[i]))
	}
	for _, name := range works {
		if j.whole() {
			return nil
		}
		if err := p.copyAll(ctx, j, name); err != nil {
			return err
		}
	}
	return nil
}

// pathOf is where a held name lies on disk.
func pathOf(h *index.Held) string {
	if h.Disk.Name != "" {
		return h.Disk.Name
	}
	return h.Entry.Name
}

// copyAll copies a file that should be the whole content and keeps what is.
// Trouble with the source is no trouble of the job.
func (p *Puller) copyAll(ctx context.Context, j *job, name string) error {
	src, err := p.fs.Open(name)
	if err != nil {
		return nil //nolint:nilerr // it was only a chance
	}
	defer src.Close()
	info, err := src.Stat()
	if err != nil || info.Size != j.want.Size {
		return nil //nolint:nilerr // it was only a chance
	}
	if !j.small() && j.fresh && j.missing() == j.want.Size {
		if _, err := j.file.CopyFrom(src, 0, 0, j.want.Size); err != nil {
			if errors.Is(err, folderfs.ErrNoSpace) {
				return err
			}
			p.opt.Log.Debug("copy failed", "from", name, "err", err)
		}
		j.fresh = false
		n, err := j.verify(ctx)
		p.reused(j, n)
		return err
	}
	return p.copyBlocks(ctx, j, src, func(n *need) (int64, bool) { return n.at[0], true })
}

// copyBlocks takes those needed blocks from a file that where finds in it.
func (p *Puller) copyBlocks(ctx context.Context, j *job, src folderfs.OpenFile, where func(*need) (int64, bool)) error {
	var buf []byte
	var found int64
	defer func() { p.reused(j, found) }()
	rest := make([]need, 0, len(j.needs))
	for i := range j.needs {
		n := &j.needs[i]
		at, ok := where(n)
		if ok {
			if err := ctx.Err(); err != nil {
				return err
			}
			buf = grow(buf, int(n.block.Size))
			if _, err := src.ReadAt(buf, at); err != nil && !errors.Is(err, io.EOF) {
				ok = false
			}
		}
		if !ok || !isBlock(buf, &n.block) {
			rest = append(rest, *n)
			continue
		}
		if err := p.share(j, n, src, at, buf); err != nil {
			return err
		}
		found += int64(n.block.Size) * int64(len(n.at))
	}
	j.needs = rest
	return nil
}

// share puts a verified block in place. Where both ends are aligned the disk
// may share it; the copy is then read again, since the source may have changed.
func (p *Puller) share(j *job, n *need, src folderfs.OpenFile, from int64, block []byte) error {
	const cluster = 4096
	size := int64(n.block.Size)
	if j.small() || !p.fs.Capabilities().Reflink || from%cluster != 0 || size%cluster != 0 {
		return j.put(n, block)
	}
	for _, at := range n.at {
		if at%cluster != 0 {
			return j.put(n, block)
		}
	}
	again := make([]byte, size)
	for _, at := range n.at {
		if _, err := j.file.CopyFrom(src, from, at, size); err != nil {
			return j.put(n, block)
		}
		if _, err := j.file.ReadAt(again, at); err != nil || !isBlock(again, &n.block) {
			return j.put(n, block)
		}
	}
	return nil
}

// reuseOld takes blocks from what stands at the name now, wherever they are in it.
func (p *Puller) reuseOld(ctx context.Context, j *job, held *index.Held) error {
	if held == nil || held.Entry.Type != index.File || len(held.Entry.Blocks) == 0 || len(j.want.Blocks) == 1 && held.Entry.Hash != j.want.Hash {
		return nil
	}
	offsets := make(map[index.Hash]int64, len(held.Entry.Blocks))
	var at int64
	for _, b := range held.Entry.Blocks {
		offsets[b.Hash] = at
		at += int64(b.Size)
	}
	src, err := p.fs.Open(pathOf(held))
	if err != nil {
		return nil //nolint:nilerr // it was only a chance
	}
	defer src.Close()
	return p.copyBlocks(ctx, j, src, func(n *need) (int64, bool) {
		at, ok := offsets[n.block.Hash]
		return at, ok
	})
}

// searchFrom is how much has to be missing before the whole index is searched
// for blocks: the search costs about what this much costs to send.
const searchFrom = 1 << 20

// reuseBlocks looks for what is still missing in all files held here, for all
// jobs at once.
func (p *Puller) reuseBlocks(ctx context.Context, jobs []*job) error {
	wanted := map[index.Hash]struct{}{}
	for _, j := range jobs {
		if len(j.want.Blocks) < 2 || j.missing() < searchFrom {
			continue
		}
		for i := range j.needs {
			wanted[j.needs[i].block.Hash] = struct{}{}
		}
	}
	if len(wanted) == 0 {
		return nil
	}
	places := map[string]map[index.Hash]int64{}
	err := p.idx.FindBlocks(ctx, wanted, func(h index.Hash, at index.BlockPlace) {
		if places[at.Name] == nil {
			places[at.Name] = map[index.Hash]int64{}
		}
		places[at.Name][h] = at.Offset
	})
	if err != nil {
		return err
	}
	for _, name := range sortedKeys(places) {
		if err := p.reuseFile(ctx, jobs, name, places[name]); err != nil {
			return err
		}
	}
	return nil
}

func (p *Puller) reuseFile(ctx context.Context, jobs []*job, name string, offsets map[index.Hash]int64) error {
	held, err := p.idx.Local(ctx, name)
	if err != nil || held == nil {
		return err
	}
	return p.reuseFrom(ctx, jobs, pathOf(held), offsets)
}

// reuseFrom takes what the jobs miss from a file in which it should lie at
// these offsets. Trouble with the source is no trouble of the jobs.
func (p *Puller) reuseFrom(ctx context.Context, jobs []*job, path string, offsets map[index.Hash]int64) error {
	src, err := p.fs.Open(path)
	if err != nil {
		return nil //nolint:nilerr // it was only a chance
	}
	defer src.Close()
	for _, j := range jobs {
		if j.ended() || j.whole() {
			continue
		}
		err := p.copyBlocks(ctx, j, src, func(n *need) (int64, bool) {
			at, ok := offsets[n.block.Hash]
			return at, ok
		})
		if err != nil {
			j.fail(failed(j.name(), err))
		}
	}
	return ctx.Err()
}
