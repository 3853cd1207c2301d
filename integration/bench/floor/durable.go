package floor

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sync/errgroup"
)

// writers is how many files are written at once: the fastest of 8, 16, 32 and 64
// on the disks tried.
const writers = 32

// Copy copies the tree from into the directory to so that nothing of it is lost
// by a power cut after it returns: each file is written under another name,
// synced and renamed, then every directory is synced.
func Copy(ctx context.Context, from, to string) error {
	work := filepath.Join(to, ".work")
	if err := os.MkdirAll(work, 0o755); err != nil {
		return err
	}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(writers)
	dirs := []string{to}
	n := 0
	err := filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		target := filepath.Join(to, rel)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case rel == "." && d.IsDir():
		case d.IsDir():
			dirs = append(dirs, target)
			return os.Mkdir(target, 0o755)
		case d.Type() == fs.ModeSymlink:
			link, err := os.Readlink(path)
			if err != nil {
				return err
			}
			return os.Symlink(link, target)
		default:
			if rel == "." {
				target = filepath.Join(to, filepath.Base(from))
			}
			n++
			temp := filepath.Join(work, fmt.Sprint(n))
			g.Go(func() error { return place(path, temp, target) })
		}
		return nil
	})
	if werr := g.Wait(); err != nil || werr != nil {
		return first(werr, err)
	}
	var sync errgroup.Group
	sync.SetLimit(writers)
	for _, d := range dirs {
		sync.Go(func() error { return syncDir(d) })
	}
	return sync.Wait()
}

func first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func place(from, temp, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	info, err := in.Stat()
	if err != nil {
		return err
	}
	out, err := os.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, info.Mode().Perm())
	if err != nil {
		return err
	}
	if _, err = io.Copy(out, in); err == nil {
		if err = os.Chtimes(temp, info.ModTime(), info.ModTime()); err == nil {
			err = out.Sync()
		}
	}
	if cerr := out.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return err
	}
	return os.Rename(temp, to)
}

func syncDir(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	err = d.Sync()
	if cerr := d.Close(); err == nil {
		err = cerr
	}
	return err
}
