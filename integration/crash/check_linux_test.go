package crash

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"time"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/index/store"
)

// checkAsFound holds folder and index against one another before anything of
// labsync runs.
func (m *mounted) checkAsFound(ctx context.Context) error {
	s, err := store.Open(ctx, m.db, store.Options{})
	if err != nil {
		return err
	}
	err = m.checkIndex(ctx, s)
	there, treeErr := shown(m.root)
	if err = errors.Join(err, treeErr); err == nil {
		err = errors.Join(there.checkWhole(), m.checkNames(ctx, s, there, m.moment.checkRecorded, m.peerMayBeLater), m.checkContents())
	}
	return errors.Join(err, s.Close())
}

// checkIndex checks that the index is the one announced, and not behind that.
func (m *mounted) checkIndex(ctx context.Context, s *store.Store) error {
	who, err := s.Identity(ctx)
	if err != nil {
		return err
	}
	if want := m.moment.index; want != 0 && who.Index != want {
		return fmt.Errorf("I5: the index announced was %x, found is %x", want, who.Index)
	}
	if who.Sequence < m.moment.sequence {
		return fmt.Errorf("I5: %d was announced, and the index has come to %d only", m.moment.sequence, who.Sequence)
	}
	return nil
}

// checkWhole checks that no file is half of one.
func (t tree) checkWhole() error {
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(t)) {
		if t[name].isBroken() {
			errs = append(errs, fmt.Errorf("I3: %s shows %s", name, t[name]))
		}
	}
	return errors.Join(errs...)
}

// checkContents checks that nothing is lost that must be there.
func (m *mounted) checkContents() error {
	found, err := contentsBelow(m.top, m.db)
	if err != nil {
		return err
	}
	var errs []error
	for _, serial := range slices.Sorted(maps.Keys(m.moment.serials)) {
		if !found[serial] {
			errs = append(errs, fmt.Errorf("I2: content %d of %d bytes is nowhere", serial, sizeOf(serial)))
		}
	}
	return errors.Join(errs...)
}

// checkNames checks each name: with known what the index says of it, nil for
// nothing, and with shows what the name shows beside that.
func (m *mounted) checkNames(
	ctx context.Context, s *store.Store, there tree,
	known func(name string, held *index.Held) error, shows func(held *index.Held, there look, begun bool) error,
) error {
	pending, err := s.Pending(ctx)
	if err != nil {
		return err
	}
	begun := map[string]bool{}
	for i := range pending {
		begun[pending[i].Path] = true
	}
	names, err := heldNames(ctx, s)
	if err != nil {
		return err
	}
	for name := range m.moment.atLeast {
		names[name] = true
	}
	for name := range m.moment.peer {
		names[name] = true
	}
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(names)) {
		held, err := s.Local(ctx, name)
		if err != nil {
			return err
		}
		if err := known(name, held); err != nil {
			errs = append(errs, err)
			continue
		}
		if held != nil {
			errs = append(errs, shows(held, there.at(name), begun[name]))
		}
	}
	return errors.Join(errs...)
}

// heldNames lists what the index holds.
func heldNames(ctx context.Context, s *store.Store) (map[string]bool, error) {
	const page = 1000
	names := map[string]bool{}
	for after := ""; ; {
		held, err := s.Locals(ctx, "", after, page)
		if err != nil {
			return nil, err
		}
		for i := range held {
			after = held[i].Entry.Name
			names[after] = true
		}
		if len(held) < page {
			return names, nil
		}
	}
}

// peerMayBeLater checks a name of the peer's before the device has started
// again. What was begun may have taken a directory's name for a moment; an
// intent says so. Of other names nobody knows here what their user did last.
func (m *mounted) peerMayBeLater(h *index.Held, there look, begun bool) error {
	if !isPeers(h.Entry.Name) || begun && there == (*state)(nil).look() {
		return nil
	}
	return m.moment.checkShown(h, there)
}

