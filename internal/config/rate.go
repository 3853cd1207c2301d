package config

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Rate is a number of bytes per second; 0 means unlimited. In text it is a
// number with a unit, as "500KiB" or "10MiB", or "off".
type Rate int64

type unit struct {
	suffix string
	bytes  float64
}

// units lists what a rate may end with, longest first among those that end
// alike, so that the first match is the right one.
func units() []unit {
	return []unit{
		{"gib", 1 << 30}, {"mib", 1 << 20}, {"kib", 1 << 10},
		{"gb", 1e9}, {"mb", 1e6}, {"kb", 1e3}, {"b", 1},
	}
}

// ParseRate reads a rate. "/s" may follow. The error is a sentence for the
// person who typed it.
func ParseRate(s string) (Rate, error) {
	text := strings.TrimSuffix(strings.ToLower(strings.TrimSpace(s)), "/s")
	if text == "off" {
		return 0, nil
	}
	for _, u := range units() {
		number, found := strings.CutSuffix(text, u.suffix)
		if !found {
			continue
		}
		n, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
		// Also refuses NaN, and what would not fit.
		if err != nil || !(n*u.bytes >= 1 && n*u.bytes < 1<<62) {
			break
		}
		return Rate(n * u.bytes), nil
	}
	return 0, fmt.Errorf("rate %q is not a number per second with its unit: write it as 500KiB, 10MiB or off", s)
}

// String writes the rate so that ParseRate gives the same again.
func (r Rate) String() string {
	if r <= 0 {
		return "off"
	}
	for _, u := range units()[:3] {
		if size := Rate(u.bytes); r%size == 0 {
			return strconv.FormatInt(int64(r/size), 10) + strings.ToUpper(u.suffix[:1]) + "iB"
		}
	}
	return strconv.FormatInt(int64(r), 10) + "B"
}

// MarshalText returns String.
func (r Rate) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText reads what ParseRate reads.
func (r *Rate) UnmarshalText(text []byte) (err error) {
	*r, err = ParseRate(string(text))
	return err
}

// Interval is a time between two things; 0 means not set, Never never. In text
// it is "90s", "10m", "1h30m" or "off".
type Interval time.Duration

// Never is the interval written "off".
const Never Interval = -1

// MarshalText writes the interval so that UnmarshalText gives the same again.
func (i Interval) MarshalText() ([]byte, error) {
	if i < 0 {
		return []byte("off"), nil
	}
	return []byte(time.Duration(i).String()), nil
}

// UnmarshalText reads an interval of at least a second. The error is a
// sentence for the person who typed it.
func (i *Interval) UnmarshalText(text []byte) error {
	if string(text) == "off" {
		*i = Never
		return nil
	}
	d, err := time.ParseDuration(string(text))
	if err != nil || d < time.Second {
		return fmt.Errorf("interval %q is not a time of a second or more: write it as 90s, 10m, 1h or off", text)
	}
	*i = Interval(d)
	return nil
}
