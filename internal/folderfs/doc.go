// Package folderfs is the only way to a user's files. It opens a folder's root
// and offers two views of it: a Reader, which changes nothing, and a Writer,
// which is handed to sync/pull and versioning/archive alone.
//
// Names are slash-separated and relative to the root ("" is the root itself).
// Every name is walked from the root without following any link, not even one
// that stays inside: a name below a symlink does not exist. Nothing outside the
// root can be reached, whatever the name.
//
// Safety is in the shape of the Writer: there is no call that overwrites or
// removes a file of the user. A name is taken by RenameNoReplace, which fails
// if it exists, or by Exchange, which keeps what was there under the other
// name; Remove works inside the work directory (".labsync/") alone; Rmdir
// removes empty directories only.
//
// Opening a folder changes nothing in it: a missing work directory is a sign
// that the root is not what it was. Options.Prepare or Prepare make it. What the
// file system can do is tried out in the work directory (Probe), and can be
// hidden for tests (Options.Without).
//
// Errors are of type Error: operation and name in the text, matching both an
// error of this package or io/fs and the number of the operating system.
//
// Disk is the real thing. Linux and macOS share the files _unix.go, built on
// calls relative to open directories, with openat2, renameat2 and leases in
// _linux.go, renameatx_np and F_FULLFSYNC in _darwin.go; the files _windows.go
// use os.Root, one component at a time, and handles. Nothing is cached between
// calls: each opens the directory it works in. Package memfs is the same in
// memory, with crash semantics and faults, for tests and the simulator; fstest
// is the suite that both pass.
//
// What remains: where a file system has no rename that refuses an existing
// target (Capabilities.NoReplace is false), a file that appears at the target
// of a rename within the tree in the microseconds between look and rename is
// replaced; see rename_unix.go.
package folderfs
