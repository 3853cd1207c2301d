package folderfs

// ChangeUnreadable is the last way of Chmod, where fchmodat2 is missing.
func (d *Disk) ChangeUnreadable(name string, mode uint32) error {
	return d.inParent(name, func(dir int, base string) error { return changeUnreadable(dir, base, mode) })
}
