//go:build race

package crash

// raceEnabled tells that the tests, and so the daemons, run with the race
// detector.
const raceEnabled = true
