// Package pull brings versions from other devices into a folder. It is the only
// code that changes a user's file. What is to be done is
// decided elsewhere (sync/plan); here it is done so that no crash, no full disk
// and no person who saves at the worst moment loses a byte.
//
// # Two steps
//
// Fetch assembles content in the work directory: first from what lies on this
// disk (the same content elsewhere, the old version of the file, blocks of what
// was displaced lately or fetched in vain, of any file), then from all devices
// that have it, at once. Who has it, and whether it is still wanted, is asked
// again every second or so: devices join in or drop out, and a content that
// somebody has put at its name meanwhile is not fetched to the end. Every block
// is checked against its SHA-256 before it is written, wherever it comes from.
// A device that sends three bad blocks of a content is not asked for it for ten
// minutes. Large files grow in a partial file that is verified block by block
// when a later Fetch goes on with it, however long it has waited; so nothing that
// has arrived is sent twice as long as somebody wants it. What is complete has
// its attributes and is durable before it gets the name that says so. Small files
// to be created do without that name: which of them are durable is remembered in
// memory only, and after a restart they are fetched anew. What was fetched and is
// not wanted any more serves the next version as a source; Recheck removes it
// when there is a younger one for that name, or after a day.
//
// Place puts a group of actions into the folder:
//
//  1. each is compared with what the index holds now;
//  2. intents are committed for those that touch what exists;
//  3. each is carried out on disk, new directories first, and what was displaced
//     is checked;
//  4. barrier: all touched directories are made durable;
//  5. what happened is committed to the index in one transaction, which also
//     settles the intents.
//
// The blocks of displaced and left-over work files are remembered in memory
// (leftovers), bounded: an in-place rewrite is often announced as truncated
// first, and nearly all of the next version lies among the displaced files
// then. After a restart such a file is found by the hash of its whole content
// only.
//
// # What is done for each operation
//
//	create         rename of the complete file, refused if the name exists
//	replace,       the wanted goes to displaced/, under the name that the old is to
//	change type    have there; one atomic exchange; then the old is checked
//	delete         rename to displaced/, then check; never an unlink
//	move           rename, refused if the name exists; then check at the new name
//	rmdir          of an empty directory only
//	attributes     set in place; the content is read again if the time was set
//
// Check means: inode, size and modification time are those recorded, and the
// time is old enough to prove anything (git's racily-clean rule); else the
// bytes are hashed. What is not as expected is a save that nobody had scanned.
// It is put back if it can be, or becomes a version on top of the one that was
// held, recorded in the same transaction as what was placed, or by Recheck if
// nothing could be placed: a second head, for the plan to resolve.
//
// Where the file system cannot exchange, the old is renamed to displaced/ and
// the new to its name: the name is missing for a moment. Where it cannot refuse
// to rename over an existing name, folderfs looks before it renames, and a file
// made in between is lost: status says that the folder has this window.
//
// # Late writers
//
// A program may have a file open while it is displaced and go on writing into
// what is not at the name any more. Place asks first and postpones; and what was
// displaced is remembered, durably, until Recheck has found it left alone and
// hashed it again. What was written late becomes a head like any other save.
// Displaced files stay; whoever keeps versions takes them from there.
//
// # After a crash
//
// Nothing of a user's is ever in tmp/. A file in displaced/ that a pending
// intent names is told apart by hashing it and what lies at the path; any other
// there is a user's and stays. So Recover can finish or take back each step,
// and a partial file can never be taken for somebody's bytes. A create needs no
// intent: it either happened or not, and what stands there afterwards is adopted
// if it is what was wanted; after an unclean end by Recover, before another head
// can take the place of the one that it was made of. None does so while it is
// being placed (engine.RecordRemote), and nothing is created of a head that has
// been replaced already.
//
// Heads are durable before something is made of them on disk. A create of which
// it is not known whether it is durable, since a sync failed, gets an intent
// afterwards. Until Place or Recheck has settled what is not known for certain,
// the outcome says so and nothing may be recorded of the name.
//
// What had been recorded within a minute before the machine went down without an
// end in good order is suspect: what a loss of power has made of it is a head
// beside what was recorded, below all that a person wrote (index.Suspect,
// plan.Record).
//
// # Read-only directories
//
// A directory synchronised with permissions that forbid writing still receives
// what comes for it: its owner is lent the permission for the time of a group,
// after this was noted durably, and gets the old one back. One that belongs to
// somebody else is a problem of the file.
//
// # Failpoints
//
// Options.Fault is called with these names, in their order within a step:
//
//	pull.temp.sync  content assembled and dressed, before it is made durable
//	pull.begun      intents committed, nothing touched
//	pull.create     before the wanted takes a free name
//	pull.exchange   what is there looked as expected, before it is exchanged
//	pull.exchanged  exchanged, what was displaced not checked
//	pull.delete     as pull.exchange, of a delete
//	pull.taken      renamed away, not checked (delete; replace without exchange)
//	pull.rmdir      before a directory is removed
//	pull.removed    a directory was removed, its successor is not there
//	pull.move       before the rename
//	pull.moved      renamed, not checked
//	pull.meta       before attributes are set
//	pull.placed     all steps of the group done, nothing made durable
//	pull.durable    directories durable, nothing recorded
//	pull.committed  recorded
//	pull.late       a displaced file turned out to hold a save; it is named after
//	                that, which nothing records yet
//
// # Goroutines
//
// A Puller starts none. Its calls are synchronous and hand what can be done at
// once to Options.Parallel; run serially, they are deterministic. Fetch asks
// for ((devices + 2) × Outstanding + 16) workers at most. Any of them asks any
// device, those that have come since included, or makes files durable: fewer
// are slower, one alone is enough.
package pull
