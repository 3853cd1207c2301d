// Package versioning says which old versions of a file a device may let go of. It
// is pure: it is given what is kept of one name and what time it is, and answers
// with what has expired and why. It removes nothing.
//
// A folder has one strategy, the same on every device:
//
//   - None keeps no history. What lost a conflict waits in quarantine until
//     somebody has acknowledged it, or for a week in which this device ran, counted
//     from when the author's device has shown the conflict.
//   - Simple keeps the last versions of a file, five if nothing else is said.
//   - Staggered keeps fewer the older they get: of the last hour one for every 30
//     seconds, of the last day one an hour, of the last 30 days one a day, of the
//     last year one a week.
//
// Under every strategy what another device deleted is kept for 30 days, and what an
// open conflict needs is kept as long as it is open.
//
// Intervals are counted from 1970, not from the latest version, and each is a
// multiple of the one before it. So it makes no difference how often, or on which
// device, old versions are looked at: what is left is the same.
package versioning
