package testkit

import (
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/labsync/labsync/transport/admission"
)

func TestBytesTakeTheLatency(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := Pipe(ID(1), ID(2))
		a.Link.SetLatency(50 * time.Millisecond)
		begin := time.Now()
		for i, s := range append(a.Bulk(), a.Control()) {
			far := append(b.Bulk(), b.Control())[i]
			_, _ = s.Write([]byte("ab"))
			_ = s.Close()
			if got, err := io.ReadAll(far); err != nil || string(got) != "ab" {
				t.Errorf("got %q, %v", got, err)
			}
		}
		if took := time.Since(begin); took != 150*time.Millisecond {
			t.Errorf("three journeys took %v", took)
		}
		if a.Device() != ID(2) || b.Device() != ID(1) || !a.Dialed() || b.Dialed() || a.RTT() != 100*time.Millisecond {
			t.Error("the ends do not say who and how")
		}
	})
}

func TestAStalledLinkHoldsEverythingBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := Pipe(ID(1), ID(2))
		a.Link.Stall()
		go func() {
			_, _ = io.Copy(a.Control(), strings.NewReader(strings.Repeat("x", 2*bufferSize)))
			_ = a.Control().Close()
		}()
		_ = b.Control().SetReadDeadline(time.Now().Add(time.Hour))
		if _, err := b.Control().Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("read: %v", err)
		}
		_ = b.Control().SetReadDeadline(time.Time{})
		a.Link.Resume()
		if got, err := io.ReadAll(b.Control()); err != nil || len(got) != 2*bufferSize {
			t.Errorf("%d bytes, %v", len(got), err)
		}
	})
}

func TestCutAndCloseEndBothEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := Pipe(ID(1), ID(2))
		a.Link.Cut()
		for _, c := range []*Conn{a, b} {
			if _, err := c.Control().Read(make([]byte, 1)); !errors.Is(err, ErrCut) || !errors.Is(context.Cause(c.Context()), ErrCut) {
				t.Errorf("read: %v", err)
			}
		}
		a, b = Pipe(ID(1), ID(2))
		a.Link.SetLatency(time.Second)
		_ = a.Close("enough")
		if b.Context().Err() != nil {
			t.Error("the other end knows before the latency")
		}
		<-b.Context().Done()
		var r *admission.Refusal
		if err := context.Cause(b.Context()); !errors.As(err, &r) || !r.Remote || r.Reason != "enough" {
			t.Errorf("cause is %v", err)
		}
	})
}
