//go:build linux || darwin

package folderfs

// Walk makes a folder open names component by component, as where the kernel
// has no openat2.
func (d *Disk) Walk() { d.root.walks = true }
