// Command bench measures labsync beside rsync and Syncthing, black box: real
// processes on loopback, each measurement in fresh directories on one disk,
// judged by reading and hashing the folders (package observe says how). It also
// does the part of the work that nobody can leave out, and prints how far each
// tool is from that: the durable floor (package floor).
//
//	go run ./integration/bench -runs 3 -out docs/benchmarks
//	go run ./integration/bench -table 'docs/benchmarks/*.json'
//
// As root on Linux it moves into a network namespace of its own, where all
// traffic on loopback is the tools'; otherwise bytes on the wire are not
// reported. What a row does is in the rows_*.go files; which tools it is run
// with, in rows.go. Tools take turns within a row, so that a change of the machine's mood
// hits all of them.
//
// A measurement is over when the devices are quiet again: work put off until
// after the files are there counts as CPU time and traffic.
package main
