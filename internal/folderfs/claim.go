package folderfs

import "errors"

// ErrClaimed tells that another process uses the folder.
var ErrClaimed = errors.New("folder is in use by another process")

// Claim keeps other processes from claiming the folder, until release is called
// or this process ends. An error wraps ErrClaimed if one has. Where the file
// system has no locks, nothing is kept from anyone.
func (d *Disk) Claim() (release func(), err error) {
	f, err := d.Open(IdentityFile)
	if err != nil {
		return nil, err
	}
	own := f.(*file)
	err = lockFile(own.os)
	if err == nil || !errors.Is(err, ErrClaimed) {
		return func() { _ = own.Close() }, nil // closing unlocks
	}
	return nil, closing(NewError("claim", d.path, "", err), own)
}
