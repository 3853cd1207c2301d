package serve

import (
	"context"
	"sort"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/internal/folderfs"
)

// batch is one call of Serve. It belongs to one goroutine.
type batch struct {
	*Server
	ctx   context.Context
	want  []Range
	known map[string]*known // nil before the first answer
	files map[string]folderfs.OpenFile
	order []string // of files, the one opened first first

	found  found // the block verified last
	buf    *[]byte
	places map[index.Hash]index.BlockPlace // blocks found in other files; nil: not searched
}

// openFiles bounds the files of one batch.
const openFiles = 16

// known is what the index has of a name: the file held, and other heads, of
// which lists are made once they are needed.
type known struct {
	refused bool
	path    string // on disk, "" if nothing is held
	lists   []list
	heads   []index.Head // not in lists yet
}

// list is a block list and where each block begins.
type list struct {
	entry   index.Entry
	offsets []int64
	held    bool
}

func newList(e index.Entry, held bool) list {
	l := list{entry: e, offsets: make([]int64, len(e.Blocks)), held: held}
	var at int64
	for i, b := range e.Blocks {
		l.offsets[i] = at
		at += int64(b.Size)
	}
	return l
}

// find returns the block that the range is a part of.
func (l *list) find(r *Range) (b index.Block, start int64, ok bool) {
	i := sort.Search(len(l.offsets), func(i int) bool { return l.offsets[i] > r.Offset }) - 1
	if i < 0 {
		return b, 0, false
	}
	b, start = l.entry.Blocks[i], l.offsets[i]
	return b, start, b.Hash == r.Hash && r.Offset+int64(r.Size) <= start+int64(b.Size)
}

// answer returns the bytes of a range, valid until the next call.
func (b *batch) answer(r *Range) ([]byte, error) {
	if r.Size <= 0 || r.Size > MaxRange || r.Offset < 0 || r.Offset > 1<<62 || index.CheckName(r.Name) != nil {
		return nil, ErrNoBlock
	}
	k, err := b.look(r.Name)
	if err != nil {
		return nil, err
	}
	if k.refused {
		return nil, ErrNoBlock
	}
	for i := range k.lists {
		l := &k.lists[i]
		block, start, ok := l.find(r)
		if !ok || !l.held {
			continue
		}
		if p := b.read(k.path, start, block, r, start); p != nil {
			return p, nil
		}
		b.opt.OnMismatch(r.Name)
	}
	return b.elsewhere(k, r)
}

// look asks the index about a name, the first time about all that are wanted.
// The disk is not touched.
func (b *batch) look(name string) (*known, error) {
	if b.known == nil {
		b.known = make(map[string]*known, len(b.want))
		if err := b.ask(b.names()); err != nil {
			return nil, err
		}
	}
	if b.known[name] == nil { // where a block was found elsewhere
		if err := b.ask([]string{name}); err != nil {
			return nil, err
		}
	}
	return b.known[name], nil
}

// names lists the names wanted that may be in an index, each once.
func (b *batch) names() (names []string) {
	seen := make(map[string]struct{}, len(b.want))
	for i := range b.want {
		name := b.want[i].Name
		if _, ok := seen[name]; !ok && index.CheckName(name) == nil {
			seen[name] = struct{}{}
			names = append(names, name)
		}
	}
	return names
}

func (b *batch) ask(names []string) error {
	states, err := b.idx.States(b.ctx, names, true)
	if err != nil {
		return err
	}
	for i, name := range names {
		b.known[name] = newKnown(&states[i])
	}
	return nil
}

func newKnown(s *index.State) *known {
	const notAnnounced = index.Ignored | index.Unsupported | index.ReceiveOnlyChanged
	held := s.Local
	switch {
	case held == nil && len(s.Heads) == 0, held != nil && held.Flags&notAnnounced != 0:
		return &known{refused: true}
	case held == nil || held.Entry.Deleted || held.Entry.Type != index.File:
		return &known{heads: s.Heads}
	}
	k := &known{path: s.Name, heads: s.Heads, lists: []list{newList(held.Entry, true)}}
	if held.Disk.Name != "" {
		k.path = held.Disk.Name
	}
	return k
}

// addVersions adds the lists of the name's other heads.
func (k *known) addVersions() {
	for i := range k.heads {
		if e := &k.heads[i].Entry; !e.Deleted && e.Type == index.File {
			k.lists = append(k.lists, newList(*e, false))
		}
	}
	k.heads = nil
}

func (b *batch) open(path string) folderfs.OpenFile {
	if f := b.files[path]; f != nil {
		return f
	}
	f, err := b.fs.Open(path)
	if err != nil {
		b.opt.Log.Debug("cannot open", "path", path, "err", err)
		return nil
	}
	if len(b.order) == openFiles {
		_ = b.files[b.order[0]].Close() // it was only read
		delete(b.files, b.order[0])
		b.order = b.order[1:]
	}
	b.files[path], b.order = f, append(b.order, path)
	return f
}

func (b *batch) close() {
	for _, path := range b.order {
		_ = b.files[path].Close() // it was only read
	}
	if b.buf != nil {
		b.bufs.Put(b.buf)
	}
}
