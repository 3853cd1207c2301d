package daemon

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/labsync/labsync/internal/api"
	"github.com/labsync/labsync/internal/config"
	"github.com/labsync/labsync/sync/drive"
	"github.com/labsync/labsync/sync/ignore"
	"github.com/labsync/labsync/sync/plan"
)

// folderStatus is how one folder is doing.
func (d *Daemon) folderStatus(ctx context.Context, f *folder) api.Folder {
	out := api.Folder{
		ID: f.conf.ID, Label: f.register(ctx, keyLabel, f.conf.Label), Path: f.conf.Path,
		Strategy: f.register(ctx, keyStrategy, f.conf.Strategy), Direction: f.conf.Direction, Blocks: f.conf.Blocks,
	}
	for _, id := range f.conf.Devices {
		out.Devices = append(out.Devices, id.String())
	}
	if f.conf.Paused {
		out.State = api.FolderPaused
		return out
	}
	run, _ := f.running()
	if run == nil {
		return f.notRunning(out)
	}
	s, err := run.Status(ctx)
	if err != nil {
		return f.notRunning(out)
	}
	d.fill(&out, f, &s)
	if f.conf.Direction == config.SendOnly {
		out.ChangedHere = f.untaken(ctx)
	}
	return out
}

// untaken counts the names of which others have something that a send-only
// folder does not take.
func (f *folder) untaken(ctx context.Context) int64 {
	_, s := f.running()
	if s == nil {
		return 0
	}
	n, err := s.Untaken(ctx)
	if f.doubt(err); err != nil {
		f.log.Error("what others have could not be counted", "folder", f.conf.ID, "err", err)
	}
	return n
}

func (f *folder) notRunning(out api.Folder) api.Folder {
	f.mu.Lock()
	defer f.mu.Unlock()
	out.State = api.FolderScanning // it is being opened
	if f.failure != "" {
		out.State = api.FolderError
		out.Errors = append(out.Errors, api.Problem{Code: codeStopped, Text: f.failure, Since: f.since})
	}
	return out
}

// Codes of problems of a folder as a whole.
const (
	codeStopped    = "folder-stopped"
	codeScanFailed = "scan-failed"
)

func (d *Daemon) fill(out *api.Folder, f *folder, s *drive.Status) {
	c := &s.Counts
	out.LocalFiles, out.LocalBytes = c.Files+c.Symlinks, c.Bytes
	out.NeedFiles, out.NeedBytes = c.NeedFiles, c.NeedBytes
	out.Conflicts, out.ChangedHere = c.Conflicts, c.ReceiveOnlyChanged
	out.DisplacedFiles, out.DisplacedBytes = int64(s.Displaced.Files), s.Displaced.Bytes
	out.Watching = s.Watching
	if !s.LastScan.IsZero() {
		out.LastScan = &s.LastScan
	}
	out.State = stateOf(s)
	if s.RulesWait {
		out.State = api.FolderWaiting
		out.Waiting = &api.Waiting{
			Reason: fmt.Sprintf("%s as another device changed it ignores less than before", ignore.FileName), Since: s.RulesSince,
			Command: fmt.Sprintf("labsync folder set %s --accept-ignore", f.conf.ID),
		}
	}
	now := time.Now()
	p := &s.Progress
	if p.Scanning && p.Whole {
		out.Hashing = &api.Progress{
			Files: p.Scan.Files, TotalFiles: p.Scan.TotalFiles, Bytes: p.Scan.Bytes, TotalBytes: p.Scan.TotalBytes,
			BytesPerSecond: d.rates.of("hash "+f.conf.ID, p.Scan.Bytes, now),
		}
	}
	if c.NeedFiles > 0 && p.FetchTotal > 0 {
		out.Transfer = &api.Progress{
			TotalFiles: c.NeedFiles, Bytes: p.FetchBytes, TotalBytes: max(c.NeedBytes, p.FetchTotal),
			BytesPerSecond: d.rates.of("fetch "+f.conf.ID, p.Received+p.Reused, now),
		}
	}
	out.Errors = f.problems(s)
}

// stateOf says in one word what a folder is doing.
func stateOf(s *drive.Status) api.FolderState {
	e := &s.Engine
	switch {
	case e.Failure != nil:
		return api.FolderError
	case !e.Scanned || s.Progress.Scanning && s.Progress.Whole:
		return api.FolderScanning
	case e.Working > 0 || !e.Resting:
		return api.FolderSyncing
	}
	return api.FolderIdle
}

// problems lists what is not in order, with the time each was first seen.
func (f *folder) problems(s *drive.Status) api.List[api.Problem] {
	f.mu.Lock()
	defer f.mu.Unlock()
	var found []plan.Problem
	if s.Engine.Failure != nil {
		found = append(found, plan.Problem{Code: codeScanFailed, Text: fmt.Sprintf("%s could not be scanned: %v; it is tried again.", f.conf.Path, s.Engine.Failure)})
	}
	found = append(found, s.Watch...)
	found = append(found, s.Engine.Problems...)
	found = append(found, f.refused.problems()...)
	since := map[plan.Problem]time.Time{}
	var out api.List[api.Problem]
	for _, p := range found {
		at, known := f.firsts[p]
		if !known {
			at = time.Now()
		}
		since[p] = at
		out = append(out, api.Problem{Path: p.Name, Code: p.Code, Text: p.Text, Since: at})
	}
	f.firsts = since
	return out
}

func logLevelText(l slog.Level) string { return strings.ToLower(l.String()) }
