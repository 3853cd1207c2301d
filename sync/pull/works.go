package pull

import (
	"fmt"
	"slices"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/internal/folderfs"
)

// Files in the work directory are a source of content like any other. The list
// is read once and kept up to date; a file that is gone or holds something else
// is found out when its blocks are verified.

// worksOf returns work files that may hold the content, complete ones.
func (p *Puller) worksOf(content index.Hash) ([]string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.loadWorks(); err != nil {
		return nil, err
	}
	return slices.Clone(p.works[content]), nil
}

func (p *Puller) loadWorks() error {
	if p.works != nil {
		return nil
	}
	works := map[index.Hash][]string{}
	for _, dir := range []string{folderfs.TempDir, folderfs.DisplacedDir} {
		infos, err := p.fs.ReadDir(dir)
		if err != nil {
			return fmt.Errorf("list work files: %w", err)
		}
		for i := range infos {
			name := dir + "/" + infos[i].Name
			if w, ok := folderfs.ParseWork(name); ok && w.Kind != folderfs.Partial && infos[i].Kind == folderfs.File {
				works[w.Hash] = append(works[w.Hash], name)
			}
		}
	}
	p.works = works
	return nil
}

// setReady notes whether a partial file is whole and durable.
func (p *Puller) setReady(part string, ready bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if ready {
		p.ready[part] = true
	} else {
		delete(p.ready, part)
	}
}

func (p *Puller) isReady(part string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.ready[part]
}

// noteWork adds a file to the list; from is the name it had there, if any. A
// name outside of the work directory takes it off the list.
func (p *Puller) noteWork(name, from string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.leftovers.moved(from, name)
	delete(p.ready, from)
	delete(p.temps, from)
	if p.works == nil {
		return // will be found when the list is read
	}
	if w, ok := folderfs.ParseWork(from); ok {
		p.works[w.Hash] = slices.DeleteFunc(p.works[w.Hash], func(s string) bool { return s == from })
		if len(p.works[w.Hash]) == 0 {
			delete(p.works, w.Hash)
		}
	}
	if w, ok := folderfs.ParseWork(name); ok && w.Kind != folderfs.Partial && !slices.Contains(p.works[w.Hash], name) {
		p.works[w.Hash] = append(p.works[w.Hash], name)
	}
}

// relistWorks lets the list be read anew: steps that were not known to have been
// done have been settled, and what they displaced is not in it.
func (p *Puller) relistWorks() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.works = nil
}

// Usage is what displaced files take.
type Usage struct {
	Files int
	Bytes int64
}

// Usage counts what lies in the directory of displaced files.
func (p *Puller) Usage() (Usage, error) {
	infos, err := p.fs.ReadDir(folderfs.DisplacedDir)
	if err != nil {
		return Usage{}, fmt.Errorf("count displaced files: %w", err)
	}
	u := Usage{Files: len(infos)}
	for i := range infos {
		if infos[i].Kind == folderfs.File {
			u.Bytes += infos[i].Size
		}
	}
	return u, nil
}
