package integration

import (
	"bufio"
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/internal/api"
)

// injection makes some system calls of a daemon fail until it is healed.
type injection struct {
	call  string
	error string
	first int    // of each thread's calls that fails; the following fail too
	path  string // of this file or directory only, "" for all; INDEX and FOLDER are the node's
}

// traced are the calls that tell what became of a file whose fsync failed.
const traced = "trace=fsync,openat,openat2,unlinkat,renameat2"

// inject lets calls of the node's next daemon fail, and returns where strace
// logs them. It skips the test where that cannot be done.
func (n *node) inject(in injection) (log string) {
	n.t.Helper()
	rules := []string{"-e", traced + "," + in.call, "-e", fmt.Sprintf("inject=%s:error=%s:when=%d+", in.call, in.error, in.first)}
	if in.path != "" {
		database, err := filepath.Glob(filepath.Join(n.home, "index", "*.db"))
		n.must(err)
		rules = append(rules, "-P", strings.NewReplacer("INDEX", database[0], "FOLDER", n.folder).Replace(in.path))
	}
	tracer := func(log string, program ...string) []string {
		// The daemon is the process started, strace a grandchild of it that a
		// signal ends without harm to the daemon.
		line := append([]string{"strace", "-D", "-I1", "-f", "-qq", "-y", "-o", log}, rules...)
		return append(append(line, "--"), program...)
	}
	try := tracer(os.DevNull, "true")
	if out, err := exec.Command(try[0], try[1:]...).CombinedOutput(); err != nil {
		n.t.Skipf("system calls cannot be made to fail here: %v %s", err, out)
	}
	log = filepath.Join(n.t.TempDir(), "calls")
	n.wrap = func(args []string) []string {
		if !slices.Contains(args, "up") {
			return args
		}
		return tracer(log, args...)
	}
	return log
}

// heal lets no more calls of the daemon fail.
func (n *node) heal() {
	n.t.Helper()
	n.wrap = nil
	n.must(syscall.Kill(n.tracer(), syscall.SIGTERM))
	n.await("the tracer to be gone", func() bool { return n.tracer() == 0 })
}

// tracer is the process that traces the daemon, 0 for none.
func (n *node) tracer() int {
	n.t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", n.cmd.Process.Pid))
	n.must(err)
	_, after, _ := strings.Cut(string(text), "TracerPid:")
	pid, err := strconv.Atoi(strings.Fields(after)[0])
	n.must(err)
	return pid
}

// TestCallsThatFailLoseNothing lets calls of the receiver fail while changes
// of all kinds arrive. It has to come to agree with the sender by itself, to
// show nothing half done meanwhile, and its index must not say what the disk
// does not hold.
func TestCallsThatFailLoseNothing(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		in   injection
	}{
		{"fsync of the index", injection{"fsync", "EIO", 1, "INDEX-wal"}},
		{"fsync of a directory", injection{"fsync", "EIO", 1, "FOLDER/d"}},
		{"fsync of anything, after a while", injection{"fsync", "EIO", 6, ""}},
		{"writes find no space", injection{"pwrite64", "ENOSPC", 12, ""}},
		{"writes fail", injection{"pwrite64", "EIO", 14, ""}},
		{"renames fail", injection{"renameat2", "EIO", 2, ""}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := NewCluster(t, 2, options{})
			a, b := c.nodes[0], c.nodes[1]
			const files = 40
			for i := range files {
				a.write(fmt.Sprintf("d/f%d", i), string(noise(uint64(i), 5_000)))
			}
			old := c.AwaitEqual()
			c.Stop(1)
			log := b.inject(tt.in)
			c.Start(1)
			for i := range files {
				name := fmt.Sprintf("d/f%d", i)
				switch i % 4 {
				case 0:
					a.remove(name)
				case 1:
					a.rename(name, fmt.Sprintf("d/moved%d", i))
				default:
					a.save(name, string(noise(uint64(i)+files, 6_000)))
				}
				a.save(fmt.Sprintf("d/new%d", i), string(noise(uint64(i)+2*files, 5_000)))
			}
			a.saveNoise("big", 3, 3<<20)
			sent := c.Tree(0)
			known := map[content]bool{}
			for _, tree := range []Tree{old, sent} {
				for _, o := range tree {
					known[o.Sum] = true
				}
			}
			whole := func() {
				for name, o := range c.Tree(1) {
					if o.Kind == 0 && !known[o.Sum] {
						t.Fatalf("a part of %s can be seen", name)
					}
				}
			}
			b.awaitFolder("a problem to be said", func(f *api.Folder) bool { whole(); return len(f.Errors) > 0 })
			c.Write(0, "d/meanwhile", "passes all that was sent before")
			sent["d/meanwhile"] = c.Tree(0)["d/meanwhile"]
			known[sent["d/meanwhile"].Sum] = true
			b.heal()
			b.await("what was sent", func() bool { whole(); return b.exists("d/meanwhile") })
			c.AwaitTree(sent)
			c.Kill(1)
			b.checkIndex()
			checkCalls(t, log)
			c.Start(1)
			c.AwaitTree(sent)
			b.awaitNoProblem()
		})
	}
}

