package folderfs

import (
	"bytes"
	"crypto/sha256"
	"io"
	"math/rand/v2"
	"sync"
	"testing"
)

// Pieces that share pages with others come before and after those pages have
// been handed over and dropped, from two goroutines.
func TestAVeryLargeFileIsWhatWasWritten(t *testing.T) {
	d, err := Open(t.TempDir(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if err := d.Prepare(); err != nil {
		t.Fatal(err)
	}
	f, err := d.Create(TempDir + "/" + "large")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	const piece, pieces = 1<<20 + 17, 2 * behindKeep >> 20
	content := make([]byte, piece*pieces)
	_, _ = rand.NewChaCha8([32]byte{}).Read(content) // never fails
	var wg sync.WaitGroup
	for half := range 2 {
		wg.Go(func() {
			for i := half; i < pieces; i += 2 {
				at := int64(i * piece)
				if _, err := f.WriteAt(content[at:][:piece], at); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if err := f.Sync(); err != nil {
		t.Fatal(err)
	}
	hash := sha256.New()
	if n, err := io.Copy(hash, io.NewSectionReader(f, 0, int64(len(content))+1)); err != nil || n != int64(len(content)) {
		t.Fatalf("read %d bytes, %v", n, err)
	}
	if want := sha256.Sum256(content); !bytes.Equal(hash.Sum(nil), want[:]) {
		t.Error("the content is another one")
	}
}
