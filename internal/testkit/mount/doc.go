// Package mount gives tests file systems of their own: ext4, xfs and btrfs on
// loop devices, exfat by FUSE. The bytes lie in memory.
//
// Nothing is left behind, not even by tests that are killed: Private runs the
// tests of a package in namespaces of their own. With the tests end all the
// processes they have started, with those their mounts, and a loop device ends
// when nobody has it open any more.
//
// Only root can mount. Need skips a test where a file system cannot be had, and
// says why.
//
// There is something here on Linux only. The package is imported by tests only.
package mount
