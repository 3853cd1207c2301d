package config

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"
)

// template is the config.toml of a new device.
const template = `# labsync's configuration of this device. It is yours: labsync changes values
# here only when you ask it to by a command, and keeps comments and order.
# Devices and folders that you add by command stand in ` + DevicesFile + ` and
# ` + FoldersFile + `; you may move them here.

# person = "Ada Lovelace"                        # who works here; shown beside your changes
# listen = ["quic://:22025", "tcp://:22025"]     # where other devices reach this one
# api = "127.0.0.1:8385"                         # web page of this machine, or "off"
# discovery = ["none"]
# log_level = "info"                             # debug, info, warn, error
# rescan_interval = "1h"                         # full scan although changes are watched; or "off"

# [limits]                                       # of all devices together
# send = "10MiB"                                 # per second, or "off"
# receive = "off"
`

// setKey sets one value in a TOML document and leaves every other byte as it
// is. A key that is not there comes after the last one of its table.
func setKey(doc []byte, table, key string, value any) ([]byte, error) {
	encoded, err := toml.Marshal(map[string]any{key: value})
	if err != nil {
		return nil, fmt.Errorf("encode %s: %w", key, err)
	}
	line := strings.TrimSpace(string(encoded))
	_, text, _ := strings.Cut(line, "= ")
	place, err := find(doc, table, key)
	if err != nil {
		return nil, err
	}
	var edited []byte
	switch {
	case place.found:
		edited = slices.Concat(doc[:place.start], []byte(text), doc[place.end:])
	case place.end >= 0:
		edited = insertLine(doc, place.end, line)
	case table == "":
		edited = insertLine(doc, topComment(doc), line)
	default:
		edited = insertLine(doc, len(doc), "\n["+table+"]\n"+line)
	}
	var check Config
	if err := toml.NewDecoder(bytes.NewReader(edited)).DisallowUnknownFields().Decode(&check); err != nil {
		return nil, fmt.Errorf("set %s in %s: change it there by hand: %w", key, ConfigFile, err)
	}
	return edited, nil
}

// place is where a value stands (found), or the end of its table's last key.
type place struct {
	found      bool
	start, end int // end is -1 if there is no such table
}

func find(doc []byte, table, key string) (place, error) {
	want := []string{key}
	if table != "" {
		want = []string{table, key}
	}
	last := place{end: -1}
	var current []string
	p := unstable.Parser{}
	p.Reset(doc)
	for p.NextExpression() {
		e := p.Expression()
		keys, keyEnd := path(e)
		if e.Kind != unstable.KeyValue {
			current = keys
			if e.Kind == unstable.ArrayTable {
				current = []string{"", ""} // its keys are never those looked for
			}
			if table != "" && slices.Equal(current, want[:1]) {
				last.end = keyEnd
			}
			continue
		}
		full := slices.Concat(current, keys)
		if table != "" && slices.Equal(full, want[:1]) {
			return place{}, fmt.Errorf("%s line %d: %s is written on one line, which labsync cannot edit: change %s there by hand",
				ConfigFile, p.Shape(e.Raw).Start.Line, table, key)
		}
		end := int(e.Raw.Offset + e.Raw.Length)
		if slices.Equal(full, want) {
			start := keyEnd + bytes.IndexByte(doc[keyEnd:], '=') + 1
			for doc[start] == ' ' || doc[start] == '\t' {
				start++
			}
			return place{found: true, start: start, end: end}, nil
		}
		if table == "" && len(current) == 0 || table != "" && slices.Equal(current, want[:1]) {
			last.end = end
		}
	}
	if err := p.Error(); err != nil {
		return place{}, fmt.Errorf("%s: %w", ConfigFile, err)
	}
	return last, nil
}

// path returns the parts of an expression's key and the offset of its end.
func path(e *unstable.Node) (keys []string, end int) {
	for it := e.Key(); it.Next(); {
		keys = append(keys, string(it.Node().Data))
		end = int(it.Node().Raw.Offset + it.Node().Raw.Length)
	}
	return keys, end
}

// insertLine puts text on a line of its own after the line that holds offset.
func insertLine(doc []byte, offset int, text string) []byte {
	rest := bytes.IndexByte(doc[offset:], '\n')
	at := offset + rest + 1
	if offset == 0 {
		at = 0
	} else if rest < 0 {
		at = len(doc)
		if doc[at-1] != '\n' {
			text = "\n" + text
		}
	}
	return slices.Concat(doc[:at], []byte(text+"\n"), doc[at:])
}

// topComment returns the offset of the empty line that ends the comment a file
// begins with, or 0.
func topComment(doc []byte) int {
	if !bytes.HasPrefix(doc, []byte("#")) {
		return 0
	}
	end := bytes.Index(doc, []byte("\n\n"))
	table := bytes.Index(doc, []byte("\n["))
	if end < 0 || table >= 0 && table < end {
		return 0
	}
	return end + 1
}
