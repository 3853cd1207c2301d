// Package drive runs a folder: it feeds what happens to the engine, one event
// at a time, and carries out the effects by calling the steps (sync/scan,
// sync/pull, sync/serve, sync/watch) and the store.
//
// Goroutines of Folder.Run, all ended when it returns:
//
//   - the loop, the only one that touches the engine;
//   - the store lane, which writes the index in the order of the effects;
//   - the watcher, which turns file events into Changed;
//   - one for each effect under way of the kinds Scan, Fetch, Place, Send and
//     Recheck. The engine bounds how many there are.
//
// A scan waits before it hands on a batch until what the one before came to is
// recorded, and whoever delivers announcements waits until they are: that is
// what bounds the memory. Nothing waits for the loop while the loop waits for
// it.
//
// Pages of announcements go to a device one after another, each by the Link
// that the device was connected by when the engine decided on it: a page that
// is late never overwrites a newer one over there, nor gets into a conversation
// that began after it.
package drive
