package chunk

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"testing"

	"github.com/labsync/labsync/index"
)

// plainly cuts and hashes as the package's documentation says, without any of
// what makes it fast.
func plainly(p []byte, policy Policy, c Class) []index.Block {
	var blocks []index.Block
	from := 0
	var sum uint64
	for i, b := range p {
		size := i + 1 - from
		end := i+1 == len(p)
		switch {
		case policy == Fixed:
			end = end || size == fixedSize<<c
		case len(p) > single && size > minimum<<c:
			sum = sum<<1 + gears[b]
			zeros := strictBits + c
			if size > normal<<c {
				zeros = looseBits + c
			}
			end = end || sum>>(64-zeros) == 0 || size == maximum<<c
		}
		if end {
			blocks = append(blocks, index.Block{Size: int32(size), Hash: sha256.Sum256(p[from : i+1])})
			from, sum = i+1, 0
		}
	}
	return blocks
}

// contents has what the fast paths are about: runs of zeros short and long, at
// and across the places where they begin and end.
func contents() map[string][]byte {
	gaps := random(5<<20, 9)
	for at, n := 0, 1; at+n < len(gaps); at, n = at+3*n+window, n+n/2+1 {
		clear(gaps[at : at+n])
	}
	return map[string][]byte{
		"random":            random(4<<20+77, 3),
		"zeros":             make([]byte, 4<<20+1),
		"gaps of all sizes": gaps,
		"zeros in front":    append(make([]byte, 2<<20+5), random(2<<20, 4)...),
		"small, random":     random(2<<20, 5),
		"a short period":    bytes.Repeat(random(97, 6), 50_000),
	}
}

func TestEveryWayToCutGivesTheSameBlocks(t *testing.T) {
	var spawned sync.WaitGroup
	spawn := func(f func()) { spawned.Go(f) }
	defer spawned.Wait()
	for name, p := range contents() {
		for _, c := range []Class{0, 3} {
			if c > 0 && name != "gaps of all sizes" {
				continue
			}
			for _, policy := range []Policy{Content, Fixed} {
				want := plainly(p, policy, c)
				for how, r := range map[string]io.ReaderAt{"dense": bytes.NewReader(p), "sparse": newGrounds(p)} {
					for with, spawn := range map[string]func(func()){"alone": nil, "as a team": spawn} {
						got, _, err := Blocks(t.Context(), r, int64(len(p)), policy, c, spawn)
						if err != nil || !slices.Equal(got, want) {
							t.Errorf("%s, %s %d, %s, %s: got %d blocks, want %d (%v)", name, policy, c, how, with, len(got), len(want), err)
						}
					}
				}
			}
		}
	}
}

// grounds is a sparse reader: every run of zeros that fills pages of 4 KiB is a
// hole.
type grounds struct {
	*bytes.Reader
	p []byte
}

const page = 4 << 10

func newGrounds(p []byte) *grounds { return &grounds{bytes.NewReader(p), p} }

func (g *grounds) NextData(from int64) (start, end int64, err error) {
	size := int64(len(g.p))
	hollow := func(at int64) bool { return isZero(g.p[at:min(at+page, size)]) }
	for start = from / page * page; start < size && hollow(start); start += page {
	}
	for end = start; end < size && !hollow(end); end += page {
	}
	return min(max(start, from), size), min(end, size), nil
}

func TestHolesAreNotRead(t *testing.T) {
	var spawned sync.WaitGroup
	defer spawned.Wait()
	for _, policy := range []Policy{Content, Fixed} {
		for with, spawn := range map[string]func(func()){"alone": nil, "as a team": func(f func()) { spawned.Go(f) }} {
			r := &island{at: far / 2, data: random(3*page, 1)}
			blocks, _, err := Blocks(t.Context(), r, far, policy, 0, spawn)
			if err != nil {
				t.Fatal(err)
			}
			sum := int64(0)
			for _, b := range blocks {
				sum += int64(b.Size)
			}
			if same, err := Along(t.Context(), r, blocks); !same || err != nil {
				t.Errorf("%s, %s: along its own list: %v, %v", policy, with, same, err)
			}
			if same, err := Along(t.Context(), r, append(blocks, blocks[0])); same || err != nil {
				t.Errorf("%s, %s: along a longer list: %v, %v", policy, with, same, err)
			}
			if most := int64(8 * maximum); sum != far || r.read > most {
				t.Errorf("%s, %s: %d bytes in blocks of %d, %d read", policy, with, sum, far, r.read)
			}
		}
	}
}

