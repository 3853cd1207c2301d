package drive

import (
	"context"
	"fmt"
)

// scannedKey is a setting that an index has since its first scan of all ended.
const scannedKey = "drive.scanned"

// isFresh reports whether no scan of all has ended on this index yet.
func (f *Folder) isFresh(ctx context.Context) (bool, error) {
	known, err := f.opt.Index.Setting(ctx, scannedKey)
	if err != nil {
		return false, fmt.Errorf("read whether the folder was scanned before: %w", err)
	}
	return known == nil, nil
}

// ripen notes that one has. It is a job of the store lane.
func (f *Folder) ripen(ctx context.Context) error {
	if fresh, err := f.isFresh(ctx); err != nil || !fresh {
		return err
	}
	if err := f.opt.Index.SetSetting(ctx, scannedKey, []byte("1")); err != nil {
		return fmt.Errorf("note that the folder was scanned: %w", err)
	}
	return nil
}
