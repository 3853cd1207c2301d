package folderfs

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"io"
)

// IdentityFile tells one folder's root from any other: 16 random bytes in
// hexadecimal and a newline, made once by Prepare. Device and inode number do
// not: every tmpfs begins with the same inode, every ext4 too, and a device
// number is another one after a restart. A root that was copied, or restored
// with its work directory, keeps its identity.
const IdentityFile = WorkDir + "/identity"

// ErrNoIdentity tells that a root has no IdentityFile, or something else in its
// place.
var ErrNoIdentity = errors.New("root has no identity")

const (
	identitySize = 16 // random bytes
	identityNew  = IdentityFile + ".new"
)

// Identity returns what IdentityFile holds, without the newline. It is read
// anew each time. An error wraps ErrNoIdentity if there is none.
func (d *Disk) Identity() (string, error) {
	f, err := d.Open(IdentityFile)
	switch {
	case isNotExist(err), errors.Is(err, ErrNotDirectory), errors.Is(err, ErrKind):
		return "", NewError("identify", IdentityFile, "", means{ErrNoIdentity, err})
	case err != nil:
		return "", err
	}
	text, err := io.ReadAll(io.LimitReader(f, 4*identitySize))
	if err = errors.Join(err, f.Close()); err != nil {
		return "", err
	}
	text, ended := bytes.CutSuffix(text, []byte("\n"))
	if raw, err := hex.DecodeString(string(text)); err != nil || !ended || len(raw) != identitySize {
		return "", NewError("identify", IdentityFile, "", ErrNoIdentity)
	}
	return string(text), nil
}

// identify makes the root's identity durably, unless it has one. What it has
// instead, if anything, is no file of the user, who has none here.
func (d *Disk) identify() error {
	if _, err := d.Identity(); !errors.Is(err, ErrNoIdentity) {
		return err
	}
	for _, left := range []string{identityNew, IdentityFile} {
		if err := d.Remove(left); err != nil && !isNotExist(err) {
			return err
		}
	}
	f, err := d.Create(identityNew)
	if err != nil {
		return err
	}
	var raw [identitySize]byte
	rand.Read(raw[:])
	_, err = f.WriteAt([]byte(hex.EncodeToString(raw[:])+"\n"), 0)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err := d.RenameNoReplace(identityNew, IdentityFile); err != nil {
		return err
	}
	return d.SyncDir(WorkDir)
}
