package pull

import (
	"time"

	"github.com/labsync/labsync/internal/folderfs"
)

// temp is what is known of a file in tmp/.
type temp struct {
	name  string        // what it is for; "" if an earlier run made it
	made  int64         // when, in ns
	since time.Time     // when it was first seen, or last found to be needed
	facts folderfs.Info // while it was known to be of our making; zero: never
	other bool          // it was read, and is not what its name says
}

// noteTemp remembers the facts of a file that was made for a name.
func (p *Puller) noteTemp(work, name string, info folderfs.Info) {
	now := p.opt.Now()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.temps[work] = &temp{name: name, made: now.UnixNano(), since: now, facts: info}
}

// takeOff notes that a Fetch works on a name, until it lands. It reports false if
// a file for that name is being removed at this moment.
func (p *Puller) takeOff(name string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	key := keyOf(name)
	if p.flying[key] < 0 {
		return false
	}
	p.flying[key]++
	return true
}

func (p *Puller) land(name string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	key := keyOf(name)
	if p.flying[key]--; p.flying[key] == 0 {
		delete(p.flying, key)
	}
}

// ground keeps a Fetch from working on a name, which is given by its key, until
// it is lifted. It reports false if one does already.
func (p *Puller) ground(key string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.flying[key] != 0 {
		return false
	}
	p.flying[key] = -1
	return true
}

func (p *Puller) lift(key string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.flying, key)
}
