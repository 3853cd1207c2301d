package wire

import (
	"bytes"
	"errors"
	"testing"
	"unicode/utf8"

	"github.com/labsync/labsync/index"
)

// Each target starts from the vectors besides its corpus in testdata/fuzz.
func seed(f *testing.F, prefix string) {
	for name, v := range vectors() {
		if len(name) >= len(prefix) && name[:len(prefix)] == prefix {
			f.Add(v.encode(&testing.T{}))
		}
	}
}

func FuzzIndex(f *testing.F) {
	seed(f, "index")
	f.Fuzz(func(t *testing.T, p []byte) {
		if bep, err := ParseBEPIndex(p, testNow); err == nil {
			checkUpdates(t, bep)
		}
		in, err := ParseIndex(p, testNow)
		if err != nil {
			expect(t, err)
			return
		}
		checkUpdates(t, in)
		in.Rejected = nil
		_, err = EachIndex(in, 1<<30, func(q []byte) error {
			again, err := ParseIndex(q, testNow)
			if err == nil && (len(again.Updates) != len(in.Updates) || len(again.Rejected) > 0) {
				t.Errorf("%d updates come back as %d, rejected %+v", len(in.Updates), len(again.Updates), again.Rejected)
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	})
}

func checkUpdates(t *testing.T, in Index) {
	for _, u := range in.Updates {
		for i := range u.Heads {
			e := &u.Heads[i]
			sum := int64(0)
			for _, b := range e.Blocks {
				sum += int64(b.Size)
			}
			if index.CheckName(e.Name) != nil || e.Size != sum || len(e.Version) == 0 || u.Sequence <= 0 || e.Mode > 0o777 {
				t.Errorf("accepted %+v", e)
			}
		}
	}
}

func expect(t *testing.T, err error) {
	if !errors.Is(err, ErrMalformed) && !errors.Is(err, ErrTooLarge) {
		t.Errorf("an error of neither kind: %v", err)
	}
}

func FuzzHello(f *testing.F) {
	seed(f, "hello")
	f.Fuzz(func(t *testing.T, p []byte) {
		h, err := ParseHello(p)
		if err != nil {
			expect(t, err)
			return
		}
		if again, err := ParseHello(AppendHello(nil, h)); err != nil || again != h || !utf8.ValidString(h.DeviceName) {
			t.Errorf("%+v comes back as %+v, %v", h, again, err)
		}
	})
}

func FuzzClose(f *testing.F) {
	seed(f, "close")
	seed(f, "join")
	f.Fuzz(func(t *testing.T, p []byte) {
		if reason, err := ParseClose(p); err != nil {
			expect(t, err)
		} else if again, err := ParseClose(AppendClose(nil, reason)); err != nil || again != reason {
			t.Errorf("%q comes back as %q, %v", reason, again, err)
		}
		if session, err := ParseJoin(p); err == nil && !bytes.Equal(AppendJoin(nil, session), p) {
			t.Error("the join does not come back")
		}
	})
}

func FuzzClusterConfig(f *testing.F) {
	seed(f, "cluster")
	f.Fuzz(func(t *testing.T, p []byte) {
		c, err := ParseClusterConfig(p)
		if err != nil {
			expect(t, err)
			return
		}
		if _, err := ParseClusterConfig(AppendClusterConfig(nil, c)); err != nil {
			t.Error(err)
		}
	})
}

func FuzzRecords(f *testing.F) {
	seed(f, "records")
	f.Fuzz(func(t *testing.T, p []byte) {
		r, _, err := ParseRecords(p, testNow)
		if err != nil {
			expect(t, err)
			return
		}
		if _, bad, err := ParseRecords(AppendRecords(nil, r), testNow); err != nil || len(bad) > 0 {
			t.Error(bad, err)
		}
	})
}

func FuzzBlocksRequest(f *testing.F) {
	seed(f, "blocks-request")
	f.Fuzz(func(t *testing.T, p []byte) {
		r, bad, err := ParseBlocksRequest(p)
		if err != nil {
			expect(t, err)
			return
		}
		for i := range r.Ranges {
			if x := &r.Ranges[i]; x.Size < 1 || x.Size > MaxRange || len(bad) == 0 && index.CheckName(x.Name) != nil {
				t.Errorf("accepted %+v", x)
			}
		}
	})
}

func FuzzBlocksResponse(f *testing.F) {
	seed(f, "blocks-response")
	f.Fuzz(func(t *testing.T, p []byte) {
		if len(p) < PieceCountSize {
			return
		}
		n, err := ParsePieceCount((*[PieceCountSize]byte)(p), len(p))
		if err != nil {
			expect(t, err)
			return
		}
		pieces, err := ParsePieces(nil, p[PieceCountSize:PieceCountSize+n*PieceSize], len(p))
		if err != nil {
			expect(t, err)
			return
		}
		again := make([]byte, PieceCountSize+n*PieceSize)
		PutPieces(again, pieces)
		if !bytes.Equal(again, p[:len(again)]) {
			t.Error("the table does not come back")
		}
	})
}

func FuzzFrame(f *testing.F) {
	seed(f, "header")
	c, err := NewCompressor()
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(c.Close)
	f.Add(c.AppendFrame(nil, Header{Type: TypeRecords}, bytes.Repeat([]byte("again "), 100)))
	f.Fuzz(func(t *testing.T, p []byte) {
		if len(p) < HeaderSize {
			return
		}
		h, err := ParseHeader((*[HeaderSize]byte)(p))
		if err != nil {
			expect(t, err)
			return
		}
		again := make([]byte, HeaderSize)
		if h.Put(again); !bytes.Equal(again, p[:HeaderSize]) {
			t.Error("the header does not come back")
		}
		const limit = 1 << 16
		if out, err := c.Unpack(nil, p[HeaderSize:], limit); err == nil && len(out) > limit {
			t.Errorf("unpacked %d bytes", len(out))
		}
	})
}

func FuzzBEP(f *testing.F) {
	for _, name := range []string{"cluster", "index"} {
		f.Add(contents(f, name))
	}
	f.Fuzz(func(t *testing.T, p []byte) {
		kind, payload, err := ReadBEP(bytes.NewReader(p))
		if err != nil {
			return
		}
		var b bytes.Buffer
		if err := WriteBEP(&b, kind, payload, true); err != nil {
			t.Fatal(err)
		}
		if k, again, err := ReadBEP(&b); err != nil || k != kind || !bytes.Equal(again, payload) {
			t.Errorf("does not come back: %v", err)
		}
	})
}

func FuzzBEPHello(f *testing.F) {
	f.Add(contents(f, "hello"))
	f.Fuzz(func(t *testing.T, p []byte) {
		if h, err := ReadBEPHello(bytes.NewReader(p)); err == nil && len(h.DeviceName) > 3*maxText {
			t.Errorf("hello %+v", h)
		}
	})
}
