package plan

import "github.com/labsync/labsync/index"

// Op is what an action does to the disk.
type Op uint8

// The operations. Settle and Note touch the index only.
const (
	// Settle leaves everything as it is: the name is in order, or is not ours
	// to change (ignored, send-only, changed here in a receive-only folder).
	Settle Op = iota
	// Note takes heads into the index that need nothing on disk.
	Note
	// Create places Want where nothing is expected.
	Create
	// Replace puts Want in the place of Have, of the same type.
	Replace
	// Retype puts Want in the place of Have, of another type.
	Retype
	// Meta sets permissions and times: the content is in place already.
	Meta
	// Move renames From to Name: its content is what Want wants.
	Move
	// Delete takes the file or link Have away.
	Delete
	// Rmdir removes the directory Have if it is empty.
	Rmdir
	// Compare re-hashes Have along Want's block list: they may be equal.
	Compare
	// Wait does nothing yet; Why says what for.
	Wait
	// Defer does nothing until the other half of a rename has arrived.
	Defer
)

var opNames = [...]string{"settle", "note", "create", "replace", "retype", "meta", "move", "delete", "rmdir", "compare", "wait", "defer"}

// String returns the operation in lower case.
func (o Op) String() string { return opNames[o] }

// Action is the decision about one name. It carries what it was decided from:
// whoever carries it out checks that this still holds and gives up otherwise.
type Action struct {
	Op   Op
	Name string
	// Want is what is to stand at Name, without blocks.
	Want index.Entry
	// Have is what is held at Name, nil if nothing ever was. A held tombstone
	// means that nothing is expected on disk.
	Have *index.Held
	// Heads are all heads that were considered, Want's ancestors among them.
	Heads []index.Version
	// Derived are the siblings of losing heads, to be recorded with Want.
	Derived []index.Entry
	// Missing are heads that were left out of account, as nobody has them.
	Missing []index.Version
	// Note only: heads that are announced here no longer, as nobody has them.
	Lost []index.Version
	// Move only: what is held at the old name, and its new state.
	From      *index.Held
	FromWant  index.Entry
	FromHeads []index.Version
	// Compare only: the head along whose blocks the held file is hashed. If it
	// matches, Want is recorded in its place; else the outcome is Differs.
	Along index.Version
	// Quiet changes are not announced: nobody else knows the name.
	Quiet bool
	// Revert marks what a person asked to take back.
	Revert bool
	// Why says in a few words why an action waits or settles, for status.
	Why string
}

// Base is the version that is held, nil for none: the action is stale when
// another one is held by the time it is carried out.
func (a *Action) Base() index.Version {
	if a.Have == nil {
		return nil
	}
	return a.Have.Entry.Version
}

// Expects reports whether something is expected at the path.
func (a *Action) Expects() bool { return a.Have != nil && !a.Have.Entry.Deleted }

// Fetches reports whether the action needs bytes to be assembled first.
func (a *Action) Fetches() bool {
	return a.Want.Type == index.File && !a.Want.Deleted && (a.Op == Create || a.Op == Replace || a.Op == Retype)
}

// Same reports whether two actions do the same from the same facts.
func (a *Action) Same(b *Action) bool {
	return a.Op == b.Op && a.Name == b.Name &&
		a.Want.Version.Compare(b.Want.Version) == index.Equal && a.Want.SameContent(&b.Want) &&
		a.Base().Compare(b.Base()) == index.Equal && a.Expects() == b.Expects()
}
