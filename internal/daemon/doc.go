// Package daemon is the composition root: the only package that knows folders,
// transport and API at once. It decides nothing about files; it opens, wires,
// supervises and translates.
//
//   - Daemon reads the configuration, owns the pool of connections and the API
//     servers, and starts and stops folders as the configuration says.
//   - folder supervises one folder: it opens root and index, checks that they
//     are the ones that belong together, runs sync/drive and starts it again
//     when it ends.
//   - peers keeps one session for each connected device, a peer, and translates
//     between sessions and folders. Two sessions of one device never overlap.
//   - link is the exchange of one folder within a session. It begins when the
//     device has said what it knows, with the records it lacks; then come the
//     entries.
//
// What is announced to a folder while it does not run is missed, and nothing
// after it is taken in that session: the sequence known of a device stands for
// all before it. When the folder runs, such a session is ended and begun anew.
//
// An index is used for one root, from the addition of its folder to its removal,
// and while it is sound. Else it is set aside and begun anew: a name that a new
// index lacks is no deletion, and equal files are no conflict. A root that is not
// the one the index describes stops the folder instead, until a person decides.
//
// A copy of an index must not go on as the original: two contents would come to
// bear one version. Four things tell: the machine and the home that it was made
// in; the stamp, which index and folder share and which changes whenever a run
// begins or ends (origin.go); the sequence, which leaps at the beginning of each
// run, so that a device that has heard of one that was never used has heard it
// from somebody else (meet.go); and a second instance of the process that is
// connected elsewhere (instance.go). No version is dated by a clock that cannot
// be right (clock.go).
//
// Goroutines: Daemon.Run owns the pool, the servers, one supervisor for each
// folder and one goroutine for each session; all have ended when it returns.
package daemon
