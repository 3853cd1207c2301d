package serve

import (
	"context"
	"errors"
	"log/slog"
	"sync"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/internal/folderfs"
)

// Range is a part of a block that a device asks for.
type Range struct {
	Name   string     // of the file, as the one who asks knows it
	Hash   index.Hash // of the whole block
	Offset int64      // of the range in the file
	Size   int32
}

// MaxRange is the largest range that is answered, in bytes.
const MaxRange = 1 << 20

// maxBlock is the largest block of any policy.
const maxBlock = 16 << 20

// ErrNoBlock answers a range whose block is not here, or is not anybody's to
// ask for.
var ErrNoBlock = errors.New("no such block")

// Options of New. The zero value works.
type Options struct {
	// OnMismatch is told names whose file is not what the index says: they are
	// due for a scan. It is called from Serve and must not block.
	OnMismatch func(name string)
	Log        *slog.Logger
}

// Server answers requests for the blocks of one folder. Serve may be called
// from several goroutines.
type Server struct {
	fs    folderfs.Reader
	idx   index.Reader
	opt   Options
	bufs  sync.Pool // of *[]byte
	works works
}

// New returns a Server. It starts nothing.
func New(fs folderfs.Reader, idx index.Reader, opt Options) *Server {
	if opt.OnMismatch == nil {
		opt.OnMismatch = func(string) {}
	}
	if opt.Log == nil {
		opt.Log = slog.New(slog.DiscardHandler)
	}
	return &Server{fs: fs, idx: idx, opt: opt}
}

// Serve answers each range by one call of reply with its index, in the order
// of want, from this goroutine; err is nil or ErrNoBlock. data belongs to the
// server again when reply returns. Serve returns an error that reply returns,
// or the end of the context.
func (s *Server) Serve(ctx context.Context, want []Range, reply func(i int, data []byte, err error) error) error {
	b := &batch{Server: s, ctx: ctx, files: map[string]folderfs.OpenFile{}, want: want}
	defer b.close()
	for i := range want {
		if err := ctx.Err(); err != nil {
			return err
		}
		data, err := b.answer(&want[i])
		if err != nil && !errors.Is(err, ErrNoBlock) {
			s.opt.Log.Warn("block not served", "name", want[i].Name, "err", err)
			err = ErrNoBlock
		}
		if err := reply(i, data, err); err != nil {
			return err
		}
	}
	return nil
}
