package writelog

import (
	"errors"
	"maps"
	"os"
)

const pageSize = 4096

// page is never changed once it is in a Pages, so that copies can share it.
type page *[pageSize]byte

// Pages is what a disk holds. A page that is not there is all zeros.
type Pages map[int64]page

var zeros [pageSize]byte

// write puts data at an offset in bytes.
func (p Pages) write(data []byte, at int64) {
	for len(data) > 0 {
		number, from := at/pageSize, at%pageSize
		n := min(pageSize-from, int64(len(data)))
		fresh := new([pageSize]byte)
		if old := p[number]; old != nil && n < pageSize {
			*fresh = *old
		}
		copy(fresh[from:], data[:n])
		if *fresh == zeros {
			delete(p, number)
		} else {
			p[number] = fresh
		}
		data, at = data[n:], at+n
	}
}

// read fills data from an offset in bytes.
func (p Pages) read(data []byte, at int64) {
	for len(data) > 0 {
		number, from := at/pageSize, at%pageSize
		n := min(pageSize-from, int64(len(data)))
		if old := p[number]; old != nil {
			copy(data[:n], old[from:])
		} else {
			clear(data[:n])
		}
		data, at = data[n:], at+n
	}
}

// clone shares the pages.
func (p Pages) clone() Pages { return maps.Clone(p) }

// Store makes file hold just these pages.
func (p Pages) Store(file *os.File, size int64) error {
	if err := errors.Join(file.Truncate(0), file.Truncate(size)); err != nil {
		return err
	}
	for number, content := range p {
		if _, err := file.WriteAt(content[:], number*pageSize); err != nil {
			return err
		}
	}
	return nil
}
