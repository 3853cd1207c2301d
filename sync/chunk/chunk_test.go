package chunk

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/labsync/labsync/index"
)

// random returns n reproducible bytes.
func random(n int, seed byte) []byte {
	p := make([]byte, n)
	rand.NewChaCha8([32]byte{seed}).Read(p)
	return p
}

func blocksOf(t testing.TB, p []byte, policy Policy, c Class) []index.Block {
	t.Helper()
	blocks, _, err := Blocks(context.Background(), bytes.NewReader(p), int64(len(p)), policy, c, nil)
	if err != nil {
		t.Fatal(err)
	}
	return blocks
}

func TestBlocksCoverTheContent(t *testing.T) {
	sparse := append(random(1<<20, 2), make([]byte, 2<<20)...)
	sparse = append(sparse, random(70<<10, 3)...)
	for name, p := range map[string][]byte{
		"nothing": {}, "one byte": {1}, "exactly one block": random(1<<20, 1), "one byte more": random(1<<20+1, 1),
		"many blocks": random(4<<20+17, 1), "all zero": make([]byte, 3<<20), "a hole between": sparse,
	} {
		for _, policy := range []Policy{Content, Fixed} {
			for c := range Class(3) {
				checkCover(t, name, p, policy, c)
			}
		}
	}
}

func checkCover(t *testing.T, name string, p []byte, policy Policy, c Class) {
	t.Helper()
	blocks, size, err := Blocks(context.Background(), bytes.NewReader(p), int64(len(p)), policy, c,
		func(f func()) { go f() })
	if err != nil {
		t.Fatalf("%s, %v %d: %v", name, policy, c, err)
	}
	at := 0
	for i, b := range blocks {
		if b.Hash != sha256.Sum256(p[at:at+int(b.Size)]) {
			t.Fatalf("%s, %v %d: block %d has a wrong hash", name, policy, c, i)
		}
		if last := i == len(blocks)-1; size > 0 && (b.Size > size || b.Size < size && !last) {
			t.Fatalf("%s, %v %d: block %d has %d bytes", name, policy, c, i, b.Size)
		}
		at += int(b.Size)
	}
	if at != len(p) || len(blocks) == 0 {
		t.Fatalf("%s, %v %d: %d blocks cover %d of %d bytes", name, policy, c, len(blocks), at, len(p))
	}
	if same := blocksOf(t, p, policy, c); index.HashBlocks(same) != index.HashBlocks(blocks) || len(same) != len(blocks) {
		t.Fatalf("%s, %v %d: hashing beside and in line differ", name, policy, c)
	}
	ok, err := Along(context.Background(), bytes.NewReader(p), blocks)
	if err != nil || !ok {
		t.Fatalf("%s, %v %d: content does not follow its own list: %v", name, policy, c, err)
	}
}

// The cut points are a format: files cut by one release must be cut alike by
// the next, or everything is transferred anew. Never change testdata/cuts.txt.
func TestCutPointsAreFrozen(t *testing.T) {
	want, err := os.ReadFile("testdata/cuts.txt")
	if err != nil {
		t.Fatal(err)
	}
	var got bytes.Buffer
	table := sha256.New()
	for _, g := range gears {
		table.Write([]byte{byte(g >> 56), byte(g >> 48), byte(g >> 40), byte(g >> 32), byte(g >> 24), byte(g >> 16), byte(g >> 8), byte(g)})
	}
	got.WriteString("gear " + hex.EncodeToString(table.Sum(nil)) + "\n")
	p := random(8<<20, 7)
	for c := range topContent + 1 {
		for _, b := range blocksOf(t, p, Content, c) {
			got.WriteString(strconv.Itoa(int(b.Size)) + " ")
		}
		got.WriteString("\n")
	}
	if !bytes.Equal(got.Bytes(), want) {
		t.Fatalf("cut points changed; got:\n%s", got.Bytes())
	}
}

func TestAnInsertionChangesFewBlocks(t *testing.T) {
	p := random(6<<20, 5)
	for c := range Class(2) {
		old := map[index.Hash]bool{}
		for _, b := range blocksOf(t, p, Content, c) {
			old[b.Hash] = true
		}
		for _, at := range []int{0, 1 << 20, 4 << 20} {
			q := append(append(bytes.Clone(p[:at]), 'x'), p[at:]...)
			fresh := 0
			for _, b := range blocksOf(t, q, Content, c) {
				if !old[b.Hash] {
					fresh++
				}
			}
			if fresh > 4 {
				t.Errorf("class %d: a byte inserted at %d made %d new blocks", c, at, fresh)
			}
		}
	}
}

