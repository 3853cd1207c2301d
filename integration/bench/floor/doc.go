// Package floor does the parts of the work that no synchroniser can leave out,
// as fast as this machine lets anyone do them: writing files durably, cutting
// and hashing them. What a synchroniser takes is set beside it.
package floor
