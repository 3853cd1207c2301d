package pull

// syncDir makes the names in a directory durable. A file system that was shut
// down after an error may say that it did so when it did not (xfs says it of
// directories, not of files): only what can still be looked at afterwards was
// alive while it was flushed.
func (p *Puller) syncDir(name string) error {
	if err := p.fs.SyncDir(name); err != nil {
		return err
	}
	_, err := p.fs.Lstat(name)
	return err
}
