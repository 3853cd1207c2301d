package folderfs

import (
	"io"
	"os"
	"path/filepath"
	"testing"
)

func TestDataAfterFindsWhatWasWritten(t *testing.T) {
	dir := t.TempDir()
	d, err := Open(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	const size, island = 64 << 20, 32 << 20
	f, err := os.Create(filepath.Join(dir, "holes"))
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Truncate(size); err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteAt([]byte("island"), island); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	open, err := d.Open("holes")
	if err != nil {
		t.Fatal(err)
	}
	defer open.Close()
	if _, err := open.Read(make([]byte, 5)); err != nil {
		t.Fatal(err)
	}
	start, end, err := open.(SparseFile).DataAfter(0)
	if start == 0 && end == size {
		t.Skip("this file system knows no holes")
	}
	if err != nil || start > island || start < island-1<<20 || end < island+6 || end > island+1<<20 {
		t.Errorf("the data is said to be from %d to %d (%v), it is at %d", start, end, err, island)
	}
	if start, end, err = open.(SparseFile).DataAfter(end); start != size || end != size || err != nil {
		t.Errorf("behind the last data: %d, %d, %v; want the size twice", start, end, err)
	}
	if at, _ := open.(*file).os.Seek(0, io.SeekCurrent); at != 5 {
		t.Errorf("the read position moved to %d", at)
	}
}
