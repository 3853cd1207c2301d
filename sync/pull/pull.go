package pull

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"sync"
	"time"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/internal/device"
	"github.com/labsync/labsync/internal/folderfs"
)

// Source finds devices to fetch from.
type Source interface {
	// Peers returns the connected devices that have a file with this content,
	// best first. It is asked again, about every second, while a content is
	// fetched: a device that it names by then joins in, one that it names no
	// longer is not asked any more.
	Peers(content index.Hash) []Peer
}

// Peer is a connected device that can be asked for bytes. Its methods are
// called from several goroutines.
type Peer interface {
	Device() device.ID
	// Request fetches ranges. The answers are in the order of want; nil stands
	// for a range the device does not have. An error means that none of them
	// can be had from it now.
	Request(ctx context.Context, want []Range) ([][]byte, error)
}

// Range is a part of a block, at most MaxRange bytes.
type Range struct {
	Name   string     // of the file, as the one who asks knows it
	Hash   index.Hash // of the whole block
	Offset int64      // of the range in the file
	Size   int32
}

// MaxRange is the largest range that is asked for at once, in bytes.
const MaxRange = 1 << 20

// Puller brings versions from other devices into one folder. Fetch may run
// beside everything else, for names that no other Fetch or Place works on;
// Place, Recheck and Recover wait for one another.
type Puller struct {
	fs  folderfs.Writer
	idx index.Store
	src Source
	opt Options

	placing   sync.Mutex // held by the calls that touch users' files
	unsettled bool       // a step was left with its intent pending; under placing
	watch     watchlist  // under placing
	serial    int        // makes keys of displaced files differ; under placing
	// anchored are the inodes of directories that were there before something
	// was put below them, and have been made durable for its sake; under placing.
	anchored map[string]uint64

	lent   []lent    // directories that are open for their owner; under placing
	tidied time.Time // when tmp/ was last looked through; under placing

	mu        sync.Mutex       // guards what follows
	temps     map[string]*temp // what is known of files in tmp/, by name
	flying    map[string]int   // keys of what Fetches work on, how many; -1: see ground
	works     map[index.Hash][]string
	ready     map[string]bool // partial files that are whole and durable
	leftovers leftovers
	strikes   map[strike]offence
}

// strike counts bad blocks by who sent them and for which content.
type strike struct {
	device  device.ID
	content index.Hash
}

// New returns a Puller for the folder. It starts nothing and reads nothing.
func New(fs folderfs.Writer, idx index.Store, src Source, opt Options) *Puller {
	return &Puller{
		fs: fs, idx: idx, src: src, opt: opt.withDefaults(), anchored: map[string]uint64{},
		temps: map[string]*temp{}, flying: map[string]int{}, ready: map[string]bool{}, strikes: map[strike]offence{},
	}
}

// tempOf is where the content of an entry is assembled.
func tempOf(e *index.Entry, kind folderfs.WorkKind) string {
	return folderfs.Work{Hash: e.Hash, Key: keyOf(e.Name), Kind: kind}.String()
}

// keyOf is the key of what is assembled for a name, so that two names with one
// content do not share a file.
func keyOf(name string) string {
	sum := sha256.Sum256([]byte(name))
	return hex.EncodeToString(sum[:8])
}

func linkHash(text string) index.Hash { return sha256.Sum256([]byte(text)) }
