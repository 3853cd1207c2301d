//go:build unix

package pull

import (
	"slices"
	"syscall"
	"testing"

	"github.com/labsync/labsync/internal/folderfs"
	"github.com/labsync/labsync/sync/plan"
)

func TestZerosStayHoles(t *testing.T) {
	w := newDiskWorld(t, folderfs.Options{})
	content := slices.Concat(bytesOf(mebi, 1), make([]byte, 64*mebi), bytesOf(mebi, 2))
	w.announce(w.fileOf("a", content))
	w.want(w.sync(), plan.Done)
	if w.read("a") != string(content) {
		t.Error("content differs")
	}
	if n := w.asked(); n > 8*mebi {
		t.Errorf("%d bytes were asked for", n)
	}
	var st syscall.Stat_t
	if err := syscall.Stat(w.fs.(*folderfs.Disk).Path()+"/a", &st); err != nil {
		t.Fatal(err)
	}
	if st.Blocks*512 > 8*mebi {
		t.Errorf("the file takes %d bytes on disk", st.Blocks*512)
	}
}