func TestZerosGiveTheLargestBlocks(t *testing.T) {
	for c := range Class(3) {
		if b := blocksOf(t, make([]byte, 3*maximum<<c), Content, c); b[0].Size != maximum<<c || b[1].Size != maximum<<c {
			t.Errorf("class %d: zeros are cut after %d and %d bytes", c, b[0].Size, b[1].Size)
		}
	}
}

func TestClassFor(t *testing.T) {
	const mib = 1 << 20
	for _, c := range []struct {
		name     string
		policy   Policy
		size     int64
		previous Class
		want     Class
	}{
		{"a new small file", Content, 5, NoClass, 0},
		{"a new file at the bound of class 0", Content, 128 * mib, NoClass, 0},
		{"a new file above it", Content, 128*mib + 1, NoClass, 1},
		{"a file that grew to four times the bound keeps its class", Content, 512 * mib, 0, 0},
		{"a file that grew beyond gets the class of its size", Content, 512*mib + 1, 0, 3},
		{"a file that shrank a little keeps its class", Content, 100 * mib, 2, 2},
		{"a file that shrank a lot gets the class of its size", Content, 100 * mib, 3, 0},
		{"no class above the last", Content, 1 << 44, NoClass, topContent},
		{"BEP: fewer than 2,000 blocks of 128 KiB", Fixed, 250*mib - 1, NoClass, 0},
		{"BEP: exactly 2,000 blocks is the next size", Fixed, 250 * mib, NoClass, 1},
		{"BEP: just below the second bound", Fixed, 500*mib - 1, NoClass, 1},
		{"BEP: the second bound", Fixed, 500 * mib, NoClass, 2},
		{"BEP: 16 MiB is the largest", Fixed, 1 << 44, NoClass, 7},
	} {
		if got := c.policy.ClassFor(c.size, c.previous); got != c.want {
			t.Errorf("%s: got class %d, want %d", c.name, got, c.want)
		}
	}
}

func TestClassOfReadsTheListsClass(t *testing.T) {
	p := random(12<<20, 9)
	for _, policy := range []Policy{Content, Fixed} {
		for c := range Class(2) {
			e := &index.Entry{Blocks: blocksOf(t, p, policy, c), BlockSize: policy.BlockSize(c)}
			if got := policy.ClassOf(e); got != c {
				t.Errorf("%v: got class %d, want %d", policy, got, c)
			}
			if got := (1 - policy).ClassOf(e); got != NoClass {
				t.Errorf("%v list has class %d of the other policy", policy, got)
			}
		}
	}
}

// counted notes how far it was read.
type counted struct {
	io.ReaderAt
	to atomic.Int64
}

func (r *counted) ReadAt(p []byte, at int64) (int, error) {
	n, err := r.ReaderAt.ReadAt(p, at)
	r.to.Store(max(r.to.Load(), at+int64(n)))
	return n, err
}

func TestAlongStopsAtTheFirstDifference(t *testing.T) {
	p := random(3<<20, 4)
	blocks := blocksOf(t, p, Content, 0)
	grown := append(bytes.Clone(p), 1, 2, 3)
	changed := bytes.Clone(p)
	changed[100]++
	for name, c := range map[string]struct {
		p    []byte
		want bool
	}{
		"grown content begins with the list": {grown, true},
		"shorter content does not":           {p[:len(p)-1], false},
		"changed content does not":           {changed, false},
	} {
		r := &counted{ReaderAt: bytes.NewReader(c.p)}
		if ok, err := Along(context.Background(), r, blocks); ok != c.want || err != nil {
			t.Errorf("%s: got %v, %v", name, ok, err)
		}
		if name == "changed content does not" && r.to.Load() > maximum+piece {
			t.Errorf("%s: read on after the difference", name)
		}
	}
}

func TestBlocksReportsWhatWentWrong(t *testing.T) {
	var spawned sync.WaitGroup
	spawn := func(f func()) { spawned.Go(f) }
	_, _, err := Blocks(context.Background(), bytes.NewReader(make([]byte, 3<<20)), 4<<20, Content, 0, spawn)
	if !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("a file shorter than said: %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, _, err := Blocks(ctx, bytes.NewReader(make([]byte, 4<<20)), 4<<20, Content, 0, spawn); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	spawned.Wait()
}
