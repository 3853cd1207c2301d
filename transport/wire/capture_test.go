package wire

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/labsync/labsync/index"
)

// The folder that the captures were made with.
const (
	bigSize    = 300_000
	smallBytes = "hello, syncthing\n"
)

func fill(t *testing.T, dir string) {
	t.Helper()
	for _, f := range []func() error{
		func() error { return os.Mkdir(filepath.Join(dir, "dir"), 0o755) },
		func() error { return os.WriteFile(filepath.Join(dir, "dir", "small.txt"), []byte(smallBytes), 0o644) },
		func() error {
			return os.WriteFile(filepath.Join(dir, "big.bin"), bytes.Repeat([]byte("0123456789"), bigSize/10), 0o600)
		},
		func() error { return os.WriteFile(filepath.Join(dir, "empty"), nil, 0o755) },
		func() error { return os.Symlink("dir/small.txt", filepath.Join(dir, "link")) },
		func() error { return os.Mkdir(filepath.Join(dir, ".stfolder"), 0o755) },
	} {
		if err := f(); err != nil {
			t.Fatal(err)
		}
	}
}

// compareIndex holds an index received against that folder.
func compareIndex(in Index) error {
	var got []string
	for _, u := range in.Updates {
		e := u.Heads[0]
		got = append(got, fmt.Sprintf("%s %v %d %o %d %d %q", e.Name, e.Type, e.Size, e.Mode, e.BlockSize, len(e.Blocks), e.Target))
		if e.Version.Counter(e.ModifiedBy) == 0 || e.Type == index.File && e.Hash != index.HashBlocks(e.Blocks) {
			return fmt.Errorf("version or hash of %q", e.Name)
		}
	}
	slices.Sort(got)
	want := []string{
		`big.bin file 300000 600 131072 3 ""`,
		`dir directory 0 755 0 0 ""`,
		`dir/small.txt file 17 644 131072 1 ""`,
		`empty file 0 755 131072 1 ""`,
		`link symlink 0 777 0 0 "dir/small.txt"`,
	}
	// Syncthing may announce what it scanned so far and the rest later.
	if len(got) == 0 || in.Folder != "lab" {
		return fmt.Errorf("index of %q has %d entries", in.Folder, len(got))
	}
	for _, g := range got {
		if !slices.Contains(want, g) && !strings.HasPrefix(g, "link symlink") {
			return fmt.Errorf("index has %s, which is not among\n%s", g, strings.Join(want, "\n"))
		}
	}
	return nil
}

// TestCaptures reads bytes that Debian's syncthing 1.19.2 sent to us
// (testdata/syncthing/README.md), and writes them again to the same meaning.
func TestCaptures(t *testing.T) {
	const now = 1_800_000_000
	hello, err := ReadBEPHello(open(t, "hello"))
	if err != nil || hello.ClientName != "syncthing" || hello.ClientVersion != "v1.19.2-ds1" {
		t.Errorf("hello %+v, %v", hello, err)
	}
	var again bytes.Buffer
	if err := WriteBEPHello(&again, hello); err != nil || !bytes.Equal(again.Bytes(), contents(t, "hello")) {
		t.Errorf("hello is written as %x, %v", again.Bytes(), err)
	}
	kind, payload, err := ReadBEP(open(t, "cluster"))
	if err != nil || kind != TypeClusterConfig {
		t.Fatalf("type %d, %v", kind, err)
	}
	cluster, err := ParseClusterConfig(payload)
	if err != nil || len(cluster.Folders) != 1 || cluster.Folders[0].Label != "Lab" {
		t.Errorf("cluster %+v, %v", cluster, err)
	}
	if d := cluster.Folders[0].Devices; len(d) != 2 || d[0].IndexID == 0 && d[1].IndexID == 0 {
		t.Errorf("devices %+v", d)
	}
	raw := contents(t, "index")
	kind, payload, err = ReadBEP(bytes.NewReader(raw))
	if err != nil || kind != TypeIndex {
		t.Fatalf("type %d, %v", kind, err)
	}
	if !strings.Contains(hex.EncodeToString(raw[:8]), "1001") {
		t.Error("the index is not compressed: the capture proves nothing about LZ4")
	}
	in, err := ParseBEPIndex(payload, now)
	if err != nil || len(in.Rejected) > 0 {
		t.Errorf("index %+v, %v", in, err)
	}
	if err := compareIndex(in); err != nil {
		t.Error(err)
	}
	again.Reset()
	if err := WriteBEP(&again, kind, payload, true); err != nil {
		t.Fatal(err)
	}
	if _, back, err := ReadBEP(&again); err != nil || !bytes.Equal(back, payload) {
		t.Errorf("LZ4 does not come back: %v", err)
	}
}

func open(t *testing.T, name string) *bytes.Reader { return bytes.NewReader(contents(t, name)) }

func contents(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", "syncthing", name+".bin"))
	if err != nil {
		t.Fatal(err)
	}
	return b
}
