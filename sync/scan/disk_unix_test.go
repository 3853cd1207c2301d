//go:build unix

package scan

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

func TestPipesAndUnreadableFilesAreProblems(t *testing.T) {
	root := t.TempDir()
	if err := syscall.Mkfifo(filepath.Join(root, "pipe"), 0o600); err != nil {
		t.Skipf("cannot make a pipe: %v", err)
	}
	if err := os.WriteFile(filepath.Join(root, "secret"), []byte("x"), 0o000); err != nil {
		t.Fatal(err)
	}
	want := []string{"pipe faulty not-a-file", "secret faulty unreadable"}
	if os.Geteuid() == 0 {
		want[1] = "secret changed" // root reads everything
	}
	(&world{t: t}).expect("scan", newFixture(t, root).scan(t, false), want...)
}
