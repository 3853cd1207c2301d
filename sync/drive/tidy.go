package drive

import (
	"context"
	"errors"
	"time"

	"github.com/labsync/labsync/index"
)

// tidyAfter is how long nothing must have been written before the index's log
// is emptied: long enough not to interrupt work, and done once.
const tidyAfter = 5 * time.Second

// checkpointer is a store that keeps a log which grows until it is emptied.
type checkpointer interface{ Checkpoint(context.Context) error }

// checkpoint empties the index's log. It is a job of the store lane. Failing
// costs disk space only, unless it shows that the index is damaged.
func (f *Folder) checkpoint(ctx context.Context) error {
	c, ok := f.opt.Index.(checkpointer)
	if !ok {
		return nil
	}
	err := c.Checkpoint(ctx)
	if err != nil && !errors.Is(err, index.ErrCorrupt) && ctx.Err() == nil {
		f.opt.Log.Warn("the index's log was not emptied", "folder", f.opt.Root, "err", err)
		return nil
	}
	return err
}
