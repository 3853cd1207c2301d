// Package sim plays labsync on several devices in one goroutine, from one seed,
// and holds the outcome against the invariants. Engine, plan, conflict, scan,
// pull and serve are the real ones; below them are a folder in memory, an index
// in memory and links that are queues.
//
// # How a case runs
//
// A World has two to four Devices, each with a clock of its own that may be
// hours off, linked as a mesh, a star or a chain. A script says what happens
// from outside: programs write, rename, delete, keep files open; links are cut
// and come up. The names are few, so that operations collide. An ambush is an
// operation that waits for a step in the middle of a placement.
//
// Every effect of an engine becomes a task: a coroutine that can pause before
// each operation on the folder and before each message. A scheduler that owns
// all chance lets one thing happen at a time: a task goes on, a message
// arrives, a file event reaches the engine, a Wake's time comes, the next
// operation of the script is carried out. What sync/engine/effect.go says about
// the order of effects is kept: writes of the index end in order, a scan waits
// for what its last batch came to, Place and Recheck do not overlap. When
// nothing can happen the time jumps to when something can.
//
// After the script all links come up, open files are closed, and the world goes
// on until nothing more happens. Then the oracle looks (see RELIABILITY's
// numbers): I1 all trees are the same, on disk; I2 what users wrote and did not
// destroy themselves is in some tree, or kept below .labsync; I3 nothing
// visible that nobody wrote; I20 no name waits; I6 another scan of everything
// spends no sequence number and sends nothing. I19, no local version without a
// user, is checked at every commit.
//
// The same Options give the same trace, to the byte: Result.Hash tells. More
// cases than a plain go test plays:
//
//	go test ./integration/sim -run Converge -sim.n 50000 -sim.seed 1000
//
// # How to read a trace
//
//	go test ./integration/sim -run Converge -sim.seed 519 -sim.trace
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
