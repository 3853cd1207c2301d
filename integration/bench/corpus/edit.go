package corpus

import (
	"io"
	"os"
)

// Insert saves at to a copy of the file at from with content put in at offset
// off. A program that saves does that; the caller renames to over from.
func Insert(from, to string, off int64, content []byte) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	if _, err = io.CopyN(out, in, off); err == nil {
		if _, err = out.Write(content); err == nil {
			_, err = io.Copy(out, in)
		}
	}
	if cerr := out.Close(); err == nil {
		err = cerr
	}
	return err
}

// Overwrite writes n bytes of noise into the file at offset off, in place; an
// offset at its end appends.
func Overwrite(path string, off int64, n int, seed uint64) error {
	p := make([]byte, n)
	if _, err := noise(seed).Read(p); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteAt(p, off)
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	return err
}
