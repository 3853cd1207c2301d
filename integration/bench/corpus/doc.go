// Package corpus makes the files that the benchmark synchronises. Everything
// follows from a seed: the same sizes, names and bytes on every machine, so
// that results can be set beside each other.
//
// Directories are made fresh; an existing name is an error. Nothing here is
// made durable: whoever measures syncs the file system first.
package corpus
