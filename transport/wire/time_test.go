package wire

import (
	"fmt"
	"math"
	"reflect"
	"testing"
	"time"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/transport/wire/wirepb"
)

// The first and the last second of which int64 holds a ns.
const first, last = math.MinInt64/1_000_000_000 - 1, math.MaxInt64 / 1_000_000_000

func TestTimesComeBackAsTheyWere(t *testing.T) {
	of := func(year int) int64 { return time.Date(year, 2, 3, 4, 5, 6, 789, time.UTC).UnixNano() }
	for name, at := range map[string]int64{
		"before 1970": of(1969), "the last ns before 1970": -1, "1970": 0,
		"after 31 bits of seconds": of(2038), "after 32 bits of seconds": of(2106), "2262": of(2262),
		"the second of the last ns": last * 1e9, "the last ns, which stands for 2399": math.MaxInt64,
		"the second of the first ns": (first + 1) * 1e9, "the first ns": math.MinInt64,
	} {
		e := small()
		e.Mtime = at
		in, err := ParseIndex(message(e, func(*wirepb.FileInfo) {}), testNow)
		if err != nil || len(in.Updates) != 1 || !reflect.DeepEqual(in.Updates[0].Heads, []index.Entry{e}) {
			t.Errorf("%s (%d): %+v, %v", name, at, in, err)
		}
	}
}

func TestTimesThatDoNotFitAreRejected(t *testing.T) {
	for _, c := range []struct {
		s  int64
		ns int32
	}{
		{last, 854_775_808}, {last + 1, 0}, {math.MaxInt64, 0}, {math.MaxInt64, 999_999_999},
		{first, 145_224_191}, {first - 1, 999_999_999}, {math.MinInt64, 0}, {0, -1}, {0, 1e9},
	} {
		in, err := ParseIndex(message(small(), func(m *wirepb.FileInfo) { m.ModifiedS, m.ModifiedNs = c.s, c.ns }), testNow)
		want := fmt.Sprintf("its time %d.%09d s is out of range", c.s, c.ns)
		if err != nil || len(in.Updates) != 0 || len(in.Rejected) != 1 || in.Rejected[0].Reason != want {
			t.Errorf("%d s, %d ns: %+v, %v", c.s, c.ns, in, err)
		}
	}
}
