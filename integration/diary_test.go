package integration

import (
	"crypto/sha256"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// content is what a file holds, known by its SHA-256.
type content [sha256.Size]byte

// deed is one operation of a person.
type deed struct {
	by   string // the node's name
	kind string
	op   int
	name string
	at   time.Time
}

func (d deed) String() string {
	return fmt.Sprintf("%s, %s %d of %q at %s", d.by, d.kind, d.op, d.name, d.at.Format("15:04:05.000"))
}

// diary is the log of every content that people ever wrote in the folders, kept
// outside of labsync and by its users alone. What a person replaces or deletes
// is noted too: from the very file it was done to, so that a placement in the
// same moment leaves nothing in doubt.
type diary struct {
	mu      sync.Mutex
	written map[content]deed     // who made it
	passing map[content]struct{} // made and replaced within one operation: truncated, half written
	ended   map[content]deed     // overwritten, deleted or moved out by a person
}

func newDiary() *diary {
	return &diary{written: map[content]deed{}, passing: map[content]struct{}{}, ended: map[content]deed{}}
}

// write notes a content before it can be seen.
func (d *diary) write(text []byte, who deed) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.written[sha256.Sum256(text)] = who
}

// pass notes a content that the same operation replaces.
func (d *diary) pass(text []byte, who deed) { d.passSum(sha256.Sum256(text), who) }

func (d *diary) passSum(sum content, who deed) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.passing[sum] = struct{}{}
	if _, known := d.written[sum]; !known {
		d.written[sum] = who
	}
}

// grow notes what a file shows while text is written at its end, from a
// length on: the system makes a long write visible page by page.
func (d *diary) grow(text []byte, from int, who deed) {
	const page = 4096
	h := sha256.New()
	for at := 0; at < len(text); at += page {
		h.Write(text[at:min(at+page, len(text))])
		if at+page > from && at+page < len(text) {
			d.passSum(content(h.Sum(nil)), who)
		}
	}
}

// end notes that a person has done away with a content.
func (d *diary) end(sum content, who deed) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.ended[sum] = who
}

func (d *diary) knows(sum content) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	_, known := d.written[sum]
	return known
}

// contentsBelow hashes all files below a directory, which may be missing.
func contentsBelow(dir string) (map[content]string, error) {
	found := map[content]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		text, err := os.ReadFile(path)
		found[sha256.Sum256(text)] = path
		return err
	})
	if os.IsNotExist(err) {
		err = nil
	}
	return found, err
}

// verdict is what became of the contents of a diary.
type verdict struct {
	contents int // that somebody wrote, passing ones apart
	current  int // at a path of both devices
	kept     int // replaced or deleted by a person, and among what labsync has put out of the way
	userGone int // replaced or deleted by a person, and kept nowhere: that was the only copy, or no scan saw it
	lost     []string
	unknown  []string // at a path, but nobody wrote it: a partial file
}

// judge accounts for every content. Nobody has done away with it: then it has
// to be at a path. A person has: then it may be anywhere.
func (d *diary) judge(tree Tree, aside map[content]string) verdict {
	d.mu.Lock()
	defer d.mu.Unlock()
	var v verdict
	paths := map[content]string{}
	for name, o := range tree {
		if o.Kind != 0 {
			continue
		}
		paths[o.Sum] = name
		if _, known := d.written[o.Sum]; !known {
			v.unknown = append(v.unknown, name)
		}
	}
	for sum, who := range d.written {
		if _, passing := d.passing[sum]; passing {
			continue
		}
		v.contents++
		_, current := paths[sum]
		_, ended := d.ended[sum]
		where, kept := aside[sum]
		switch {
		case current:
			v.current++
		case ended && kept:
			v.kept++
		case ended:
			v.userGone++
		case kept:
			v.lost = append(v.lost, fmt.Sprintf("%v: nobody replaced it, yet it is only at %s", who, where))
		default:
			v.lost = append(v.lost, fmt.Sprintf("%v: nobody replaced it, and it is nowhere", who))
		}
	}
	return v
}
