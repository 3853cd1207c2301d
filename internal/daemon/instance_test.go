package daemon

import (
	"fmt"
	"testing"
	"time"

	"github.com/labsync/labsync/internal/device"
	"github.com/labsync/labsync/transport/admission"
	"github.com/labsync/labsync/transport/pool"
)

func TestASecondInstanceIsNewsOnceAndForgottenInTime(t *testing.T) {
	var w twins
	id, other, at := device.ID{1}, device.ID{2}, time.Now()
	for i, step := range []struct {
		id   device.ID
		at   time.Duration
		news bool
	}{{id, 0, true}, {id, time.Minute, false}, {other, time.Minute, true}, {id, time.Minute + twinFor, false}, {id, time.Minute + 3*twinFor, true}} {
		if news := w.refuse(step.id, at.Add(step.at)); news != step.news {
			t.Errorf("step %d is news: %v", i, news)
		}
	}
	if got := w.since(other, at.Add(time.Minute+twinFor)); !got.Equal(at.Add(time.Minute)) {
		t.Errorf("it runs since %v", got)
	}
	if got := w.since(other, at.Add(time.Minute+twinFor+1)); !got.IsZero() {
		t.Errorf("it still counts as running, since %v", got)
	}
}

func TestOnlyTheOthersWordMakesThisInstanceTheSecond(t *testing.T) {
	tests := []struct {
		name string
		err  error
		want bool
	}{
		{"connected", nil, false},
		{"refused by it as a second instance", fmt.Errorf("dial: %w", admission.NewRemote(admission.SecondInstance, "x")), true},
		{"refused by it for another reason", admission.NewRemote(admission.UnknownDevice, "x"), false},
		{"refused by this device", admission.Refuse(admission.SecondInstance, "x"), false},
		{"unreachable", fmt.Errorf("no route to host"), false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := refusedAsTwin(pool.Status{Err: tt.err}); got != tt.want {
				t.Errorf("refused as a second instance: %v", got)
			}
		})
	}
}
