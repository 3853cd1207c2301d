package pull

import (
	"fmt"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/internal/folderfs"
)

// checkName refuses what no action may name, whoever decided it: what cannot be
// walked from the root, and anything in the work directory. The session
// rejects such names too; this is the last door.
func checkName(name string) error {
	if err := index.CheckName(name); err != nil {
		return fmt.Errorf("%q: %w: %w", name, folderfs.ErrName, err)
	}
	if err := folderfs.CheckChange(name); err != nil {
		return fmt.Errorf("%q: %w", name, err)
	}
	return nil
}
