package pull

import (
	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/internal/folderfs"
	"github.com/labsync/labsync/sync/plan"
)

// hasMeta reports whether a file has the attributes of an entry, as far as the
// file system holds them.
func (p *Puller) hasMeta(info folderfs.Info, e *index.Entry) bool {
	shown := index.Entry{Mode: info.Mode, Mtime: info.Mtime}
	wanted := *e
	wanted.Mode &= 0o777
	return Limits(p.fs.Capabilities()).SameMeta(&wanted, &shown)
}

// Limits are what a folder's file system cannot do.
func Limits(caps folderfs.Capabilities) plan.Limits {
	return plan.Limits{
		NoSymlinks: !caps.Symlinks, MaxName: caps.MaxName, NoModes: !caps.Modes, TimeStep: int64(caps.MtimeGranularity),
	}
}

// record notes the facts of what was placed. If they are not those of the file
// that was put there, somebody has changed it since: a scan must look, so the
// facts must not hide it.
func (g *group) record(s *step, put *folderfs.Info) {
	disk, info, err := g.look(s.path, s.a.Name)
	s.disk, s.flags = disk, 0
	if err != nil || !g.isPut(s, put, info) {
		s.disk = index.Disk{Type: s.want.Type}
		if s.path != s.a.Name {
			s.disk.Name = s.path
		}
		s.flags = index.MustRescan
		s.out.Rescan = append(s.out.Rescan, s.a.Name)
	}
	s.end = placed
	s.out.Status = plan.Done
}

// isPut reports whether what was found at a step's path is what was put there.
func (g *group) isPut(s *step, put *folderfs.Info, found folderfs.Info) bool {
	switch {
	case !g.isSpelled(s.path, found):
		return false // it has another name by now, which this file system does not tell from it
	case found.Kind != kindOf(s.want.Type) || !g.hasMeta(found, &s.want):
		return false
	case s.want.Type == index.Symlink:
		target, err := g.fs.ReadLink(s.path) // it was made on the spot, and has no facts from before
		return err == nil && target == s.want.Target
	}
	return put == nil || s.want.Type != index.File || sameFile(*put, found, g.fs.Capabilities())
}

func sameFile(a, b folderfs.Info, caps folderfs.Capabilities) bool {
	return a.Kind == b.Kind && a.Size == b.Size && a.Mtime == b.Mtime && (!caps.StableInodes || a.Inode == b.Inode)
}
