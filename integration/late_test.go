package integration

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// writerVariable names the file that the test's program opens when it is run
// as another program: one that keeps files open.
const writerVariable = "LABSYNC_TEST_WRITER"

// lateText is what that program writes at the end of its file.
const lateText = ", and a second later"

// lateWriter opens a file, says so, and a second after it was told to writes
// at the file's end and closes it.
func lateWriter(path string, in io.Reader, out io.Writer) int {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	fmt.Fprintln(out, "open")
	if _, err := bufio.NewReader(in).ReadString('\n'); err != nil {
		return 1 // the test has ended
	}
	time.Sleep(time.Second) // what this program is made for
	if _, err := file.WriteString(lateText); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	if err := file.Close(); err != nil {
		return 1
	}
	return 0
}

// writer is that program while it has a file open.
type writer struct {
	n   *node
	cmd *exec.Cmd
	in  io.WriteCloser
}

// open starts the program on a file and returns once it has the file open.
func (n *node) open(name string) *writer {
	n.t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), writerVariable+"="+n.path(name))
	cmd.Stderr = os.Stderr
	dieWithTests(cmd)
	in, err := cmd.StdinPipe()
	n.must(err)
	out, err := cmd.StdoutPipe()
	n.must(err)
	n.must(cmd.Start())
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil {
		n.t.Fatalf("%s: the program that keeps %s open said %q: %v", n.name, name, line, err)
	}
	return &writer{n, cmd, in}
}

// finish lets the program write, which takes it a second, and end.
func (w *writer) finish() {
	w.n.t.Helper()
	_, err := io.WriteString(w.in, "\n")
	w.n.must(err)
	w.n.must(w.cmd.Wait())
}

// TestWhatIsWrittenAfterAPlacementIsAHead has a program open a file after the
// receiver has found that nobody has, and write when the file is long displaced.
func TestWhatIsWrittenAfterAPlacementIsAHead(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, point string
		sent        func(n *node)
		want        []string
	}{
		{"a file that is replaced", "pull.exchange", sendEdit, []string{sentText, oldText + lateText}},
		{"a file that is deleted", "pull.delete", sendDelete, []string{oldText + lateText}},
	} {
		for _, end := range []string{"", ", with a restart before the write", ", with a death before it is recorded"} {
			t.Run(tt.name+end, func(t *testing.T) {
				t.Parallel()
				c := NewCluster(t, 2, options{})
				c.Write(0, "d/name", oldText)
				c.AwaitEqual()
				still := c.standAt(1, tt.point)
				tt.sent(c.nodes[0])
				still.await(c.nodes[1], nil)
				program := c.nodes[1].open("d/name")
				still.release(c.nodes[1])
				c.nodes[1].await("the sender's change to be placed", func() bool { return !c.nodes[1].holds("d/name", oldText) })
				dies := strings.Contains(end, "death")
				if end != "" {
					c.AwaitTree(c.Tree(0)) // so that the placement is recorded
					c.Kill(1)
					if dies {
						c.restart(1, "pull.late=kill@1")
					} else {
						c.restart(1, "")
					}
				}
				program.finish()
				if dies {
					<-c.nodes[1].ended
					c.nodes[1].gone()
					c.restart(1, "")
				}
				c.nodes[1].await("the late bytes to be a head", func() bool {
					_, found := c.nodes[1].texts(c.Tree(1))[oldText+lateText]
					return found
				})
				c.checkTexts(tt.want...)
			})
		}
	}
}

// TestAFileThatIsOpenForWritingIsNotReplaced is the other order: the program
// had the file open before, so the placement waits for it.
func TestAFileThatIsOpenForWritingIsNotReplaced(t *testing.T) {
	t.Parallel()
	c := NewCluster(t, 2, options{})
	c.Write(0, "d/name", oldText)
	c.AwaitEqual()
	program := c.nodes[1].open("d/name")
	sendEdit(c.nodes[0])
	c.nodes[1].awaitProblem("d/name", "in-use", "d/name", "open for writing")
	if !c.nodes[1].holds("d/name", oldText) {
		t.Error("the file was replaced under the program that has it open")
	}
	program.finish()
	c.checkTexts(sentText, oldText+lateText)
	c.nodes[1].awaitNoProblem()
}
