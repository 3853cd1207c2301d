package folderfs

// SparseFile is an OpenFile that knows where it has data. Files are one where
// the system can tell.
type SparseFile interface {
	OpenFile
	// DataAfter returns the first stretch of data that ends after from. What
	// lies between from and start was never written, and reads as zeros; without
	// more data both are the size. Of what was written a moment ago some file
	// systems have said in the past that it was not: do not ask about it.
	DataAfter(from int64) (start, end int64, err error)
}
