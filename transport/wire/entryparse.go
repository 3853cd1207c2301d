package wire

import (
	"crypto/sha256"
	"fmt"
	"math"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/transport/wire/wirepb"
)

// Limits of an entry.
const (
	// MaxHeads is the number of heads that an update may name.
	MaxHeads = 64
	// maxTarget bounds the text of a symlink, as Linux does.
	maxTarget = 4096
	// Content blocks but the last have at least minBlock bytes; no block has
	// more than maxBlock, which is BEP's largest size.
	minBlock = 32 << 10
	maxBlock = 16 << 20
	// Fixed blocks have powers of two from minFixed to maxBlock.
	minFixed = 128 << 10
)

// rules are what differs between the peers an entry can come from.
type rules struct {
	now int64 // unix seconds
	bep bool  // a Syncthing: what its versions do otherwise is put right
}

// update converts an announcement. A reason says what is wrong with it.
func (r rules) update(m *wirepb.FileInfo) (u index.Update, reason string) {
	name := string(m.Name)
	if r.bep && utf8.ValidString(name) {
		name = norm.NFC.String(name)
	}
	if err := index.CheckName(name); err != nil {
		return u, err.Error()
	}
	if len(m.Heads) >= MaxHeads {
		return u, fmt.Sprintf("it has %d heads", 1+len(m.Heads))
	}
	u = index.Update{Sequence: m.Sequence, Heads: make([]index.Entry, 1+len(m.Heads))}
	for i := range u.Heads {
		head := m
		if i > 0 {
			head = m.Heads[i-1]
			if len(head.Name) > 0 {
				return u, "a further head has a name of its own"
			}
		}
		e, reason := r.entry(head)
		if reason != "" {
			return u, reason
		}
		e.Name = name
		u.Heads[i] = e
	}
	return u, ""
}

// entry converts one head, all but the name.
func (r rules) entry(m *wirepb.FileInfo) (e index.Entry, reason string) {
	e = index.Entry{
		Deleted: m.Deleted, Mode: m.Permissions & 0o777, ModifiedBy: index.Replica(m.ModifiedBy),
	}
	if m.Invalid {
		return e, "its sender marks it as invalid"
	}
	switch m.Type {
	case wireFile:
	case wireDirectory:
		e.Type = index.Directory
	case wireSymlink:
		e.Type = index.Symlink
	default:
		return e, fmt.Sprintf("its type %d is unknown", m.Type)
	}
	if m.NoPermissions {
		e.Mode = 0o644
		if e.Type == index.Directory {
			e.Mode = 0o755
		}
	}
	if reason = parseTime(&e, m); reason != "" {
		return e, reason
	}
	if reason = r.history(&e, m); reason != "" {
		return e, reason
	}
	return e, r.content(&e, m)
}

// parseTime joins what splitTime cut: every int64 of ns is a time, also the
// first and the last, where devices keep times that lie beyond.
func parseTime(e *index.Entry, m *wirepb.FileInfo) string {
	first, firstNs := splitTime(math.MinInt64)
	last, lastNs := splitTime(math.MaxInt64)
	s, ns := m.ModifiedS, m.ModifiedNs
	if ns < 0 || ns > 999_999_999 || s < first || s == first && ns < firstNs || s > last || s == last && ns > lastNs {
		return fmt.Sprintf("its time %d.%09d s is out of range", s, ns)
	}
	e.Mtime = time.Unix(s, int64(ns)).UnixNano()
	return ""
}

// history converts the vectors and where the content came from.
func (r rules) history(e *index.Entry, m *wirepb.FileInfo) string {
	var err error
	if e.Version, err = parseVector(m.Version, r.now); err != nil {
		return err.Error()
	}
	if r.bep {
		return ""
	}
	if e.Parent, err = parseAncestor(m.Parent, r.now); err != nil {
		return "parent: " + err.Error()
	}
	if e.ContentVersion, err = parseAncestor(m.ContentVersion, r.now); err != nil {
		return "content version: " + err.Error()
	}
	if !e.Version.Dominates(e.ContentVersion) {
		return "its content is of a version that it does not descend from"
	}
	if e.RenamedFrom = string(m.RenamedFrom); e.RenamedFrom != "" {
		if err = index.CheckName(e.RenamedFrom); err != nil {
			return "the name it had before: " + err.Error()
		}
	}
	return ""
}

// content converts size, blocks, hash and target, as far as the type has them.
func (r rules) content(e *index.Entry, m *wirepb.FileInfo) string {
	hasBlocks := len(m.Blocks) > 0 || len(m.BlockHashes) > 0 || len(m.BlockSizes) > 0
	switch {
	case m.Size < 0:
		return fmt.Sprintf("its size is %d", m.Size)
	case (e.Deleted || e.Type != index.File) && hasBlocks:
		return "it has blocks and is not a file"
	case e.Type != index.Symlink && len(m.SymlinkTarget) > 0:
		return "it has the text of a link and is none"
	case e.Deleted:
		if len(m.BlocksHash) != 0 && len(m.BlocksHash) != len(e.Hash) {
			return fmt.Sprintf("its hash has %d bytes", len(m.BlocksHash))
		}
		copy(e.Hash[:], m.BlocksHash)
		return ""
	case e.Type == index.Directory:
		return ""
	case e.Type == index.Symlink:
		return parseTarget(e, m)
	}
	e.Size = m.Size
	reason := r.blocks(e, m)
	if reason == "" {
		e.Hash = index.HashBlocks(e.Blocks)
	}
	return reason
}

// parseTarget takes the text of a link. Where it points to does not matter:
// links are made, never followed.
func parseTarget(e *index.Entry, m *wirepb.FileInfo) string {
	target := string(m.SymlinkTarget)
	if target == "" || len(target) > maxTarget || strings.IndexByte(target, 0) >= 0 || !utf8.ValidString(target) {
		return fmt.Sprintf("the text of the link, %d bytes, is no path", len(target))
	}
	e.Target = target
	e.Hash = sha256.Sum256(m.SymlinkTarget)
	return ""
}