var (
	failedSync = regexp.MustCompile(`fsync\(\d+<([^>]*/\.labsync/tmp/[^>]*)>\) += -1`)
	created    = regexp.MustCompile(`openat2?\(.*O_CREAT.*\) += \d+<([^>]*)>`)
	unlinked   = regexp.MustCompile(`unlinkat\(\d+<([^>]*)>, "([^"]*)".*\) += 0`)
	renamed    = regexp.MustCompile(`renameat2\(\d+<([^>]*)>, "([^"]*)".*\) += 0`)
)

// checkCalls checks that calls failed, and that a file whose fsync failed was
// written anew and not used: the system may have forgotten that it is not on
// disk.
func checkCalls(t *testing.T, log string) {
	t.Helper()
	file, err := os.Open(log)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	failures := 0
	begun := map[string]string{} // by thread: a call that has not ended
	unsafe := map[string]bool{}
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		thread, call, _ := strings.Cut(lines.Text(), " ")
		if head, unfinished := strings.CutSuffix(call, " <unfinished ...>"); unfinished {
			begun[thread] = head
			continue
		}
		if _, tail, resumed := strings.Cut(call, " resumed>"); resumed {
			call = begun[thread] + tail
		}
		if strings.Contains(call, "(INJECTED)") {
			failures++
		}
		if m := failedSync.FindStringSubmatch(call); m != nil {
			unsafe[m[1]] = true
		} else if m := created.FindStringSubmatch(call); m != nil {
			delete(unsafe, m[1])
		} else if m := unlinked.FindStringSubmatch(call); m != nil {
			delete(unsafe, m[1]+"/"+m[2])
		} else if m := renamed.FindStringSubmatch(call); m != nil && unsafe[m[1]+"/"+m[2]] {
			t.Errorf("a file was used after its fsync had failed: %s", call)
		}
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d calls failed", failures)
	if failures == 0 {
		t.Error("no call failed, which shows nothing")
	}
}

// checkIndex checks that what the index of a node that does not run says of
// each file is what the disk holds.
func (n *node) checkIndex() {
	n.t.Helper()
	const page = 1000
	ctx, seen := n.t.Context(), 0
	x := n.openIndex()
	defer x.Close()
	for after := ""; ; {
		held, err := x.Locals(ctx, "", after, page)
		n.must(err)
		for i := range held {
			if after = held[i].Entry.Name; held[i].Entry.Type != index.File {
				continue
			}
			full, err := x.Local(ctx, after)
			n.must(err)
			text, err := os.ReadFile(n.path(after))
			if seen++; err != nil {
				n.t.Errorf("the index of %s has %s: %v", n.name, after, err)
			} else if full.Flags&index.MustRescan == 0 && !holdsBlocks(text, full.Entry.Blocks) {
				n.t.Errorf("the index of %s is wrong about %s", n.name, after)
			}
		}
		if len(held) < page {
			break
		}
	}
	if seen == 0 {
		n.t.Errorf("the index of %s has no file", n.name)
	}
}

func holdsBlocks(text []byte, blocks []index.Block) bool {
	for _, b := range blocks {
		if int(b.Size) > len(text) || sha256.Sum256(text[:b.Size]) != b.Hash {
			return false
		}
		text = text[b.Size:]
	}
	return len(text) == 0
}
