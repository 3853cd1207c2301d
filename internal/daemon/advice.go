package daemon

import (
	"fmt"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/labsync/labsync/internal/config"
)

// startAnew tells how to begin with what a folder's directory holds now, as
// commands that give the folder back what it is on this device. Commands leave
// a folder alone that a person wrote into config.toml: taking its table out and
// putting it back does the same.
func (f *folder) startAnew() string {
	c := &f.conf
	if c.ByHand() {
		return fmt.Sprintf("start from what is there now, which deletes nothing on other devices: put # before each line of its [[folder]] table in %s, save, "+
			"wait until \"labsync status\" shows the folder no more, take the # away and save", filepath.Join(f.home, config.ConfigFile))
	}
	add := []string{"labsync folder add", shellWord(c.Path), "--id", shellWord(c.ID)}
	option := func(name, value, normal string) {
		if value != "" && value != normal {
			add = append(add, name, shellWord(value))
		}
	}
	option("--label", c.Label, filepath.Base(c.Path))
	option("--strategy", c.Strategy, "")
	option("--blocks", c.Blocks, config.BlocksContent)
	option("--direction", c.Direction, config.SendReceive)
	for _, d := range c.Devices {
		add = append(add, "--device", d.String())
	}
	return `start from what is there now, which deletes nothing on other devices, with "labsync folder remove ` + shellWord(c.ID) + `" and then "` + strings.Join(add, " ") + `"`
}

// giveUp tells how to end synchronising the folder here.
func (f *folder) giveUp() string {
	if f.conf.ByHand() {
		return "take its [[folder]] table out of " + filepath.Join(f.home, config.ConfigFile)
	}
	return `type "labsync folder remove ` + shellWord(f.conf.ID) + `"`
}

// shellWord returns text as one word of a command line.
func shellWord(text string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_./:+,@%", r)
	}
	windows := runtime.GOOS == "windows"
	odd := strings.ContainsFunc(text, func(r rune) bool { return !plain(r) && !(windows && r == '\\') })
	switch {
	case !odd && text != "":
		return text
	case windows: // where no path has a quotation mark
		return `"` + text + `"`
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}
