// Package tool runs the programs that the benchmark compares, as their users
// run them: real processes with a home and a folder each, on loopback, set up
// by command line and configuration file. Nothing of labsync is linked but the
// types of its status.
//
// A Tool makes Clusters: a few devices that share one folder. Every process
// that was started ends with Close, and on Linux with the benchmark itself. One
// goroutine per process waits for its end.
package tool
