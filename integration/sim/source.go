package sim

import (
	"context"
	"errors"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/internal/device"
	"github.com/labsync/labsync/sync/pull"
	"github.com/labsync/labsync/sync/serve"
)

// source finds the connected devices that announce a content.
type source struct{ d *Device }

func (s source) Peers(content index.Hash) []pull.Peer {
	holders, err := s.d.index.Holders(s.d.w.ctx, content)
	if t := s.d.current; t != nil && t.dead {
		return nil
	}
	s.d.check("Holders", err)
	var out []pull.Peer
	for _, id := range holders {
		if session := s.d.w.session(s.d, id); session != 0 {
			out = append(out, peer{s.d, s.d.w.deviceOf(id), session})
		}
	}
	return out
}

// peer asks another device for blocks in one session.
type peer struct {
	d, other *Device
	session  int
}

func (p peer) Device() device.ID { return p.other.id }

var errCut = errors.New("session has ended")

func (p peer) Request(ctx context.Context, want []pull.Range) ([][]byte, error) {
	if !p.reaches() {
		return nil, errCut
	}
	ask := make([]serve.Range, len(want))
	for i := range want {
		ask[i] = serve.Range(want[i])
	}
	answers := make([][]byte, len(want))
	err := p.other.serve.Serve(ctx, ask, func(i int, data []byte, err error) error {
		if err == nil {
			answers[i] = p.other.answer(data)
		}
		return nil
	})
	if !p.reaches() {
		return nil, errCut
	}
	return answers, err
}

// answer is what the device sends when asked for data.
func (d *Device) answer(data []byte) []byte {
	out := append([]byte{}, data...)
	if d.lies > 0 && len(out) > 0 && d.fate.IntN(d.lies) == 0 {
		out[d.fate.IntN(len(out))] ^= 0x20
	}
	return out
}

// reaches lets others run until what is asked, or answered, has arrived, and
// reports whether the session still carries it.
func (p peer) reaches() bool {
	if t := p.d.current; t != nil {
		t.until = p.d.w.now + p.d.w.travel(p.d.w.linkOf(p.d, p.other))
		if !t.lives() {
			return false
		}
	}
	return p.d.w.connected(p.d, p.other) && p.d.w.session(p.d, p.other.id) == p.session
}