// checkRecovered starts the device alone and checks it when it rests.
func (m *mounted) checkRecovered(ctx context.Context) error {
	n, err := openNode(ctx, nodeOptions{id: theDevice, root: m.root, db: m.db, lack: m.lack})
	if err != nil {
		return err
	}
	n.start()
	err = await("the folder to rest", n.rested)
	if err == nil {
		err = m.checkSoon(ctx, n)
	}
	return errors.Join(err, n.end())
}

// soon is how long a device that seems to rest may be between two steps.
const soon = 5 * time.Second

// checkSoon checks a device that has nothing left to do. What it finds wrong
// counts if it stays: a plan may have followed on the scan just then, and disk
// and index are not read at the same moment.
func (m *mounted) checkSoon(ctx context.Context, n *node) error {
	for deadline := time.Now().Add(soon); ; {
		err := m.checkResting(ctx, n)
		if err == nil || time.Now().After(deadline) {
			return err
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// checkResting checks a device at rest.
func (m *mounted) checkResting(ctx context.Context, n *node) error {
	there, err := shown(m.root)
	if err != nil {
		return err
	}
	errs := []error{there.checkWhole(), m.checkContents(), m.checkNames(ctx, n.store, there, m.moment.checkKept, m.asHeld)}
	held, err := heldNames(ctx, n.store)
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(there)) {
		if !held[name] {
			errs = append(errs, fmt.Errorf("I4: %s shows %s, of which the index knows nothing", name, there[name]))
		}
	}
	return errors.Join(errs...)
}

// asHeld checks that a name shows just what the index says.
func (m *mounted) asHeld(h *index.Held, there look, _ bool) error {
	name := h.Entry.Name
	if isPeers(name) && position(m.moment.peer[name], h.Entry.Version.Append(nil)) < 0 {
		return fmt.Errorf("I19: the index has a version of %s that its only user did not make", name)
	}
	says := stateOf(&h.Entry)
	if want := says.look(); there != want {
		return fmt.Errorf("I4: %s shows %s, the index says %s", name, there, want)
	}
	return nil
}

// checkTogether lets the device meet its peer as the recording left it. They
// must come to agree, and nothing of the peer's may change by that.
func (m *mounted) checkTogether(ctx context.Context) error {
	dir, err := m.copyPeer()
	if err != nil {
		return err
	}
	root := filepath.Join(dir, folderDir)
	before, err := shown(root)
	if err != nil {
		return err
	}
	peer, err := openNode(ctx, nodeOptions{id: thePeer, root: root, db: filepath.Join(dir, indexFile)})
	if err != nil {
		return err
	}
	device, err := openNode(ctx, nodeOptions{id: theDevice, root: m.root, db: m.db, lack: m.lack})
	if err != nil {
		return errors.Join(err, peer.end())
	}
	err = m.renewIfOlder(ctx, device)
	device.start()
	peer.start()
	if err == nil {
		err = connect(ctx, device, peer)
	}
	if err == nil {
		err = agree(device, peer)
	}
	if err == nil {
		err = errors.Join(m.checkSoon(ctx, device), m.checkPeerUnchanged(before, root))
	}
	return errors.Join(err, device.end(), peer.end())
}

// renewIfOlder does what the daemon does when a peer has seen more of the index
// than there is: the peer is as the recording left it, not as it was at the cut.
func (m *mounted) renewIfOlder(ctx context.Context, n *node) error {
	if m.moment.sequence == m.moment.last {
		return nil
	}
	_, err := n.store.Renew(ctx)
	return err
}

func (m *mounted) checkPeerUnchanged(before tree, root string) error {
	after, err := shown(root)
	if err != nil {
		return err
	}
	others := func(name string, _ look) bool { return !isPeers(name) }
	maps.DeleteFunc(before, others)
	maps.DeleteFunc(after, others)
	if d := before.difference(after); d != "" {
		return fmt.Errorf("I11: at the peer, before and after: %s", d)
	}
	return nil
}
