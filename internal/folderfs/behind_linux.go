package folderfs

import "golang.org/x/sys/unix"

// handOver has the disk begin with all that is in memory only, and drops what
// it has already. Neither waits for the disk to finish, and neither takes away
// the error of a write that fails meanwhile: Sync reports that.
func handOver(fd int, drop bool) {
	_ = unix.SyncFileRange(fd, 0, 0, unix.SYNC_FILE_RANGE_WRITE) // Sync does all of it in any case
	if drop {
		_ = unix.Fadvise(fd, 0, 0, unix.FADV_DONTNEED)
	}
}
