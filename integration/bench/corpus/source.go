package corpus

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"
)

// Shape of a source-like tree.
const (
	perDirectory = 10  // files in a directory, on average
	spread       = 1.3 // standard deviation of the logarithm of a file's size
	linkEvery    = 500 // one name of so many is a symbolic link
	programEvery = 100 // one file of so many is executable
)

// newest is the latest modification time in a source-like tree: files that were
// unpacked are older than the disk they lie on.
func newest() time.Time { return time.Date(2024, 6, 1, 12, 0, 0, 0, time.UTC) }

// Source makes a tree of n names in dir like a checked out program: text in
// directories nested some levels deep, total bytes in all (up to rounding), most
// files of a few KiB, few of hundreds, times over the past year.
func Source(dir string, n int, total int64, seed uint64) error {
	r := rand.New(rand.NewPCG(seed, 2))
	text := newText(r)
	dirs, err := nest(dir, max(1, n/perDirectory), r)
	if err != nil {
		return err
	}
	sizes := logNormal(n, total, r)
	var last string
	for i, size := range sizes {
		in := dirs[r.IntN(len(dirs))]
		path := filepath.Join(in, fmt.Sprintf("%s_%d%s", text.word(), i, suffixes()[r.IntN(len(suffixes()))]))
		if last != "" && i%linkEvery == linkEvery-1 {
			if err := os.Symlink(last, path); err != nil {
				return err
			}
			continue
		}
		mode := os.FileMode(0o644)
		if i%programEvery == 0 {
			mode = 0o755
		}
		if err := create(path, text.bytes(int(size)), mode); err != nil {
			return err
		}
		at := newest().Add(-time.Duration(r.Int64N(int64(365 * 24 * time.Hour))))
		if err := os.Chtimes(path, at, at); err != nil {
			return err
		}
		last = filepath.Base(path)
	}
	return nil
}

func suffixes() []string { return []string{".go", ".c", ".h", ".py", ".md", ".txt", ".json", ".rs"} }

// nest makes n directories, each below a random earlier one, at most six deep.
func nest(top string, n int, r *rand.Rand) ([]string, error) {
	if err := os.MkdirAll(top, 0o755); err != nil {
		return nil, err
	}
	dirs, depth := []string{top}, []int{0}
	for i := 1; i < n; i++ {
		in := r.IntN(len(dirs))
		for depth[in] >= 6 {
			in = r.IntN(len(dirs))
		}
		d := filepath.Join(dirs[in], fmt.Sprintf("pkg%d", i))
		if err := os.Mkdir(d, 0o755); err != nil {
			return nil, err
		}
		dirs, depth = append(dirs, d), append(depth, depth[in]+1)
	}
	return dirs, nil
}

// logNormal draws n sizes that sum up to about total. One in a hundred is 0.
func logNormal(n int, total int64, r *rand.Rand) []int64 {
	weights, sum := make([]float64, n), 0.0
	for i := range weights {
		if i%100 != 50 {
			weights[i] = math.Exp(spread * r.NormFloat64())
		}
		sum += weights[i]
	}
	sizes := make([]int64, n)
	for i, w := range weights {
		sizes[i] = int64(w / sum * float64(total))
	}
	return sizes
}
