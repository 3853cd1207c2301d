// Package writelog has block devices in memory that remember every write, and
// makes of that what a loss of power could have left on them.
//
// All devices of a Log share one order of events: writes, flushes, and marks
// that whoever writes to them sets between. So a moment can be chosen, and the
// devices be had as they could have been found together after it: of each, what
// was written before its last flush, and of what was written since then any
// part (Replay, State).
//
// A device is served over the NBD protocol (nbd.go), since nothing else makes a
// block device out of a program without a kernel module: nbdfuse makes a file
// of it, a loop device over that file a disk (device_linux.go).
//
//	Go, this package  <-  nbdfuse  <-  loop  <-  ext4, xfs, btrfs
package writelog
