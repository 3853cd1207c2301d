package fault

import (
	"os"
	"strings"
	"time"
)

// clock is the failpoint that is no place: its action is shift:FILE, where FILE
// says by how much the clock is wrong, as Go writes durations. It is read anew
// each time, so that a test can set the clock while the process runs.
const clock = "clock"

// Clock returns the clock of the failpoint clock=shift:FILE, nil without it.
// While FILE cannot be read the clock is right.
func (p *Points) Clock() func() time.Time {
	if p == nil || p.points[clock].action != "shift" {
		return nil
	}
	file := p.points[clock].argument
	return func() time.Time {
		text, err := os.ReadFile(file)
		if err != nil {
			return time.Now()
		}
		shift, err := time.ParseDuration(strings.TrimSpace(string(text)))
		if err != nil {
			return time.Now()
		}
		return time.Now().Add(shift)
	}
}