const far = 200 << 20

// island is a little data in a hole of far bytes.
type island struct {
	at   int64
	data []byte

	mu   sync.Mutex // guards read
	read int64
}

func (r *island) ReadAt(p []byte, at int64) (int, error) {
	if at+int64(len(p)) > far {
		return 0, io.EOF
	}
	clear(p)
	for i := range p {
		if k := at + int64(i) - r.at; k >= 0 && k < int64(len(r.data)) {
			p[i] = r.data[k]
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.read += int64(len(p))
	return len(p), nil
}

func (r *island) NextData(from int64) (start, end int64, err error) {
	if to := r.at + int64(len(r.data)); from < to {
		return max(from, r.at), to, nil
	}
	return far, far, nil
}

// A reader whose map of holes makes no sense is read through.
func TestANonsensicalMapIsNotBelieved(t *testing.T) {
	p := contents()["gaps of all sizes"]
	want := plainly(p, Content, 0)
	for name, m := range map[string]func(int64) (int64, int64, error){
		"it fails":              func(int64) (int64, int64, error) { return 0, 0, errors.New("no such call") },
		"it goes back":          func(from int64) (int64, int64, error) { return 0, from / 2, nil },
		"it ends before begins": func(from int64) (int64, int64, error) { return from + 2, from + 1, nil },
		"it stands still":       func(from int64) (int64, int64, error) { return from, from, nil },
		"it goes beyond":        func(from int64) (int64, int64, error) { return from, 1 << 40, nil },
	} {
		got, _, err := Blocks(t.Context(), mapped{bytes.NewReader(p), m}, int64(len(p)), Content, 0, nil)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: got %d blocks, want %d (%v)", name, len(got), len(want), err)
		}
	}
}

type mapped struct {
	io.ReaderAt
	next func(int64) (int64, int64, error)
}

func (m mapped) NextData(from int64) (int64, int64, error) { return m.next(from) }

func TestTheFastLoopFindsWhatTheSlowOneDoes(t *testing.T) {
	p := append(random(32<<10, 8), make([]byte, 20<<10)...)
	p = append(p, random(8<<10, 2)...)
	for _, bits := range []int{4, 10, 12, 14, 18, 40} {
		limit := uint64(1) << (64 - bits)
		for from := 0; from < len(p); from += 1 + from/3 {
			for _, sum := range []uint64{0, resting(), 1 << 63} {
				n, at := find(p[from:], sum, limit)
				wantN, wantAt := roll(p[from:], sum, limit)
				if n != wantN || at != wantAt {
					t.Fatalf("%d bits from %d with %x: got %d, %x; want %d, %x", bits, from, sum, n, at, wantN, wantAt)
				}
			}
		}
	}
}

// failing fails beyond a position.
type failing struct {
	*bytes.Reader
	from int64
}

var errDisk = errors.New("the disk is broken")

func (f failing) ReadAt(p []byte, at int64) (int, error) {
	if at+int64(len(p)) > f.from {
		return 0, errDisk
	}
	return f.Reader.ReadAt(p, at)
}

func TestATeamReportsWhatWentWrong(t *testing.T) {
	p := random(9<<20, 1)
	for _, policy := range []Policy{Content, Fixed} {
		var spawned sync.WaitGroup
		spawn := func(f func()) { spawned.Go(f) }
		for _, from := range []int64{0, 5 << 20, 9<<20 - 1} {
			_, _, err := Blocks(t.Context(), failing{bytes.NewReader(p), from}, int64(len(p)), policy, 0, spawn)
			if !errors.Is(err, errDisk) {
				t.Errorf("%s, broken from %d: %v", policy, from, err)
			}
		}
		_, _, err := Blocks(t.Context(), bytes.NewReader(p), int64(len(p))+1, policy, 0, spawn)
		if !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%s, a file shorter than said: %v", policy, err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, _, err := Blocks(ctx, bytes.NewReader(p), int64(len(p)), policy, 0, spawn); !errors.Is(err, context.Canceled) {
			t.Errorf("%s, cancelled: %v", policy, err)
		}
		spawned.Wait()
	}
}

func ExamplePolicy_String() {
	fmt.Println(Content, Fixed)
	// Output: content fixed
}
