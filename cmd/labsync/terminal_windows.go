package main

import (
	"os"

	"golang.org/x/sys/windows"
)

// terminalWidth returns the columns of a console, 0 if f is none.
func terminalWidth(f *os.File) int {
	var screen windows.ConsoleScreenBufferInfo
	if windows.GetConsoleScreenBufferInfo(windows.Handle(f.Fd()), &screen) != nil {
		return 0
	}
	return int(screen.Window.Right-screen.Window.Left) + 1
}

// enableEscapes makes a console understand escape codes; an old one that does
// not shows them.
func enableEscapes(f *os.File) {
	var mode uint32
	if windows.GetConsoleMode(windows.Handle(f.Fd()), &mode) == nil {
		_ = windows.SetConsoleMode(windows.Handle(f.Fd()), mode|windows.ENABLE_VIRTUAL_TERMINAL_PROCESSING)
	}
}
