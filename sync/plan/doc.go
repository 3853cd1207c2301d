// Package plan decides, for one name at a time, what this device should do.
// It is pure: facts in, one decision out, no clock, no I/O, no memory of other
// names. Read the table in decide_test.go and you know what labsync will do.
//
// Decide answers the question of the pull: the heads of a name and what is held
// here are known; what has to happen on disk? Record answers the question of
// the scan: the disk shows something else than the index; which version is it?
package plan
