//go:build unix

package store_test

import (
	"cmp"
	"context"
	"fmt"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/index/store"
	"github.com/labsync/labsync/internal/device"
)

// growthSizes are the numbers of files at which BenchmarkGrowth asks what one
// file costs. It takes minutes:
//
//	go test ./index/store -run '^$' -bench Growth -benchtime 1x
var growthSizes = []int{10_000, 100_000, 1_000_000}

// BenchmarkGrowth fills an index, and at three sizes on the way measures what
// one more name costs, in wall and in processor time. A slope is the cost over
// that at the smallest size; the wall clock's are what is reported, and what a
// busy disk spoils.
func BenchmarkGrowth(b *testing.B) {
	s := open(b, filepath.Join(b.TempDir(), "index.db"))
	first := map[string][2]float64{}
	filled := 0
	for _, size := range growthSizes {
		for ; filled < size-growthCommits(size); filled += benchBatch {
			growthBatch(b, s, filled)
		}
		for _, m := range growthMeasures(b, s, &filled) {
			wall, cpu := time.Now(), processorTime()
			if err := m.run(size); err != nil {
				b.Fatalf("%s at %d: %v", m.what, size, err)
			}
			names := float64(m.names(size))
			cost := [2]float64{float64(time.Since(wall)) / names, float64(processorTime()-cpu) / names}
			if _, known := first[m.what]; !known {
				first[m.what] = cost
			}
			at := first[m.what]
			b.Logf("%8d files %-16s %8.0f ns/name, slope %5.2f; processor %8.0f ns/name, slope %5.2f",
				size, m.what, cost[0], cost[0]/at[0], cost[1], cost[1]/at[1])
			b.ReportMetric(cost[0]/at[0], m.what+"-slope")
		}
	}
}

func processorTime() time.Duration {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		return 0
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

// growthCommits is how many new files are committed to see what one costs:
// enough for what happens once in tens of thousands.
func growthCommits(size int) int { return min(size/2, 100_000) }

// growthSample is how many names the other measures take, so that it is the
// same work at every size.
const growthSample = 5 * benchBatch

type growthMeasure struct {
	what  string
	names func(size int) int
	run   func(size int) error
}

func growthMeasures(b *testing.B, s *store.Store, filled *int) []growthMeasure {
	ctx := context.Background()
	peer := device.ID{9}
	sample := func(int) int { return growthSample }
	all := func(size int) int { return size }
	neighbours := func(i int) int { return *filled/2 + i }
	scattered := func(i int) int { return i * (*filled / growthSample) }
	return []growthMeasure{
		{"commit", growthCommits, func(size int) error {
			for ; *filled < size; *filled += benchBatch {
				growthBatch(b, s, *filled)
			}
			return nil
		}},
		{"edit", sample, func(int) error { return growthEdit(ctx, s, neighbours) }},
		{"edit-scattered", sample, func(int) error { return growthEdit(ctx, s, scattered) }},
		{"state", sample, func(int) error {
			for i := range growthSample {
				if _, _, err := s.State(ctx, benchEntry(scattered(i), 5).Name); err != nil {
					return err
				}
			}
			return nil
		}},
		{"record-remote", sample, func(int) error { return growthRemote(ctx, s, peer, neighbours) }},
		{"dirty", sample, func(int) error {
			return growthPages(func(last *index.State) ([]index.State, error) {
				return s.Dirty(ctx, index.DirtyLive, last.Name, benchBatch)
			})
		}},
		{"counts", sample, func(int) error {
			for range growthSample {
				if _, err := s.Counts(ctx); err != nil {
					return err
				}
			}
			return nil
		}},
		{"locals", all, func(int) error {
			return growthPages(func(last *index.Held) ([]index.Held, error) {
				return s.Locals(ctx, "", last.Entry.Name, benchBatch)
			})
		}},
		{"since", all, func(int) error {
			return growthPages(func(last *index.Update) ([]index.Update, error) {
				return s.Since(ctx, last.Sequence, benchBatch)
			})
		}},
		{"find-blocks", all, func(int) error {
			wanted := map[index.Hash]struct{}{}
			for n := range 1000 {
				wanted[index.Hash{31: byte(n), 30: byte(n >> 8), 29: 1}] = struct{}{}
			}
			return s.FindBlocks(ctx, wanted, func(index.Hash, index.BlockPlace) {})
		}},
		{"reset-remote", all, func(int) error { return s.ResetRemote(ctx, peer, 1) }},
	}
}

// growthPages reads pages until one is empty.
func growthPages[T any](next func(last *T) ([]T, error)) error {
	last := new(T)
	for {
		page, err := next(last)
		if err != nil || len(page) == 0 {
			return err
		}
		last = &page[len(page)-1]
	}
}

// growthBatch commits new files, in the order in which a scan meets them.
func growthBatch(b *testing.B, s *store.Store, at int) {
	changes := make([]index.Change, benchBatch)
	for k := range changes {
		e := benchEntry(at+k, 5)
		changes[k] = index.Change{Entry: e, Disk: benchDisk(&e, at+k)}
	}
	if _, err := s.Commit(context.Background(), changes, true); err != nil {
		b.Fatal(err)
	}
}

// growthEdit commits new versions of files.
func growthEdit(ctx context.Context, s *store.Store, pick func(i int) int) error {
	for at := 0; at < growthSample; at += benchBatch {
		changes := make([]index.Change, benchBatch)
		for k := range changes {
			e := benchEntry(pick(at+k), 5)
			held, err := s.Local(ctx, e.Name)
			if err != nil {
				return err
			}
			changes[k] = index.Change{Base: held.Entry.Version, Disk: benchDisk(&e, pick(at+k))}
			e.Version = held.Entry.Version.Bump(e.ModifiedBy, 0)
			changes[k].Entry = e
		}
		if stale, err := s.Commit(ctx, changes, true); err != nil || len(stale) > 0 {
			return cmp.Or(err, fmt.Errorf("%d changes are stale", len(stale)))
		}
	}
	return nil
}

// growthRemote records that a device has edited files.
func growthRemote(ctx context.Context, s *store.Store, from device.ID, pick func(i int) int) error {
	for at := 0; at < growthSample; at += benchBatch {
		updates := make([]index.Update, benchBatch)
		for k := range updates {
			e := benchEntry(pick(at+k), 5)
			e.Version = e.Version.Bump(7, 1_800_000_000)
			updates[k] = index.Update{Sequence: int64(at + k + 1), Heads: []index.Entry{e}}
		}
		if err := s.RecordRemote(ctx, from, updates); err != nil {
			return err
		}
	}
	return nil
}
