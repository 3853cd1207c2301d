package sim

// expected is what whoever writes a script expects to exist, on any device:
// true for a directory. Most operations are then about something that is there;
// some are about nothing, for it may have gone meanwhile anyway.
type expected map[string]bool

// suits reports whether an operation is likely to find what it needs.
func (x expected) suits(o *Operation) bool {
	kind := o.Kind
	if kind == Ambush {
		kind = o.Then
	}
	dir, there := x[o.Name]
	switch kind {
	case Edit, Save, Backup:
		return x.room(o.Name) && !dir
	case Append, Cut, Spill, Keep, Hold:
		return there && !dir
	case Remove, Chmod, Touch, Retype, Recase:
		return there
	case Rmtree:
		return dir
	case Rename:
		return there && o.Name != o.To && x.room(o.To)
	case Copy:
		return there && !dir && o.Name != o.To && x.room(o.To) && !x[o.To]
	case Link:
		return !there && x.room(o.Name)
	case Mkdir:
		return !there
	}
	return true
}

// room reports whether a name can be made: its directory is there.
func (x expected) room(name string) bool {
	up := parentOf(name)
	return up == "" || x[up]
}

// follow takes in what an operation comes to.
func (x expected) follow(o *Operation) {
	dir, there := x[o.Name]
	switch o.Kind {
	case Edit, Save, Backup, Link:
		x[o.Name] = dir
	case Mkdir:
		for name := o.Name; name != ""; name = parentOf(name) {
			x[name] = true
		}
	case Retype:
		if there {
			x[o.Name] = !dir
		}
	case Remove, Rmtree:
		delete(x, o.Name)
	case Rename:
		if there {
			delete(x, o.Name)
			x[o.To] = dir
		}
	case Copy:
		x[o.To] = false
	}
}
