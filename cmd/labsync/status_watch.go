package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
	"unicode/utf8"
)

// How often the status is shown anew: on a terminal, and where each change is
// a block of lines that stays.
const (
	redrawEvery = 500 * time.Millisecond
	appendEvery = 2 * time.Second
)

// watchStatus shows the status until ctx ends.
func (e *environment) watchStatus(ctx context.Context) error {
	f, _ := e.stdout.(*os.File)
	every, shown := appendEvery, ""
	if isTerminal(f) {
		enableEscapes(f)
		every = redrawEvery
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		s, err := e.status(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
		text := statusText(&s, time.Now())
		if text != shown {
			if err := e.show(f, text, shown); err != nil {
				return fmt.Errorf("show the status: %w", err)
			}
			shown = text
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// show prints a status in the place of the one before, on a terminal, or after
// it.
func (e *environment) show(f *os.File, text, before string) error {
	if !isTerminal(f) {
		_, err := io.WriteString(e.stdout, text+"\n")
		return err
	}
	_, err := io.WriteString(e.stdout, redraw(text, strings.Count(before, "\n"), terminalWidth(f)))
	return err
}

// redraw moves the cursor up over the lines before and writes text over them,
// each line cut to the width so that lines and rows stay the same.
func redraw(text string, linesBefore, width int) string {
	const eraseLine, eraseBelow = "\x1b[K", "\x1b[J"
	var b strings.Builder
	if linesBefore > 0 {
		fmt.Fprintf(&b, "\x1b[%dA\r", linesBefore)
	}
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if utf8.RuneCountInString(line) >= width {
			line = string([]rune(line)[:max(width-1, 0)])
		}
		b.WriteString(line + eraseLine + "\n")
	}
	b.WriteString(eraseBelow)
	return b.String()
}
