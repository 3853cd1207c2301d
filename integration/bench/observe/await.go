package observe

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"time"
)

// How often Await looks.
const (
	glance   = 2 * time.Millisecond  // between looks at the spread names
	thrift   = 8                     // a dearer look is followed by this many times its length without one
	glanceAt = 48                    // names that are looked at first
	again    = 50 * time.Millisecond // after bytes that differ under equal sizes and times
)

// Outcome says when folders were as expected.
type Outcome struct {
	At         time.Time     // end of the first look at all names that found nothing amiss
	Resolution time.Duration // time since the last look that found something
}

// Await waits until all dirs hold what want says, having held what before says,
// and the bytes of all files are those in the directory pattern, which has to
// hold it as well by then. If it gives up because ctx ends, the error says what
// was still amiss.
func Await(ctx context.Context, before, want Tree, pattern string, dirs ...string) (Outcome, error) {
	w := waiter{want: want, signs: spread(before, want)}
	for {
		out, err := w.settled(ctx, dirs)
		if err != nil {
			return out, err
		}
		same, err := w.verify(ctx, pattern, dirs)
		if err == nil && same {
			return out, nil
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return out, err
		}
		if err := Pause(ctx, again); err != nil {
			return out, fmt.Errorf("%w: the bytes of files differ", err)
		}
	}
}

type waiter struct {
	want  Tree
	signs []sign
	sums  map[string][32]byte // of the pattern, once needed
}

// sign is what one name will be.
type sign struct {
	name  string
	there bool
	item  Item
}

// spread picks some of the names in which two trees differ. Go's map order
// spreads them.
func spread(before, want Tree) []sign {
	var signs []sign
	for name, it := range want {
		if before[name] != it {
			signs = append(signs, sign{name, true, it})
		}
		if len(signs) == glanceAt {
			return signs
		}
	}
	for name := range before {
		if _, ok := want[name]; !ok {
			signs = append(signs, sign{name: name})
		}
		if len(signs) == glanceAt {
			break
		}
	}
	return signs
}

// settled waits until no look at any of the directories finds anything amiss.
func (w *waiter) settled(ctx context.Context, dirs []string) (last Outcome, err error) {
	for _, dir := range dirs {
		out, err := w.await(ctx, dir)
		if err != nil {
			return out, fmt.Errorf("%s: %w", dir, err)
		}
		if out.At.After(last.At) {
			last = out
		}
	}
	return last, nil
}

func (w *waiter) await(ctx context.Context, dir string) (Outcome, error) {
	missed := time.Now()
	for {
		begin := time.Now()
		diff, dear, err := w.look(dir)
		end := time.Now()
		if err == nil && diff == "" {
			return Outcome{At: end, Resolution: end.Sub(missed)}, nil
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return Outcome{}, err
		}
		missed = begin
		pause := glance
		if dear {
			pause = thrift * end.Sub(begin)
		}
		if err := Pause(ctx, pause); err != nil {
			return Outcome{}, fmt.Errorf("%w: %s", err, diff)
		}
	}
}

// look goes from cheap to dear until something is amiss. It reports whether it
// read directories.
func (w *waiter) look(dir string) (diff string, dear bool, err error) {
	for _, s := range w.signs {
		it, there, err := Look(dir, s.name)
		if err != nil || there != s.there || there && it != s.item {
			return s.name + " is not as it will be", false, err
		}
	}
	n, err := Count(dir)
	if err != nil || n != len(w.want) {
		return fmt.Sprintf("there are %d names, want %d", n, len(w.want)), true, err
	}
	got, err := Read(dir)
	if err != nil {
		return "", true, err
	}
	return Difference(w.want, got), true, nil
}

// verify compares the bytes of all files with the pattern's.
func (w *waiter) verify(ctx context.Context, pattern string, dirs []string) (same bool, err error) {
	if w.sums == nil {
		held, err := Read(pattern)
		if err != nil {
			return false, err
		}
		if diff := Difference(w.want, held); diff != "" {
			return false, fmt.Errorf("the pattern itself, %s, has changed: %s", pattern, diff)
		}
		if w.sums, err = Sums(ctx, pattern, w.want); err != nil {
			return false, err
		}
	}
	for _, dir := range dirs {
		if dir == pattern {
			continue
		}
		got, err := Sums(ctx, dir, w.want)
		if err != nil || !maps.Equal(w.sums, got) {
			return false, err
		}
	}
	return true, nil
}

// Pause lets time pass, until ctx ends.
func Pause(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
