package folderfs

// Subdirectories returns the names of the directories in a directory, in order.
// It is ReadDir for who wants no more than that, and need not look at each file
// where the system says in the listing what is a directory.
func Subdirectories(r Reader, name string) ([]string, error) {
	if quick, ok := r.(interface {
		subdirectories(name string) ([]string, error)
	}); ok {
		return quick.subdirectories(name)
	}
	infos, err := r.ReadDir(name)
	var names []string
	for _, in := range infos {
		if in.Kind == Directory {
			names = append(names, in.Name)
		}
	}
	return names, err
}

func (r readOnly) subdirectories(name string) ([]string, error) {
	return Subdirectories(r.Reader, name)
}
