package wire

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/labsync/labsync/internal/device"
)

var capture = flag.Bool("capture", false, "write what the installed syncthing says to testdata/syncthing")

// TestSyncthingAcceptsUs lets a real syncthing dial us: it accepts our
// certificate, our Hello and our ClusterConfig, and we read its own and its
// index. With -capture the bytes are kept for TestCaptures.
func TestSyncthingAcceptsUs(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a process")
	}
	program, err := exec.LookPath("syncthing")
	if err != nil {
		t.Skip("syncthing is not installed")
	}
	ours, err := device.Create(t.TempDir(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }() // ends the accept below
	theirs := startSyncthing(t, program, ours.ID(), l.Addr().String())

	conn, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	config := ours.TLS(func(id device.ID) error {
		if id != theirs {
			return fmt.Errorf("device %s came", id)
		}
		return nil
	}, "bep/1.0")
	c := tls.Server(conn, config)
	defer func() { _ = c.Close() }()
	if err := c.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	talk(t, c, ours.ID(), theirs)
}

// talk says what a device with an empty folder says, and reads the answers.
func talk(t *testing.T, c *tls.Conn, ours, theirs device.ID) {
	if err := WriteBEPHello(c, Hello{DeviceName: "bench", ClientName: "labsync", ClientVersion: "v1.0.0"}); err != nil {
		t.Fatal(err)
	}
	rec := &recorder{r: c}
	hello, err := ReadBEPHello(rec)
	if err != nil {
		t.Fatal(err)
	}
	rec.keep(t, "hello")
	if hello.ClientName != "syncthing" || !strings.HasPrefix(hello.ClientVersion, "v1.") {
		t.Errorf("hello is %+v", hello)
	}
	cluster := ClusterConfig{Folders: []Folder{{ID: "lab", Label: "Lab", Devices: []Device{{ID: ours}, {ID: theirs}}}}}
	if err := WriteBEP(c, TypeClusterConfig, AppendClusterConfig(nil, cluster), false); err != nil {
		t.Fatal(err)
	}
	// The first index is empty when the folder has not been scanned yet.
	for seen := map[Type]bool{}; !seen[TypeClusterConfig] || !seen[TypeIndex] && !seen[TypeIndexUpdate]; {
		kind, payload, err := ReadBEP(rec)
		if err != nil {
			t.Fatalf("read after %v: %v", seen, err)
		}
		switch kind {
		case TypeClusterConfig:
			seen[kind] = true
			rec.keep(t, "cluster")
			got, err := ParseClusterConfig(payload)
			if err != nil || len(got.Folders) != 1 || got.Folders[0].ID != "lab" || len(got.Folders[0].Devices) != 2 {
				t.Errorf("cluster configuration %+v, %v", got, err)
			}
		case TypeIndex, TypeIndexUpdate:
			in, err := ParseBEPIndex(payload, time.Now().Unix())
			if err != nil || len(in.Rejected) > 0 {
				t.Errorf("index %+v, %v", in, err)
			}
			if len(in.Updates) == 0 {
				rec.b.Reset()
				continue
			}
			seen[kind] = true
			rec.keep(t, "index")
			if err := compareIndex(in); err != nil {
				t.Error(err)
			}
		}
	}
	// It asks for nothing and closes nothing: an orderly end is a Close of ours.
	if err := WriteBEP(c, TypeClose, AppendClose(nil, "done"), false); err != nil {
		t.Error(err)
	}
}

// recorder keeps the bytes that were read since the last message.
type recorder struct {
	r io.Reader
	b bytes.Buffer
}

func (r *recorder) Read(p []byte) (int, error) {
	n, err := r.r.Read(p)
	r.b.Write(p[:n])
	return n, err
}

func (r *recorder) keep(t *testing.T, name string) {
	if *capture {
		if err := os.WriteFile(filepath.Join("testdata", "syncthing", name+".bin"), r.b.Bytes(), 0o644); err != nil {
			t.Error(err)
		}
	}
	r.b.Reset()
}

// startSyncthing runs a syncthing on loopback that knows us and has a small
// folder, and returns its ID. It is killed at the end of the test.
func startSyncthing(t *testing.T, program string, peer device.ID, address string) device.ID {
	home, folder := filepath.Join(t.TempDir(), "home"), t.TempDir()
	run := func(args ...string) string {
		cmd := exec.Command(program, args...)
		cmd.Env = append(os.Environ(), "HOME="+home, "STNODEFAULTFOLDER=1")
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Skipf("syncthing does not run here: %v: %s", err, out)
		}
		return string(out)
	}
	run("generate", "--home="+home, "--no-default-folder")
	id, err := device.ParseID(strings.TrimSpace(run("--home="+home, "--device-id")))
	if err != nil {
		t.Fatal(err)
	}
	fill(t, folder)
	path := filepath.Join(home, "config.xml")
	old, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(configure(string(old), id, peer, address, folder)), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, program, "serve", "--home="+home, "--no-browser", "--no-upgrade", "--no-restart")
	// One process, so that the kill at the end reaches all of it.
	cmd.Env = append(os.Environ(), "HOME="+home, "STMONITORED=yes", "STNOUPGRADE=1")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		if err := cmd.Wait(); err != nil && !isExit(err) {
			t.Error(err)
		}
	})
	return id
}

func isExit(err error) bool {
	var exit *exec.ExitError
	return errors.As(err, &exit)
}

// configure puts loopback, the peer and the folder into a generated config.xml.
func configure(xml string, id, peer device.ID, address, folder string) string {
	set := func(tag, value string) {
		xml = regexp.MustCompile(`<`+tag+`>[^<]*</`+tag+`>`).ReplaceAllString(xml, "<"+tag+">"+value+"</"+tag+">")
	}
	set("listenAddress", "tcp://127.0.0.1:0")
	for _, tag := range []string{
		"globalAnnounceEnabled", "localAnnounceEnabled", "relaysEnabled", "natEnabled",
		"crashReportingEnabled", "startBrowser",
	} {
		set(tag, "false")
	}
	set("urAccepted", "-1")
	set("autoUpgradeIntervalH", "0")
	set("reconnectionIntervalS", "1")
	xml = strings.Replace(xml, "<address>127.0.0.1:8384</address>", "<address>127.0.0.1:0</address>", 1)
	add := fmt.Sprintf(`<folder id="lab" label="Lab" path=%q type="sendreceive" rescanIntervalS="3600" fsWatcherEnabled="false">
<filesystemType>basic</filesystemType><device id="%s"></device><device id="%s"></device></folder>
<device id="%s" name="bench" compression="always"><address>tcp://%s</address></device>
</configuration>`, folder, id, peer, peer, address)
	return strings.Replace(xml, "</configuration>", add, 1)
}
