// Package archtest holds the shape of the code as tests: who may import whom,
// where files of users are touched, how long a file gets. Each rule stands in a
// table with its reason, and fails when it no longer applies to anything, so
// that the tables stay as true as the code.
//
// Files are parsed for all operating systems at once, whatever their build
// constraints. Generated files are exempt. There is no code here but tests.
package archtest
