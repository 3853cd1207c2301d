package daemon

import (
	"fmt"
	"testing"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/internal/device"
	"github.com/labsync/labsync/transport/session"
)

func TestARefusalStaysUntilItsDeviceAnnouncesTheNameInOrder(t *testing.T) {
	one, two := device.ID{1}, device.ID{2}
	bad := func(names ...string) (out []session.Rejected) {
		for _, n := range names {
			out = append(out, session.Rejected{Name: n, Reason: "bad"})
		}
		return out
	}
	good := func(name string) []index.Update { return []index.Update{{Heads: []index.Entry{{Name: name}}}, {}} }
	r := refusals{}
	for i, step := range []struct {
		device   device.ID
		batch    []index.Update
		rejected []session.Rejected
		changed  bool
		left     int
	}{
		{one, nil, bad("a", "b"), true, 2},
		{one, nil, bad("a"), false, 2},
		{two, good("a"), nil, false, 2},
		{one, good("a"), nil, true, 1},
		{one, good("a"), nil, false, 1},
		{two, good("b"), bad("b"), true, 1}, // of another device now
		{one, good("b"), nil, false, 1},
		{two, good("b"), nil, true, 0},
	} {
		if changed := r.take(step.device, step.batch, step.rejected); changed != step.changed || len(r) != step.left {
			t.Errorf("step %d: changed %v, left %v", i, changed, r)
		}
	}
	for i := range refusalsKept + 10 {
		r.take(one, nil, bad(fmt.Sprint(i)))
	}
	if len(r) != refusalsKept {
		t.Errorf("%d refusals are kept", len(r))
	}
	if !r.forget(func(d device.ID) bool { return d == one }) || len(r) != 0 {
		t.Errorf("of a device that is forgotten there is left: %v", r)
	}
}
