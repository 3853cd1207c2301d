//go:build !race

package integration

// raceEnabled tells that the tests, and so the daemons, run with the race
// detector.
const raceEnabled = false
