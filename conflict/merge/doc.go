// Package merge brings together two texts that were made from a common one, line
// by line, and says where they cannot be brought together. It is pure.
//
// The result is that of git merge-file: the same merged bytes, or a conflict where
// git has one. Two changes of the common text go together if at least one line
// between them was left alone by both, or if they are the same change. So a merge
// depends on how the differences are cut out of texts that repeat themselves, and
// this is done as git's default algorithm does it:
//
//   - E. W. Myers, An O(ND) Difference Algorithm and Its Variations (Algorithmica
//     1, 1986), in its linear-space form, which splits the problem where the
//     search from both ends meets (split.go);
//   - lines that the other text does not have are left out of that search, and
//     with them lines that stand among them and are very frequent (reduce.go);
//   - a hunk that could as well lie further down is moved there, unless it then
//     no longer faces a hunk of the other text (slide.go);
//   - a search that gets very expensive ends at a good place instead of the best.
//
// A line ends with its newline; "a" without one and "a\n" are different lines,
// and so are "a\n" and "a\r\n".
package merge
