// Package observe finds out from outside what programs do: what their folders
// hold (tree.go, sum.go), since when (await.go), and what it cost (process.go,
// machine.go). It asks no program that it measures.
//
// # When two folders are the same
//
// Looking must not disturb what it looks at, so it goes from cheap to dear: a
// few names spread over what changes; once all of them are as they should be,
// the number of names; then the type, size, modification time, executable bit
// or link target of every name. The clock stops at the end of the first such
// look that finds all as expected. After that all bytes of all folders are read
// and hashed; if they differ, the clock goes on as if nothing had been. Nothing
// is subtracted, and how far apart the last two looks were is part of the
// result: Outcome.Resolution.
//
// It reads /proc and is of use on Linux only; elsewhere it builds.
package observe
