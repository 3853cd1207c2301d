package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/labsync/labsync/internal/api"
)

// maxProblems bounds how many problems of one folder are shown; all of them
// stand in --json.
const maxProblems = 10

// statusText is a status for a person: per folder and device a line or two,
// and what is wrong with what to do about it.
func statusText(s *api.Status, now time.Time) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s  %s\n", escape(s.Name), s.DeviceID)
	if !s.Running {
		b.WriteString("no daemon runs on this home: start it with \"labsync up\"\n")
	}
	problemLines(&b, s.Errors)
	if len(s.Folders) == 0 {
		b.WriteString("\nno folders yet: add one with \"labsync folder add PATH\"\n")
	}
	for i := range s.Folders {
		folderLines(&b, &s.Folders[i])
	}
	if len(s.Devices) == 0 {
		b.WriteString("\nno other devices yet: add one with \"labsync device add ID\"\n")
	} else {
		b.WriteString("\n")
	}
	for i := range s.Devices {
		deviceLines(&b, &s.Devices[i], s.Running, now)
	}
	return b.String()
}

func folderLines(b *strings.Builder, f *api.Folder) {
	fmt.Fprintf(b, "\n%s  %s  %s\n", escape(f.Label), f.State, escape(f.Path))
	if f.State == api.FolderStopped {
		return
	}
	if !uncounted(f) {
		fmt.Fprintf(b, "  holds %s, %s", count(f.LocalFiles, "file"), size(f.LocalBytes))
		if f.NeedFiles > 0 {
			fmt.Fprintf(b, "; needs %s, %s", count(f.NeedFiles, "file"), size(f.NeedBytes))
		}
		b.WriteString("\n")
	}
	line := func(format string, args ...any) { fmt.Fprintf(b, "  "+format+"\n", args...) }
	if f.Conflicts > 0 {
		line("%s: both versions are kept, one beside the other", count(f.Conflicts, "conflict"))
	}
	if f.ChangedHere > 0 {
		line("%s", changedHere(f))
	}
	if f.DisplacedFiles > 0 {
		were := "were"
		if f.DisplacedFiles == 1 {
			were = "was"
		}
		line("keeps %s that %s replaced or deleted, %s, in .labsync/displaced", count(f.DisplacedFiles, "file"), were, size(f.DisplacedBytes))
	}
	if len(f.Devices) == 0 {
		line("shared with nobody yet: \"labsync folder set %s --device NAME\" shares it", shellQuote(escape(f.Label)))
	}
	if f.Waiting != nil {
		line("waits: %s; type: %s", escape(f.Waiting.Reason), escape(f.Waiting.Command))
	}
	if p := f.Hashing; p != nil {
		line("reading   %s", progressText(p))
	}
	if p := f.Transfer; p != nil {
		line("receiving %s", progressText(p))
	}
	problemLines(b, f.Errors)
}

// uncounted reports whether the folder does not run, so that nobody knows what
// it holds.
func uncounted(f *api.Folder) bool {
	return (f.State == api.FolderPaused || f.State == api.FolderError) && f.LocalFiles == 0 && f.NeedFiles == 0
}

func changedHere(f *api.Folder) string {
	name := shellQuote(escape(f.Label))
	if f.Direction == api.ReceiveOnly {
		return fmt.Sprintf("%s changed here and not announced: \"labsync folder revert %s\" undoes that", count(f.ChangedHere, "file"), name)
	}
	return fmt.Sprintf("%s of others not taken: \"labsync folder override %s\" puts the content here in their place", count(f.ChangedHere, "change"), name)
}

func problemLines(b *strings.Builder, problems []api.Problem) {
	for i, p := range problems {
		if i == maxProblems {
			fmt.Fprintf(b, "  ! and %d more: see \"labsync status --json\"\n", len(problems)-i)
			return
		}
		if p.Path == "" || strings.Contains(p.Text, p.Path) {
			fmt.Fprintf(b, "  ! %s\n", escape(p.Text))
			continue
		}
		fmt.Fprintf(b, "  ! %s: %s\n", escape(p.Path), escape(p.Text))
	}
}

func deviceLines(b *strings.Builder, d *api.Device, running bool, now time.Time) {
	fmt.Fprintf(b, "%s  ", escape(d.Name))
	switch {
	case d.Connected:
		fmt.Fprintf(b, "connected by %s to %s", transports(d), escape(d.Address))
		if d.RTTMillis > 0 {
			fmt.Fprintf(b, ", %.1f ms away", d.RTTMillis)
		}
	case d.Paused:
		b.WriteString("paused")
	case !running:
		b.WriteString("not connected")
	case d.LastSeen != nil:
		fmt.Fprintf(b, "not connected, seen %s", ago(*d.LastSeen, now))
	default:
		b.WriteString("not connected, never seen")
	}
	b.WriteString("\n")
	if d.Connected {
		fmt.Fprintf(b, "  sent %s (%s), received %s (%s)\n", size(d.BytesSent), perSecond(d.SendRate), size(d.BytesReceived), perSecond(d.ReceiveRate))
		if d.NeedFiles > 0 {
			fmt.Fprintf(b, "  still needs %s, %s from here\n", count(d.NeedFiles, "file"), size(d.NeedBytes))
		}
	}
	if d.Error != "" {
		fmt.Fprintf(b, "  ! %s\n", escape(d.Error))
	}
}

// transports names the transports of a device's connections.
func transports(d *api.Device) string {
	if d.Bulk != "" && d.Bulk != d.Transport {
		return d.Transport + " with " + d.Bulk
	}
	return d.Transport
}

// progressText is a bar, how much, how fast and how long still.
func progressText(p *api.Progress) string {
	if p.TotalBytes == 0 {
		return fmt.Sprintf("%s, %s, %s", count(p.Files, "file"), size(p.Bytes), perSecond(p.BytesPerSecond))
	}
	const width = 24
	percent := 100 * float64(min(p.Bytes, p.TotalBytes)) / float64(p.TotalBytes)
	text := fmt.Sprintf("%s %3.0f %%  %s of %s, %s", bar(p.Bytes, p.TotalBytes, width), percent, size(p.Bytes), size(p.TotalBytes), perSecond(p.BytesPerSecond))
	if p.TotalFiles > 0 {
		text += fmt.Sprintf(", %d of %s", p.Files, count(p.TotalFiles, "file"))
	}
	if left, ok := p.SecondsLeft(); ok {
		text += ", " + duration(time.Duration(left*float64(time.Second))) + " left"
	}
	return text
}
