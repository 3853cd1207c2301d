package tool

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strconv"

	"github.com/labsync/labsync/integration/bench/observe"
)

// Tool is a program in one of its settings.
type Tool interface {
	// Version is what the program says it is.
	Version(ctx context.Context) (string, error)
	// New prepares n devices below dir, which exists. Nothing runs yet.
	New(ctx context.Context, dir string, n int) (Cluster, error)
}

// Cluster is a number of devices, each with a home and its copy of the one
// folder. Devices are counted from 0; changes are made on device 0.
type Cluster interface {
	// Folder is where device i has its copy, Home where it keeps what it knows.
	Folder(i int) string
	Home(i int) string
	// Start starts device i, Stop ends it as Ctrl-C does and returns when it has.
	Start(i int) error
	Stop(i int) error
	// Linked reports whether all devices are connected and have told each other
	// what they have.
	Linked(ctx context.Context) (bool, error)
	// Scanned reports whether device i has compared its whole disk with what it
	// knew since it was started last, and how many files it found.
	Scanned(ctx context.Context, i int) (files int64, done bool, err error)
	// Carry makes device 0's changes known where that takes a command.
	Carry(ctx context.Context) error
	// Uploaded is how many bytes device i sent since it was started.
	Uploaded(ctx context.Context, i int) (int64, error)
	// Usage is what device i has used since it was started last.
	Usage(i int) (observe.Usage, error)
	// Close ends what still runs.
	Close() error
}

// ErrNotOffered is what a Cluster answers that cannot do what it is asked.
var ErrNotOffered = errors.New("this tool does not do that")

// layout is where a cluster's devices have their files, and their processes.
type layout struct {
	dir   string
	host  string     // loopback address, the cluster's own
	procs []*process // nil where none was started
}

func newLayout(dir string, n int) (layout, error) {
	l := layout{dir: dir, host: host(), procs: make([]*process, n)}
	for i := range n {
		if err := errors.Join(os.MkdirAll(l.Folder(i), 0o755), os.MkdirAll(l.Home(i), 0o700)); err != nil {
			return l, err
		}
	}
	return l, nil
}

func (l *layout) Folder(i int) string  { return filepath.Join(l.dir, "folder"+strconv.Itoa(i)) }
func (l *layout) Home(i int) string    { return filepath.Join(l.dir, "home"+strconv.Itoa(i)) }
func (l *layout) logPath(i int) string { return l.Home(i) + ".log" }

func (l *layout) Usage(i int) (observe.Usage, error) {
	if l.procs[i] == nil {
		return observe.Usage{}, nil
	}
	return l.procs[i].usage()
}

func (l *layout) Stop(i int) error {
	if l.procs[i] == nil {
		return nil
	}
	return l.procs[i].stop()
}

func (l *layout) Close() error {
	var errs []error
	for i := range l.procs {
		errs = append(errs, l.Stop(i))
	}
	return errors.Join(errs...)
}

// Ports of devices and of their interfaces; device i has the i-th from there.
const (
	devicePort = 22000
	askPort    = 23000
)

// host draws a loopback address for a cluster, so that no two clusters, nor
// anything else on the machine, are in each other's way.
func host() string {
	return fmt.Sprintf("127.%d.%d.%d", 1+rand.IntN(254), rand.IntN(256), 1+rand.IntN(254))
}

// at is the address of a port of device i.
func (l *layout) at(port, i int) string { return net.JoinHostPort(l.host, strconv.Itoa(port+i)) }
