package folderfs

import "io"

// wrapFile names operation and file; io.EOF and a short source stay bare, as
// readers and copiers expect them.
func wrapFile(op, name string, err error) error {
	if err == nil || err == io.EOF || err == io.ErrUnexpectedEOF {
		return err
	}
	if _, ok := err.(*Error); ok {
		return err // of the source it was copied from
	}
	return NewError(op, name, "", err)
}

// settable cuts a time down to what Options.Without lets be set.
func (d *Disk) settable(mtime int64) int64 {
	if step := d.without.MtimeGranularity; step > 0 {
		return coarse(mtime, step)
	}
	return mtime
}
