package store_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/index/store"
	"github.com/labsync/labsync/internal/device"
)

// The benchmarks work on benchFiles files with paths of about 50 bytes, in
// batches of 1,000.
const (
	benchFiles = 100_000
	benchBatch = 1_000
)

func benchEntry(i, blocks int) index.Entry {
	e := index.Entry{
		Name:    fmt.Sprintf("project/measurement-%03d/run-%05d/sensor-data-%07d.csv", i/1000, i/50, i),
		Mtime:   1_700_000_000_123_456_789 + int64(i)*1_000_003,
		Mode:    0o644,
		Version: index.Version{{Replica: 0x123456789abcdef0, Value: 1_700_000_000 + uint64(i)}},
	}
	e.ModifiedBy = e.Version[0].Replica
	for k := range blocks {
		b := index.Block{Size: int32(60_000 + 7*k)}
		binary.BigEndian.PutUint64(b.Hash[:], uint64(i*100+k)*0x9e3779b97f4a7c15)
		binary.BigEndian.PutUint64(b.Hash[24:], uint64(i))
		e.Blocks = append(e.Blocks, b)
		e.Size += int64(b.Size)
	}
	e.Hash = index.HashBlocks(e.Blocks)
	return e
}

func benchDisk(e *index.Entry, i int) index.Disk {
	return index.Disk{Size: e.Size, Mtime: e.Mtime, Mode: e.Mode, Ctime: e.Mtime + 1_234_567,
		Seen: 1_760_000_000_000_000_000, Inode: uint64(4_000_000 + i), Device: 65_025}
}

// fill commits the files as scanned here, or as announced by a device.
func fill(b *testing.B, s *store.Store, blocks int, durable bool, from ...device.ID) {
	ctx := context.Background()
	for start := 0; start < benchFiles; start += benchBatch {
		var err error
		if len(from) == 0 {
			changes := make([]index.Change, benchBatch)
			for k := range changes {
				e := benchEntry(start+k, blocks)
				changes[k] = index.Change{Entry: e, Disk: benchDisk(&e, start+k)}
			}
			_, err = s.Commit(ctx, changes, durable)
		} else {
			updates := make([]index.Update, benchBatch)
			for k := range updates {
				updates[k] = index.Update{Sequence: int64(start + k + 1), Heads: []index.Entry{benchEntry(start+k, blocks)}}
			}
			err = s.RecordRemote(ctx, from[0], updates)
		}
		if err != nil {
			b.Fatal(err)
		}
	}
}

func size(b *testing.B, path string) float64 {
	info, err := os.Stat(path)
	if err != nil {
		b.Fatal(err)
	}
	return float64(info.Size())
}

// BenchmarkInsert is a first scan, then a peer that turns out to have the
// same, each per 100,000 files.
func BenchmarkInsert(b *testing.B) {
	for _, blocks := range []int{1, 5} {
		for _, durable := range []bool{false, true} {
			b.Run(fmt.Sprintf("blocks=%d,durable=%v", blocks, durable), func(b *testing.B) {
				for range b.N {
					path := filepath.Join(b.TempDir(), "index.db")
					s := open(b, path)
					fill(b, s, blocks, durable)
					checkpoint(b, s)
					b.ReportMetric(size(b, path)/benchFiles, "bytes/file")
				}
				b.ReportMetric(benchFiles*float64(b.N)/b.Elapsed().Seconds(), "files/s")
			})
		}
	}
}

func BenchmarkSecondPeer(b *testing.B) {
	path := filepath.Join(b.TempDir(), "index.db")
	s := open(b, path)
	fill(b, s, 5, false)
	checkpoint(b, s)
	before := size(b, path)
	b.ResetTimer()
	for n := range b.N {
		fill(b, s, 5, false, device.ID{byte(n), 1})
	}
	b.ReportMetric(benchFiles*float64(b.N)/b.Elapsed().Seconds(), "files/s")
	b.StopTimer()
	checkpoint(b, s)
	b.ReportMetric((size(b, path)-before)/benchFiles/float64(b.N), "bytes/file")
}

// BenchmarkRemote is a first index from a peer: all names are dirty after it.
func BenchmarkRemote(b *testing.B) {
	for range b.N {
		s := open(b, filepath.Join(b.TempDir(), "index.db"))
		fill(b, s, 5, false, device.ID{1})
	}
	b.ReportMetric(benchFiles*float64(b.N)/b.Elapsed().Seconds(), "files/s")
}

