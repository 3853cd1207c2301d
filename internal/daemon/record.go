package daemon

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"sync"

	"github.com/labsync/labsync/conflict"
	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/index/store"
)

// The kinds of replicated records in use.
const (
	kindReplica = "replica" // key: the replica; payload: who it stands for. Never changes.
	kindFolder  = "folder"  // key: keyStrategy or keyLabel; payload: the value
)

// The keys of a folder's registers.
const (
	keyStrategy = "strategy"
	keyLabel    = "label"
)

// replicaRecord says who a replica stands for. It is written once, when the
// replica comes to be: names of siblings are made from it, and have to be the
// same on every device for ever.
type replicaRecord struct {
	Device string `json:"device"` // ID
	Name   string `json:"name"`   // of the device
	Person string `json:"person"`
}

// joins returns how concurrent versions of a record are joined.
func joins() map[string]index.Join {
	return map[string]index.Join{kindReplica: joinFirst, kindFolder: joinRegister}
}

// joinFirst keeps the smaller payload: a replica's record has one author, so
// two of them are a copied database at work, and either will do.
func joinFirst(a, b index.Record) index.Record {
	v := a.Version.Merge(b.Version)
	if bytes.Compare(b.Payload, a.Payload) < 0 {
		a = b
	}
	a.Version = v
	return a
}

// names remembers who replicas stand for.
type names struct {
	mu   sync.RWMutex // guards byID
	byID map[index.Replica]conflict.Author
}

func (n *names) author(r index.Replica) conflict.Author {
	n.mu.RLock()
	defer n.mu.RUnlock()
	return n.byID[r]
}

func (n *names) learn(records []index.Record) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.byID == nil {
		n.byID = map[index.Replica]conflict.Author{}
	}
	for _, r := range records {
		var who replicaRecord
		id, err := index.ParseReplica(r.Key)
		if r.Kind != kindReplica || err != nil || json.Unmarshal(r.Payload, &who) != nil {
			continue
		}
		n.byID[id] = conflict.Author{Person: who.Person, Device: who.Name}
		n.byID[id.Shadow()] = n.byID[id]
	}
}

// putRecords sees to it that the folder's records say who records here, and
// what the configuration says if that has changed since it was last taken.
func (f *folder) putRecords(ctx context.Context, s *store.Store) error {
	now := f.clock.seconds()
	who, err := s.Identity(ctx)
	if err != nil {
		return err
	}
	if _, ok, err := s.Record(ctx, kindReplica, who.Replica.String()); err != nil {
		return err
	} else if !ok {
		payload, err := json.Marshal(replicaRecord{Device: f.self.String(), Name: f.author.Device, Person: f.author.Person})
		if err != nil {
			return err
		}
		if _, err := s.PutRecord(ctx, kindReplica, who.Replica.String(), payload, now); err != nil {
			return err
		}
	}
	for key, value := range map[string]string{keyStrategy: f.conf.Strategy, keyLabel: f.conf.Label} {
		if err := f.putRegister(ctx, s, key, value, now); err != nil {
			return err
		}
	}
	known, err := s.RecordsOf(ctx, kindReplica)
	if err != nil {
		return err
	}
	f.names.learn(known)
	return nil
}

// putRegister sets a register to the configured value if a person changed the
// configuration since. What the first configuration says is only a proposal.
func (f *folder) putRegister(ctx context.Context, s *store.Store, key, value string, now int64) error {
	taken := "config." + key
	before, err := s.Setting(ctx, taken)
	if err != nil || before != nil && string(before) == "="+value {
		return err
	}
	r, ok, err := s.Record(ctx, kindFolder, key)
	if err != nil {
		return err
	}
	if !ok || registerActs(r) != value {
		payload, err := newRegister(value)
		if err != nil {
			return err
		}
		if _, err := s.PutRecord(ctx, kindFolder, key, payload, now); err != nil {
			return err
		}
	}
	return s.SetSetting(ctx, taken, []byte("="+value))
}

// setRegisters sets registers to what a person has just said, "" for nothing.
// That is said even where this device's configuration said so before: another
// device may have set them since. A folder that does not run says it later,
// if it is new to the configuration.
func (f *folder) setRegisters(ctx context.Context, values map[string]string) error {
	_, s := f.running()
	if s == nil {
		return nil
	}
	var changed []index.Record
	for key, value := range values {
		r, ok, err := s.Record(ctx, kindFolder, key)
		if err != nil {
			return err
		}
		if said := registerValues(r); value == "" || ok && len(said) == 1 && said[0].Value == value {
			continue
		}
		payload, err := newRegister(value)
		if err != nil {
			return err
		}
		if r, err = s.PutRecord(ctx, kindFolder, key, payload, f.clock.seconds()); err != nil {
			return err
		}
		changed = append(changed, r)
	}
	if len(changed) > 0 {
		f.spreadRecords()
	}
	return nil
}

// register returns a register's value, the configured one while there is none.
func (f *folder) register(ctx context.Context, key, configured string) string {
	_, s := f.running()
	if s == nil {
		return configured
	}
	r, ok, err := s.Record(ctx, kindFolder, key)
	if f.doubt(err); err == nil && ok {
		return cmp.Or(registerActs(r), configured)
	}
	return configured
}

// joinRecords takes in a device's records.
func (f *folder) joinRecords(ctx context.Context, q *peer, records []index.Record) error {
	if q.missedSome(f.conf.ID) {
		return nil
	}
	_, s := f.running()
	if s == nil {
		q.miss(f.conf.ID)
		return nil
	}
	changed, err := s.JoinRecords(ctx, q.device, records)
	f.doubt(err)
	switch {
	case err != nil && !f.runs(s):
		q.miss(f.conf.ID)
		return nil
	case err != nil:
		return fmt.Errorf("records of %s: %w", q.device.Short(), err)
	}
	f.names.learn(changed)
	if len(changed) > 0 {
		f.spreadRecords()
	}
	return nil
}
