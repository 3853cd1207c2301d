package config

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"
)

// The files in a home.
const (
	ConfigFile  = "config.toml"
	DevicesFile = "devices.toml"
	FoldersFile = "folders.toml"
)

// devicesFile and foldersFile are what the command line's files hold: the same
// tables as config.toml's.
type (
	devicesFile struct {
		Devices []Device `toml:"device"`
	}
	foldersFile struct {
		Folders []Folder `toml:"folder"`
	}
)

// origin is where a device or folder stands.
type origin struct {
	file string // a base name, "" for what was made in memory
	line int    // of its table header
}

func (o origin) String() string {
	if o.file == "" {
		return "the command line"
	}
	return fmt.Sprintf("%s line %d", o.file, o.line)
}

// Invalid is everything that is wrong with a configuration, one sentence each.
type Invalid struct{ Problems []error }

// Error joins the sentences into one line.
func (e *Invalid) Error() string {
	texts := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		texts[i] = p.Error()
	}
	return strings.Join(texts, "; ")
}

// Unwrap returns the problems.
func (e *Invalid) Unwrap() []error { return e.Problems }

func (e *Invalid) addf(format string, args ...any) {
	e.Problems = append(e.Problems, fmt.Errorf(format, args...))
}

func (e *Invalid) orNil() error {
	if len(e.Problems) == 0 {
		return nil
	}
	return e
}

// Load reads the configuration in home, fills in defaults and validates it. A
// missing file is an empty one. What is wrong is an *Invalid that names it all.
func Load(home string) (*Config, error) {
	var wrong Invalid
	c := &Config{
		Listen:         []string{"quic://:22025", "tcp://:22025"},
		API:            "127.0.0.1:8385",
		Discovery:      []string{"none"},
		LogLevel:       "info",
		RescanInterval: Interval(time.Hour),
	}
	if err := readFile(home, ConfigFile, c); err != nil {
		wrong.Problems = append(wrong.Problems, problems(err)...)
	}
	var devices devicesFile
	if err := readFile(home, DevicesFile, &devices); err != nil {
		wrong.Problems = append(wrong.Problems, problems(err)...)
	}
	var folders foldersFile
	if err := readFile(home, FoldersFile, &folders); err != nil {
		wrong.Problems = append(wrong.Problems, problems(err)...)
	}
	c.merge(devices.Devices, folders.Folders)
	if c.Name == "" {
		c.Name, _ = os.Hostname() // without one the name stays empty, which is refused below
	}
	if len(wrong.Problems) > 0 {
		return nil, &wrong // half-read files would only give errors that follow from these
	}
	c.complete()
	if err := c.validate(home); err != nil {
		return nil, err
	}
	return c, nil
}

// merge adds devices and folders of a file of the command line, but those that
// stand in config.toml: a person who moved them there has the last word.
func (c *Config) merge(devices []Device, folders []Folder) {
	for _, d := range devices {
		if have := c.Device(d.ID); have == nil || have.origin.file != ConfigFile {
			c.Devices = append(c.Devices, d)
		}
	}
	for _, f := range folders {
		if have := c.Folder(f.ID); have == nil || have.origin.file != ConfigFile {
			c.Folders = append(c.Folders, f)
		}
	}
}

// complete fills in the folders' defaults and makes paths absolute.
func (c *Config) complete() {
	for i := range c.Folders {
		f := &c.Folders[i]
		f.Path = expand(f.Path)
		set := func(field *string, value string) {
			if *field == "" {
				*field = value
			}
		}
		set(&f.Label, filepath.Base(f.Path))
		set(&f.Strategy, StrategySimple)
		set(&f.Blocks, BlocksContent)
		set(&f.Direction, SendReceive)
	}
}

// readFile decodes one file strictly into a *Config or a part of it.
func readFile(home, name string, into any) error {
	content, err := os.ReadFile(filepath.Join(home, name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read configuration: %w", err)
	}
	decoder := toml.NewDecoder(bytes.NewReader(content)).DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return describe(name, err)
	}
	stamp(name, content, into)
	return nil
}

// describe turns a decoder's error into sentences with file and line.
func describe(name string, err error) error {
	var missing *toml.StrictMissingError
	if errors.As(err, &missing) {
		var wrong Invalid
		for _, e := range missing.Errors {
			line, _ := e.Position()
			wrong.addf("%s line %d: there is no key %q: correct or remove it", name, line, strings.Join(e.Key(), "."))
		}
		return &wrong
	}
	text := strings.TrimPrefix(err.Error(), "toml: ")
	var decode *toml.DecodeError
	if errors.As(err, &decode) {
		line, _ := decode.Position()
		// The library says a wrong type in terms of Go.
		if kind, found := strings.CutPrefix(text, "cannot decode TOML "); found {
			kind, _, _ = strings.Cut(kind, " ")
			return fmt.Errorf("%s line %d: the value has the wrong type, %s: see the documentation of this key", name, line, kind)
		}
		return fmt.Errorf("%s line %d: %s", name, line, text)
	}
	return fmt.Errorf("%s: %s", name, text)
}

func problems(err error) []error {
	var wrong *Invalid
	if errors.As(err, &wrong) {
		return wrong.Problems
	}
	return []error{err}
}

// stamp notes where each device and folder stands. The tables of a decoded
// file appear in the same order as in the slices.
func stamp(name string, content []byte, into any) {
	var devices, folders []origin
	p := unstable.Parser{}
	p.Reset(content)
	for p.NextExpression() {
		e := p.Expression()
		if e.Kind != unstable.ArrayTable {
			continue
		}
		at := origin{name, p.Shape(e.Child().Raw).Start.Line}
		switch string(e.Child().Data) {
		case "device":
			devices = append(devices, at)
		case "folder":
			folders = append(folders, at)
		}
	}
	set := func(d []Device, f []Folder) {
		// Tables written inline have no header; the file is all that is known.
		for i := range d {
			d[i].origin = origin{file: name}
			if i < len(devices) {
				d[i].origin = devices[i]
			}
		}
		for i := range f {
			f[i].origin = origin{file: name}
			if i < len(folders) {
				f[i].origin = folders[i]
			}
		}
	}
	switch v := into.(type) {
	case *Config:
		set(v.Devices, v.Folders)
	case *devicesFile:
		set(v.Devices, nil)
	case *foldersFile:
		set(nil, v.Folders)
	}
}
