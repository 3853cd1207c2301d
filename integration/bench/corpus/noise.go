package corpus

import (
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
)

const buffer = 1 << 20

// noise returns bytes that no compression makes smaller.
func noise(seed uint64) *rand.ChaCha8 {
	var key [32]byte
	binary.LittleEndian.PutUint64(key[:], seed)
	return rand.NewChaCha8(key)
}

// File makes one file of size bytes of noise.
func File(path string, size int64, seed uint64) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = io.CopyBuffer(struct{ io.Writer }{f}, io.LimitReader(noise(seed), size), make([]byte, buffer))
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	return err
}

// Small makes n files of 1 to 16 KiB of noise in dir, a hundred to a directory.
func Small(dir string, n int, seed uint64) error {
	bytes := noise(seed)
	sizes := rand.New(rand.NewPCG(seed, 1))
	buf := make([]byte, 16<<10)
	for i := range n {
		sub := filepath.Join(dir, fmt.Sprintf("d%03d", i/100))
		if i%100 == 0 {
			if err := os.MkdirAll(sub, 0o755); err != nil {
				return err
			}
		}
		p := buf[:1<<10+sizes.IntN(15<<10+1)]
		if _, err := bytes.Read(p); err != nil {
			return err
		}
		if err := create(filepath.Join(sub, fmt.Sprintf("f%05d.bin", i)), p, 0o644); err != nil {
			return err
		}
	}
	return nil
}

func create(path string, content []byte, mode os.FileMode) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	return err
}
