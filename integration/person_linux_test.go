package integration

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// person works in the folder of a node, one operation after another, and
// notes in the diary what they write and what they do away with. What they
// delete or replace goes to a trash beside the folder, by a rename, so that it
// is known what it was even if a placement came just before. In a directory of
// their own, where nobody else works, they delete and replace as programs do.
//
// A person belongs to one goroutine.
type person struct {
	name   string
	folder string
	trash  string // and what is being prepared
	own    string // directory in the folder
	rand   *rand.Rand
	diary  *diary

	ops   int
	made  map[string]int // operations by kind
	wrong []string       // what must not happen
}

func newPerson(n *node, seed uint64, d *diary) (*person, error) {
	p := &person{
		name: n.name, folder: n.folder, trash: n.folder + ".trash", own: "own-" + n.name,
		rand: rand.New(rand.NewPCG(seed, 0)), diary: d, made: map[string]int{},
	}
	return p, errors.Join(os.MkdirAll(p.trash, 0o755), os.MkdirAll(p.path(p.own), 0o755))
}

func (p *person) path(name string) string { return filepath.Join(p.folder, filepath.FromSlash(name)) }

// kinds are the operations, in the share each has.
var kinds = []struct {
	name  string
	share int
	do    func(p *person, d deed) error
}{
	{"create", 26, (*person).create},
	{"edit in place", 17, (*person).edit},
	{"save by rename", 15, (*person).save},
	{"append", 10, (*person).append},
	{"rename", 10, (*person).rename},
	{"delete", 10, (*person).delete},
	{"mkdir", 4, (*person).mkdir},
	{"move of a directory", 5, (*person).moveDirectory},
	{"delete of a directory", 3, (*person).deleteDirectory},
}

// errOvertaken is an operation that could not be done because what it was to be
// done to is not there, or something is in its way.
var errOvertaken = errors.New("overtaken")

// act does one operation.
func (p *person) act() {
	for {
		at := p.rand.IntN(100)
		for _, k := range kinds {
			if at -= k.share; at >= 0 {
				continue
			}
			err := k.do(p, deed{by: p.name, kind: k.name, op: p.ops, at: time.Now()})
			if err == nil {
				p.ops++
				p.made[k.name]++
				return
			}
			if !overtaken(err) {
				p.wrong = append(p.wrong, fmt.Sprintf("%s by %s: %v", k.name, p.name, err))
			}
			break
		}
	}
}

