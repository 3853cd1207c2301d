package watch

import (
	"slices"
	"strings"
	"time"
)

// The times and numbers that shape settling. See doc.go.
const (
	saveQuiet  = 12 * time.Millisecond  // without another event, a save is over
	lull       = 300 * time.Millisecond // without another event, a name starts afresh
	maxQuiet   = 2 * time.Second        // asked of a name that keeps changing
	maxSettle  = 4 * time.Second        // a name is delivered after that, quiet or not
	burstNames = 16                     // more names without a break of burstQuiet are a burst
	burstQuiet = 50 * time.Millisecond
	maxBurst   = 500 * time.Millisecond
	crowd      = 500     // names pending in one directory become a subtree
	maxPending = 100_000 // more names in all become one subtree, the whole folder
)

// coalescer gathers names and subtrees and says when each is due. It reads no
// clock: every call is told the time, which never goes back.
type coalescer struct {
	names map[string]*pending
	trees map[string]*pending
	// recent are names delivered a short while ago, with how impatient to be if
	// they change again.
	recent map[string]*pending
	inDir  map[string]int // pending names by directory
	last   time.Time      // of the last event of all
	burst  int            // names that became pending without a break of burstQuiet
	// wake is when something may be due, at the earliest; zero if nothing is
	// pending. Most events only put things off, so it is reckoned again only
	// when it has come, not with each event of a burst.
	wake time.Time
}

// pending is a name or subtree that had an event.
type pending struct {
	first, last time.Time
	quiet       time.Duration
}

func newCoalescer() *coalescer {
	return &coalescer{
		names: map[string]*pending{}, trees: map[string]*pending{},
		recent: map[string]*pending{}, inDir: map[string]int{},
	}
}

// note takes an event of a name.
func (c *coalescer) note(name string, now time.Time) {
	if now.Sub(c.last) > burstQuiet {
		c.burst = 0
	}
	c.last = now
	if tree := c.covering(name); tree != nil {
		tree.last = now
		return
	}
	if p := c.names[name]; p != nil {
		p.last = now
		return
	}
	quiet := saveQuiet
	if r := c.recent[name]; r != nil && now.Sub(r.last) < max(lull, 2*r.quiet) {
		quiet = min(2*r.quiet, maxQuiet)
	}
	dir := parent(name)
	if c.inDir[dir] >= crowd {
		c.tree(dir, now)
		return
	}
	if len(c.names) >= maxPending {
		c.tree("", now)
		return
	}
	c.names[name] = &pending{first: now, last: now, quiet: quiet}
	c.inDir[dir]++
	c.burst++
	c.wakeBy(now.Add(quiet))
}

func (c *coalescer) wakeBy(at time.Time) {
	if c.wake.IsZero() || at.Before(c.wake) {
		c.wake = at
	}
}

// tree takes an event that concerns all below a directory, which takes in what
// is pending there already.
func (c *coalescer) tree(dir string, now time.Time) {
	c.last = now
	if tree := c.covering(dir); tree != nil {
		tree.last = now
		return
	}
	p := &pending{first: now, last: now, quiet: burstQuiet}
	for _, set := range []map[string]*pending{c.names, c.trees} {
		for name, old := range set {
			if !within(name, dir) {
				continue
			}
			if old.first.Before(p.first) {
				p.first = old.first
			}
			delete(set, name)
		}
	}
	for at := range c.inDir {
		if within(at, dir) {
			delete(c.inDir, at)
		}
	}
	if _, self := c.inDir[parent(dir)]; self && dir != "" {
		c.recount(parent(dir))
	}
	c.trees[dir] = p
	c.wakeBy(now.Add(saveQuiet))
}

// recount sets the number of names pending in a directory.
func (c *coalescer) recount(dir string) {
	n := 0
	for name := range c.names {
		if parent(name) == dir {
			n++
		}
	}
	if n == 0 {
		delete(c.inDir, dir)
		return
	}
	c.inDir[dir] = n
}

// covering returns the pending subtree that a name is in.
func (c *coalescer) covering(name string) *pending {
	if len(c.trees) == 0 {
		return nil
	}
	for at := name; ; at = parent(at) {
		if p := c.trees[at]; p != nil || at == "" {
			return p
		}
	}
}

// when tells when a name or subtree is due.
func (c *coalescer) when(p *pending) time.Time {
	at := earlier(p.last.Add(p.quiet), p.first.Add(maxSettle))
	if c.burst > burstNames {
		at = later(at, earlier(c.last.Add(burstQuiet), p.first.Add(maxBurst)))
	}
	return at
}

// due removes and returns what is due, sorted.
func (c *coalescer) due(now time.Time) (names, trees []string) {
	if c.wake.IsZero() || now.Before(c.wake) {
		return nil, nil
	}
	for dir, p := range c.trees {
		if !c.when(p).After(now) {
			trees = append(trees, dir)
		}
	}
	overdue := c.overdue(now)
	for name, p := range c.names {
		if !c.when(p).After(now) || overdue && !p.last.Add(p.quiet).After(now) {
			names = append(names, name)
		}
	}
	for _, dir := range trees {
		delete(c.trees, dir)
	}
	for _, name := range names {
		p := c.names[name]
		delete(c.names, name)
		if dir := parent(name); c.inDir[dir] > 1 {
			c.inDir[dir]--
		} else {
			delete(c.inDir, dir)
		}
		c.recent[name] = &pending{last: now, quiet: p.quiet}
	}
	c.forget(now)
	c.reckon(now)
	slices.Sort(names)
	slices.Sort(trees)
	return names, trees
}

// overdue reports whether a burst has lasted so long that what is quiet of it
// is to be delivered, all at once.
func (c *coalescer) overdue(now time.Time) bool {
	if c.burst <= burstNames {
		return false
	}
	for _, p := range c.names {
		if !p.first.Add(maxBurst).After(now) {
			return true
		}
	}
	return false
}

// forget drops names that have been quiet for long.
func (c *coalescer) forget(now time.Time) {
	for name, p := range c.recent {
		if now.Sub(p.last) >= max(lull, 2*p.quiet) {
			delete(c.recent, name)
		}
	}
}

// reckon sets wake to when the first of what is pending is due.
func (c *coalescer) reckon(now time.Time) {
	c.wake = time.Time{}
	for _, set := range []map[string]*pending{c.names, c.trees} {
		for _, p := range set {
			c.wakeBy(later(c.when(p), now.Add(time.Millisecond)))
		}
	}
}

// next tells when to ask due again; false if nothing is pending.
func (c *coalescer) next() (time.Time, bool) { return c.wake, !c.wake.IsZero() }

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func parent(name string) string {
	if i := strings.LastIndexByte(name, '/'); i >= 0 {
		return name[:i]
	}
	return ""
}

// within reports whether a name is dir or below it.
func within(name, dir string) bool {
	return dir == "" || strings.HasPrefix(name, dir) && (len(name) == len(dir) || name[len(dir)] == '/')
}
