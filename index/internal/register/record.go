package register

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/labsync/labsync/index"
)

// NextRecord returns the version of a record made here after have.
func NextRecord(have index.Record, kind, key string, payload []byte, replica index.Replica, now int64) index.Record {
	return index.Record{Kind: kind, Key: key, Payload: bytes.Clone(payload), Version: have.Version.Bump(replica, now)}
}

// JoinRecord joins a record from a device with the one that is known, if ok.
// changed tells that the result is not what was known.
func JoinRecord(joins map[string]index.Join, have index.Record, ok bool, r index.Record) (joined index.Record, changed bool) {
	if !ok {
		return r.Clone(), true
	}
	join := joins[r.Kind]
	if join == nil {
		join = index.Latest
	}
	joined = join(have, r).Clone()
	joined.Kind, joined.Key = r.Kind, r.Key
	changed = joined.Version.Compare(have.Version) != index.Equal || !bytes.Equal(joined.Payload, have.Payload)
	return joined, changed
}

// The errors of changes and updates that no register can take.
var (
	errNoName    = errors.New("entry without a name")
	errNoVersion = errors.New("entry without a version")
)

// CheckChange refuses a change that could not be recorded.
func CheckChange(c *index.Change) error {
	if err := checkEntry(&c.Entry); err != nil {
		return err
	}
	for i := range c.Derived {
		if err := checkEntry(&c.Derived[i]); err != nil {
			return fmt.Errorf("derived: %w", err)
		}
	}
	return nil
}

// CheckUpdate refuses an update whose heads are not all of one name.
func CheckUpdate(u *index.Update) error {
	for i := range u.Heads {
		if err := checkEntry(&u.Heads[i]); err != nil {
			return err
		}
		if u.Heads[i].Name != u.Heads[0].Name {
			return fmt.Errorf("update %d: heads of %q and %q", u.Sequence, u.Heads[0].Name, u.Heads[i].Name)
		}
	}
	return nil
}

func checkEntry(e *index.Entry) error {
	switch {
	case e.Name == "":
		return errNoName
	case len(e.Version) == 0:
		return fmt.Errorf("%w: %q", errNoVersion, e.Name)
	}
	return nil
}