func overtaken(err error) bool {
	for _, e := range []error{errOvertaken, fs.ErrNotExist, fs.ErrExist, unix.ENOTDIR, unix.EISDIR, unix.EINVAL, unix.ENOTEMPTY} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// text makes a content that nobody has made before.
func (p *person) text(d deed) []byte {
	size := p.rand.IntN(3000)
	switch p.rand.IntN(40) {
	case 0:
		size = 1<<20 + p.rand.IntN(1<<20) // of several blocks
	case 1, 2, 3:
		size = p.rand.IntN(200 << 10)
	}
	head := fmt.Sprintf("%s, operation %d, %d\n", d.by, d.op, p.rand.Uint64())
	return append([]byte(head), noise(p.rand.Uint64(), size)...)
}

// create makes a file where none is.
func (p *person) create(d deed) error {
	d.name = path.Join(p.directory(), p.fileName())
	file, err := os.OpenFile(p.path(d.name), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	p.diary.pass(nil, d)
	return p.fill(file, p.text(d), d)
}

// fill writes a new file's content, often in two pieces, and closes it.
func (p *person) fill(file *os.File, text []byte, d deed) error {
	defer file.Close()
	cut := len(text)
	if p.rand.IntN(3) == 0 {
		cut = p.rand.IntN(len(text))
		p.diary.pass(text[:cut], d)
	}
	p.diary.grow(text, 0, d)
	p.diary.write(text, d)
	for _, piece := range [][]byte{text[:cut], text[cut:]} {
		if _, err := file.Write(piece); err != nil {
			return err
		}
	}
	return nil
}

// open opens a file that is there for reading and writing, and reads it. The
// caller closes it.
func (p *person) open(d *deed) (*os.File, []byte, error) {
	name, err := p.file()
	if err != nil {
		return nil, nil, err
	}
	d.name = name
	file, err := os.OpenFile(p.path(name), os.O_RDWR|unix.O_NOFOLLOW, 0)
	if err != nil {
		return nil, nil, err
	}
	text, err := io.ReadAll(file)
	if err != nil {
		file.Close()
		return nil, nil, err
	}
	p.recognise(sha256.Sum256(text), name)
	return file, text, nil
}

// recognise checks that what is at a path is something that somebody wrote.
func (p *person) recognise(sum content, name string) {
	if !p.diary.knows(sum) {
		p.wrong = append(p.wrong, fmt.Sprintf("%s found %x at %q, which nobody has written", p.name, sum[:4], name))
	}
}

// atOnce is how many bytes are seen to change at once where a file is
// overwritten, but for a miracle.
const atOnce = 512

// edit changes a file in place: all of it, or some bytes in the middle.
func (p *person) edit(d deed) error {
	file, old, err := p.open(&d)
	if err != nil {
		return err
	}
	if len(old) > 100 && p.rand.IntN(2) == 0 {
		defer file.Close()
		piece := p.text(d)
		piece = piece[:min(len(piece), len(old)/2, atOnce)]
		at := p.rand.IntN(len(old) - len(piece))
		text := slices.Concat(old[:at], piece, old[at+len(piece):])
		p.diary.write(text, d)
		_, err := file.WriteAt(piece, int64(at))
		p.diary.end(sha256.Sum256(old), d)
		return err
	}
	p.diary.pass(nil, d)
	if err := file.Truncate(0); err != nil {
		file.Close()
		return err
	}
	p.diary.end(sha256.Sum256(old), d)
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		file.Close()
		return err
	}
	return p.fill(file, p.text(d), d)
}

func (p *person) append(d deed) error {
	file, old, err := p.open(&d)
	if err != nil {
		return err
	}
	defer file.Close()
	more := p.text(d)
	p.diary.grow(slices.Concat(old, more), len(old), d)
	p.diary.write(slices.Concat(old, more), d)
	_, err = file.Write(more) // at the end, where reading has come to
	p.diary.end(sha256.Sum256(old), d)
	return err
}

// save writes a new file beside the folder and puts it in the place of one that
// is there.
func (p *person) save(d deed) error {
	name, err := p.file()
	if err != nil {
		return err
	}
	d.name = name
	aside := p.aside(d)
	text := p.text(d)
	p.diary.write(text, d)
	if err := os.WriteFile(aside, text, 0o644); err != nil {
		return err
	}
	if strings.HasPrefix(name, p.own+"/") {
		return p.destroy(d, func() error { return os.Rename(aside, p.path(name)) })
	}
	err = unix.Renameat2(unix.AT_FDCWD, aside, unix.AT_FDCWD, p.path(name), unix.RENAME_EXCHANGE)
	if err != nil {
		p.diary.end(sha256.Sum256(text), d) // it stays in the trash
	}
	return err
}

// aside is where something goes that this operation takes out of the folder.
func (p *person) aside(d deed) string {
	return filepath.Join(p.trash, fmt.Sprintf("%d-%d", d.op, p.rand.Uint32()))
}

// delete removes a file.
func (p *person) delete(d deed) error {
	name, err := p.file()
	if err != nil {
		return err
	}
	d.name = name
	if strings.HasPrefix(name, p.own+"/") {
		return p.destroy(d, func() error { return os.Remove(p.path(name)) })
	}
	return os.Rename(p.path(name), p.aside(d))
}

// destroy does what ends the file of an own name for good, and notes which it
// was.
func (p *person) destroy(d deed, do func() error) error {
	file, err := os.Open(p.path(d.name))
	if err != nil {
		return err
	}
	defer file.Close()
	h := sha256.New()
	if _, err := io.Copy(h, file); err != nil {
		return err
	}
	if err := do(); err != nil {
		return err
	}
	sum := content(h.Sum(nil))
	p.recognise(sum, d.name)
	var stat unix.Stat_t
	if err := unix.Fstat(int(file.Fd()), &stat); err != nil {
		return err
	}
	if stat.Nlink != 0 {
		return fmt.Errorf("%q was another file than a moment before, and nobody else works there", d.name)
	}
	p.diary.end(sum, d)
	return nil
}

func (p *person) rename(d deed) error {
	from, err := p.file()
	if err != nil {
		return err
	}
	return p.move(from, path.Join(p.directory(), p.fileName()))
}

// move renames what is there, of whatever kind; nothing is replaced.
func (p *person) move(from, to string) error {
	return unix.Renameat2(unix.AT_FDCWD, p.path(from), unix.AT_FDCWD, p.path(to), unix.RENAME_NOREPLACE)
}

func (p *person) mkdir(d deed) error {
	return os.Mkdir(p.path(path.Join(p.directory(), p.directoryName())), 0o755)
}

func (p *person) moveDirectory(d deed) error {
	from := p.directory()
	if from == "" || strings.HasPrefix(from, "own-") {
		return errOvertaken
	}
	to := path.Join(p.directory(), p.directoryName())
	if strings.HasPrefix(to, "own-") {
		return errOvertaken
	}
	return p.move(from, to)
}

// deleteDirectory removes a directory with all that is in it.
func (p *person) deleteDirectory(d deed) error {
	name := p.directory()
	if name == "" || strings.HasPrefix(name, "own-") {
		return errOvertaken
	}
	return os.Rename(p.path(name), p.aside(d))
}

// Names are few, so that both persons come to use the same ones.
func (p *person) fileName() string      { return fmt.Sprintf("f%02d", p.rand.IntN(40)) }
func (p *person) directoryName() string { return fmt.Sprintf("d%d", p.rand.IntN(8)) }

// directory chooses a directory, "" for the root: no other person's own one.
func (p *person) directory() string {
	name := ""
	for p.rand.IntN(3) != 0 {
		inner := p.entries(name, true)
		if len(inner) == 0 {
			break
		}
		name = path.Join(name, inner[p.rand.IntN(len(inner))])
	}
	return name
}

// file chooses a file that is there.
func (p *person) file() (string, error) {
	for range 8 {
		dir := p.directory()
		if files := p.entries(dir, false); len(files) > 0 {
			return path.Join(dir, files[p.rand.IntN(len(files))]), nil
		}
	}
	return "", errOvertaken
}

// entries lists the directories or the files in a directory.
func (p *person) entries(dir string, directories bool) []string {
	list, err := os.ReadDir(p.path(dir))
	if err != nil {
		return nil // it has just gone
	}
	var names []string
	for _, e := range list {
		if e.Name() == workDir || strings.HasPrefix(e.Name(), "own-") && e.Name() != p.own {
			continue
		}
		if e.IsDir() == directories && (directories || e.Type().IsRegular()) {
			names = append(names, e.Name())
		}
	}
	return names
}
