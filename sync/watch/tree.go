package watch

// tree is the set of watched directories. It knows the children of each, so
// that taking one away with all below costs no more than what is taken.
type tree struct {
	children map[string]map[string]struct{} // by watched directory
}

func newTree() *tree { return &tree{children: map[string]map[string]struct{}{}} }

func (t *tree) has(dir string) bool {
	_, ok := t.children[dir]
	return ok
}

func (t *tree) len() int { return len(t.children) }

func (t *tree) add(dir string) {
	if t.has(dir) {
		return
	}
	t.children[dir] = map[string]struct{}{}
	if up := t.children[parent(dir)]; up != nil && dir != "" {
		up[dir] = struct{}{}
	}
}

// remove takes away a directory and all below it, and calls each for every one.
func (t *tree) remove(dir string, each func(dir string)) {
	below, ok := t.children[dir]
	if !ok {
		return
	}
	delete(t.children, dir)
	if up := t.children[parent(dir)]; up != nil {
		delete(up, dir)
	}
	each(dir)
	for child := range below {
		t.remove(child, each)
	}
}
