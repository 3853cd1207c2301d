// Package sim plays labsync on several devices in one goroutine, from one seed,
// and holds the outcome against the invariants. Engine, plan, conflict, scan,
// pull and serve are the real ones; below them are a folder in memory, an index
// in memory and links that are queues.
//
// # How a case runs
//
// A World has two to four Devices, each with a clock of its own that may be
// hours off, and a file system that may lack something, linked as a mesh, a star
// or a chain. A script says what happens from outside: programs write, rename,
// delete, keep files open; links are cut and come up; and whatever goes wrong. A
// third of the cases has no faults, a third those of one family, a third a
// mixture (generate.go). The names are few, so that operations collide. An ambush
// is an operation that waits for a step in the middle of a scan, a fetch or a
// placement.
//
// Every effect of an engine becomes a task: a coroutine that can pause before
// each operation on the folder, each write of the index and each message. A
// scheduler that owns all chance lets one thing happen at a time: a task goes on,
// a message arrives, a file event reaches the engine, a Wake's time comes, the
// next operation of the script is carried out. What sync/engine/effect.go says
// about the order of effects is kept: writes of the index end in order, a scan
// waits for what its last batch came to, Place and Recheck do not overlap. When
// nothing can happen the time jumps to when something can.
//
// # What goes wrong
//
//   - A process dies, or the machine loses power, before any operation that
//     changes the folder or any write of the index; the next one recovers.
//     Power takes what was not durable: internal/folderfs/memfs and
//     index/memstore tell what that is. Its tasks end with errors, and nothing
//     that they still do is seen (task.go, power.go).
//   - A disk is full for a while, or fails at a read, a write or a sync; a root is
//     another one for a while; file events are lost; a clock is set (fault.go).
//   - Sessions end at different times for their ends, messages get lost or take
//     long, links are cut along a border (link.go, network.go).
//   - A machine is set back to an earlier moment, an index is lost or replaced by
//     an old copy, a machine becomes a copy of another (identity.go).
//   - A device sends wrong bytes.
//
// # The oracle
//
// After the script links come up, faults end, files are closed, and the world
// goes on until nothing more happens but trying again. Then the oracle looks, at
// disks and not at indexes (the numbers are those of the invariants):
//
//	I1   all trees are the same, as far as the file systems can show it
//	I2   what users wrote and did not destroy is in some tree, or was replaced by
//	     somebody who knew it (account.go) and is kept below .labsync
//	I3   nothing is visible that nobody wrote
//	I6   another scan of everything spends no sequence number, sends nothing
//	I11  nothing is shown that somebody deleted who knew it
//	I20  no name waits, but for a reason that its file system gives
//
// Checked all the time: I7, a version never means two contents and no name goes
// back to a version that the one held includes; I5, neither does a sequence
// number; I14, what was placed is what the index says; I19, no version is made
// of what no user did. After a loss of power: I4, what the index says stands at
// its path; I5, what others have heard is still known.
//
// What is excused is narrow. A loss of power may undo or tear what a user did
// within half a minute before (fragile, in power.go), nothing else. What a device
// cannot hold has to have a problem that says so, and only such names may
// differ, and the directories that stay for them although a send-only device
// overrides them. A version may mean something else once it is in no index any
// more, all of them being lost or set back. Calls that fail excuse nothing but
// that all is scanned once more at the end, as happens unasked.
//
// Not told apart by any means, and so not done by the script: another content of
// the same size under the same times, written within one tick of the clock, or
// between a rename and the look after it (blurred, in act.go); nor does a loss
// of power leave one where something else was recorded more than a minute
// before, by the clock (dateTorn, in power.go).
//
// The same Options give the same trace, to the byte: Result.Hash tells. More
// cases than a plain go test plays:
//
//	go test ./integration/sim -run Converge -sim.n 50000 -sim.seed 1000
//
// # When a case fails
//
// It is played again, shrunk (Shrink), and its script printed and kept: the
// text form of all that happens from outside. With -sim.save it goes to
// testdata/seeds, whose scripts are played by every go test; a seed is worth
// nothing once the generator has changed, a script is. One is played with
//
//	go test ./integration/sim -v -run Converge -sim.script testdata/seeds/NAME.txt
//
// # What the simulator is worth
//
// Of 3,000 cases or more every operation has met every fault in every shape of
// the world, or the test fails; -sim.histogram prints the table. And it finds
// bugs that are there: the build tag mutants adds a test that puts one after
// the other into the product's code, builds it, and demands that the invariant
// which forbids it reports it.
//
//	go test ./integration/sim -tags mutants -run Mutants -v
//
// # How to read a trace
//
//	go test ./integration/sim -v -run Converge -sim.seed 519 -sim.trace
//
// A line has the step, the seconds since the start, the device ("-" is the
// world), a mark, and what happened:
//
//	<  an event that the device's engine took
//	>  an effect that followed from it
//	!  an operation from outside; "(refused)" if the file system did
//	?  an invariant that does not hold
//	   (no mark) a task that pauses, a link that changes
//
// Effects and the events that end them share a number: Place#22, Placed#22. An
// entry is written as "name" (type, start of its hash, permissions, version). A
// version lists counters as device and seconds since the start: <a8c-48> is a's
// counter of second 8 and c's of second -48; c's clock is slow. "d/**" is a
// scope with all that is below.
//
// A failure is best read from its end: find the name in the "?" line, then go
// back through its lines on the device that is wrong. With -sim.strict the
// trace ends at the step that lost content.
package sim
