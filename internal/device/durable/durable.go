// Package durable writes the small files of a device's home (key, certificate,
// configuration) so that a crash or power loss at any point leaves the old
// content or the new, whole, and what a returned call has written stays
// written. It is not for users' folders; folderfs is.
package durable

import (
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
)

// WriteFile replaces the content of path: temporary file, fsync, rename, fsync
// of the directory. A symbolic link at path stays and its target is replaced,
// for people who keep their configuration elsewhere. The file gets mode perm.
func WriteFile(path string, content []byte, perm os.FileMode) error {
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target
	}
	temp := filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+"."+rand.Text()[:8]+".tmp")
	if err := writeNew(temp, content, perm); err != nil {
		return err
	}
	if err := Rename(temp, path); err != nil {
		_ = os.Remove(temp) // the rename's error is the one that matters
		return err
	}
	return nil
}

// Rename renames within one directory and returns when that is durable.
func Rename(from, to string) error {
	if err := os.Rename(from, to); err != nil {
		return err
	}
	return syncDir(filepath.Dir(to))
}

// MkdirAll makes a directory and what is missing above it, durably.
func MkdirAll(path string, perm os.FileMode) error {
	if info, err := os.Stat(path); err == nil {
		if !info.IsDir() {
			return fmt.Errorf("%s is a file, not a directory", path)
		}
		return nil
	}
	if parent := filepath.Dir(path); parent != path {
		if err := MkdirAll(parent, perm); err != nil {
			return err
		}
	}
	if err := os.Mkdir(path, perm); err != nil && !os.IsExist(err) {
		return err
	}
	return syncDir(filepath.Dir(path))
}

func writeNew(path string, content []byte, perm os.FileMode) (err error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, perm)
	if err != nil {
		return err
	}
	defer func() {
		if closed := f.Close(); err == nil {
			err = closed
		}
		if err != nil {
			_ = os.Remove(path) // nobody knows of it yet
		}
	}()
	if _, err := f.Write(content); err != nil {
		return err
	}
	return f.Sync()
}
