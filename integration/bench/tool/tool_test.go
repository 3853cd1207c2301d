package tool

import (
	"encoding/xml"
	"errors"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

func TestSyncthingIsTalkedToOnLoopbackOnly(t *testing.T) {
	l, err := newLayout(t.TempDir(), 3)
	if err != nil {
		t.Fatal(err)
	}
	c := &syncthing{layout: l, tool: Syncthing{Delay: time.Second}, ids: []string{"AAA", "BBB", "CCC"}}
	text, err := xml.Marshal(c.config(1))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`fsWatcherDelayS="1"`, // 1.19 takes whole numbers only
		`path="` + l.Folder(1) + `"`,
		`<listenAddress>tcp://` + l.host + `:22001</listenAddress>`,
		`<device id="CCC" name="node2" compression="metadata"><address>tcp://` + l.host + `:22002</address></device>`,
		`<globalAnnounceEnabled>false</globalAnnounceEnabled>`, `<localAnnounceEnabled>false</localAnnounceEnabled>`,
		`<relaysEnabled>false</relaysEnabled>`, `<natEnabled>false</natEnabled>`, `<crashReportingEnabled>false</crashReportingEnabled>`,
	} {
		if !strings.Contains(string(text), want) {
			t.Errorf("the configuration lacks %s:\n%s", want, text)
		}
	}
	if !strings.HasPrefix(l.host, "127.") {
		t.Errorf("its address is %s", l.host)
	}
}

func TestRsyncGoesFromOneDeviceToOneOther(t *testing.T) {
	if _, err := (Rsync{}).New(t.Context(), t.TempDir(), 3); !errors.Is(err, ErrNotOffered) {
		t.Errorf("for three devices the error is %v", err)
	}
}

func TestAProcessIsInterruptedAndMeasured(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("/proc is Linux's")
	}
	log := filepath.Join(t.TempDir(), "log")
	p, err := launch(log, nil, "sleep", "1000")
	if err != nil {
		t.Fatal(err)
	}
	if u, err := p.usage(); err != nil || u.RSS == 0 {
		t.Errorf("while it runs it uses %+v, %v", u, err)
	}
	if err := p.stop(); err != nil {
		t.Error(err)
	}
	if p.running() {
		t.Error("it runs after it was stopped")
	}
	if u, err := p.usage(); err != nil || u.PeakRSS == 0 {
		t.Errorf("afterwards it has used %+v, %v", u, err)
	}
	if err := p.stop(); err != nil {
		t.Errorf("stopped twice: %v", err)
	}
	if _, err := output(t.Context(), nil, "sleep", "no time"); err == nil || !strings.Contains(err.Error(), "no time") {
		t.Errorf("a program that fails is the error %v", err)
	}
}
