// Package crash cuts the power of real file systems and looks at what is left.
//
// # Crash images
//
// A device with the whole stack below the network, sync/drive over index/store
// and folderfs, has its folder on one recording disk (internal/writelog) and its
// index on another; a peer in the same process and users on both sides give it
// work. Afterwards the log of writes is cut at random moments. Each moment is
// made into the two disks as a loss of power could have left them then: all that
// was flushed, and of the rest some. They are mounted, and held against the
// invariants, which bear the names they have throughout the project:
//
//	I2  no content is lost that was recorded, or that a user had made durable
//	I3  no name shows half a file
//	I4  the index claims nothing that the disk does not hold
//	I5  what was announced, or recorded as durable, is in the index
//	I7  nothing is replaced by what it has replaced
//	I11 nothing deleted comes back
//	I19 what was placed is never taken for an edit made here
//
// Then the device starts again, alone, recovers and scans, and they have to hold
// again. For a part of the images it meets its peer after that, or at once: both
// must come to agree, and nothing of the peer's may change by it.
//
// Folder and index lie on different disks because a database's own flushes
// commit the journal of its file system, and hide a directory that was never
// flushed. A few recordings have both on one disk all the same.
//
// That all this can fail is shown by faults that are put in: a barrier or a flush
// left out has to be found.
//
// # Stopped dead
//
// Real daemons synchronise on ext4 and xfs that are shut down under them, which
// drops all that was not written, and go on after it was mounted again.
//
// All of it needs root, nbdfuse and the mkfs programs, and is skipped with the
// reason otherwise. LABSYNC_CRASH_IMAGES is how many images are looked at.
package crash