func checkpoint(b *testing.B, s *store.Store) {
	if err := s.Checkpoint(context.Background()); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkRead reads a folder of 100,000 files with five blocks each.
func BenchmarkRead(b *testing.B) {
	path := filepath.Join(b.TempDir(), "index.db")
	s := open(b, path)
	fill(b, s, 5, false)
	fill(b, s, 5, false, device.ID{1})
	checkpoint(b, s)
	ctx := context.Background()
	at := func(n int) index.Entry { return benchEntry(n*7919%benchFiles, 5) }
	run := func(name string, names float64, f func(n int) error) {
		b.Run(name, func(b *testing.B) {
			for n := range b.N {
				if err := f(n); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(names*float64(b.N)/b.Elapsed().Seconds(), "names/s")
		})
	}
	run("State", 1, func(n int) error { _, _, err := s.State(ctx, at(n).Name); return err })
	run("Local", 1, func(n int) error { _, err := s.Local(ctx, at(n).Name); return err })
	run("Holding", 1, func(n int) error { _, err := s.Holding(ctx, at(n).Hash, 1); return err })
	run("ByInode", 1, func(n int) error { _, err := s.ByInode(ctx, 65_025, uint64(4_000_000+n%benchFiles)); return err })
	run("Counts", 1, func(int) error { _, err := s.Counts(ctx); return err })
	run("Behind", 1, func(int) error { _, _, err := s.Behind(ctx, device.ID{1}); return err })
	run("SinceNothing", 1, func(int) error { _, err := s.Since(ctx, benchFiles, benchBatch); return err })
	run("SinceLast1000", benchBatch, func(int) error { _, err := s.Since(ctx, benchFiles-benchBatch, benchBatch); return err })
	run("Since", benchFiles, func(int) error {
		for seq := int64(0); seq < benchFiles; seq += benchBatch {
			if _, err := s.Since(ctx, seq, benchBatch); err != nil {
				return err
			}
		}
		return nil
	})
	run("Locals", benchFiles, func(int) error {
		after := ""
		for {
			page, err := s.Locals(ctx, "project", after, benchBatch)
			if err != nil || len(page) < benchBatch {
				return err
			}
			after = page[len(page)-1].Entry.Name
		}
	})
	run("FindBlocks1000", benchFiles, func(int) error {
		wanted := make(map[index.Hash]struct{})
		for n := range 1000 {
			wanted[index.Hash{31: byte(n), 30: byte(n >> 8), 29: 1}] = struct{}{}
		}
		return s.FindBlocks(ctx, wanted, func(index.Hash, index.BlockPlace) {})
	})
	run("Reopen", benchFiles, func(int) error {
		if err := s.Close(); err != nil {
			return err
		}
		s = open(b, path)
		return nil
	})
}

// BenchmarkDirty pages through 100,000 names that wait for a plan.
func BenchmarkDirty(b *testing.B) {
	s := open(b, filepath.Join(b.TempDir(), "index.db"))
	fill(b, s, 5, false, device.ID{1})
	b.ResetTimer()
	for range b.N {
		after := ""
		for {
			page, err := s.Dirty(context.Background(), index.DirtyLive, after, benchBatch)
			if err != nil {
				b.Fatal(err)
			}
			if len(page) < benchBatch {
				break
			}
			after = page[len(page)-1].Name
		}
	}
	b.ReportMetric(benchFiles*float64(b.N)/b.Elapsed().Seconds(), "names/s")
}

// BenchmarkEdit is one saved file after another: a durable commit each.
func BenchmarkEdit(b *testing.B) {
	s := open(b, filepath.Join(b.TempDir(), "index.db"))
	fill(b, s, 5, false)
	b.ResetTimer()
	for n := range b.N {
		e := benchEntry(n%benchFiles, 5)
		c := index.Change{Base: e.Version, Disk: benchDisk(&e, n)}
		e.Version = e.Version.Bump(e.ModifiedBy, 0)
		c.Entry = e
		if _, err := s.Commit(context.Background(), []index.Change{c}, true); err != nil {
			b.Fatal(err)
		}
	}
}
