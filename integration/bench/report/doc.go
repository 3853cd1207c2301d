// Package report keeps what the benchmark measured as JSON, and makes tables of
// it: medians of all runs, how they compare, and which goals are met. It
// measures nothing and reads no clock.
package report
