package sim

import (
	"bufio"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Script is one case written down: all that happens from outside, and what it
// takes to let the rest happen in the same order again.
type Script struct {
	Comment []string // lines for people
	Seed    uint64   // of the streams that are not the script's: order, network, identities
	Setup   Setup
	Steps   []Operation
}

// ScriptOf writes down the case that a run with a seed has played.
func ScriptOf(seed uint64, res *Result) Script {
	return Script{Seed: seed, Setup: res.Setup, Steps: res.Script}
}

// Options are those that play the script.
func (s *Script) Options() Options {
	steps := s.Steps
	if steps == nil {
		steps = []Operation{} // nothing happens; nil would let the seed choose
	}
	return Options{Seed: s.Seed, Setup: &s.Setup, Script: steps}
}

// The text form has a line for each thing, "#" before a comment, and leaves out
// what is zero:
//
//	# I2: lost: 1b2c3d4e written at a:d/c
//	seed 519
//	topology chain
//	down 0
//	device a offset=5h0m0s page=2
//	device b
//	+0s a edit name="d/c"
//	+3ms b ambush name="a" to="d" count=3 then=rename
//
// An operation begins with the time after the one before, the device, and the
// kind. What has a name is written by its name.

// WriteTo writes the text form.
func (s *Script) WriteTo(out io.Writer) (int64, error) {
	var b strings.Builder
	for _, line := range s.Comment {
		fmt.Fprintf(&b, "# %s\n", line)
	}
	fmt.Fprintf(&b, "seed %d\n", s.Seed)
	for _, f := range fieldsOf(&s.Setup, "devices") {
		fmt.Fprintf(&b, "%s %s\n", f.key, f.text)
	}
	for i := range s.Setup.Devices {
		b.WriteString("device " + deviceName(i) + written(fieldsOf(&s.Setup.Devices[i])) + "\n")
	}
	for i := range s.Steps {
		o := &s.Steps[i]
		fmt.Fprintf(&b, "+%v %s %s%s\n", time.Duration(o.After), deviceName(o.Device), word(kindNames[o.Kind]),
			written(fieldsOf(o, "after", "device", "kind")))
	}
	n, err := io.WriteString(out, b.String())
	return int64(n), err
}

func (s *Script) String() string {
	var b strings.Builder
	_, _ = s.WriteTo(&b) // a builder takes everything
	return b.String()
}

func written(fields []field) string {
	s := ""
	for _, f := range fields {
		s += " " + f.key + "=" + f.text
	}
	return s
}

func deviceName(i int) string { return string(rune('a' + i)) }

// word makes one word of a name.
func word(name string) string { return strings.ReplaceAll(name, " ", "-") }

// ReadScript reads the text form.
func ReadScript(in io.Reader) (Script, error) {
	var s Script
	lines := bufio.NewScanner(in)
	for n := 1; lines.Scan(); n++ {
		if err := s.readLine(strings.TrimSpace(lines.Text())); err != nil {
			return s, fmt.Errorf("line %d: %w", n, err)
		}
	}
	return s, lines.Err()
}

func (s *Script) readLine(line string) error {
	if text, ok := strings.CutPrefix(line, "#"); ok || line == "" {
		if ok {
			s.Comment = append(s.Comment, strings.TrimSpace(text))
		}
		return nil
	}
	first, rest, _ := strings.Cut(line, " ")
	switch {
	case first[0] == '+':
		return s.readStep(first[1:], rest)
	case first == "seed":
		seed, err := strconv.ParseUint(rest, 10, 64)
		s.Seed = seed
		return err
	case first == "device":
		name, rest, _ := strings.Cut(rest, " ")
		if name != deviceName(len(s.Setup.Devices)) {
			return fmt.Errorf("device %q out of order", name)
		}
		s.Setup.Devices = append(s.Setup.Devices, DeviceSetup{})
		return readFields(&s.Setup.Devices[len(s.Setup.Devices)-1], rest)
	}
	return readField(&s.Setup, first, rest)
}

func (s *Script) readStep(after, rest string) error {
	wait, err := time.ParseDuration(after)
	if err != nil {
		return err
	}
	device, rest, _ := strings.Cut(rest, " ")
	kind, rest, _ := strings.Cut(rest, " ")
	o := Operation{After: int64(wait)}
	if len(device) != 1 || device[0] < 'a' || int(device[0]-'a') >= len(s.Setup.Devices) {
		return fmt.Errorf("no device %q", device)
	}
	o.Device = int(device[0] - 'a')
	if o.Kind, err = kindOf(kind); err != nil {
		return err
	}
	s.Steps = append(s.Steps, o)
	return readFields(&s.Steps[len(s.Steps)-1], rest)
}

func kindOf(text string) (Kind, error) {
	i := slices.IndexFunc(kindNames[:], func(name string) bool { return word(name) == text })
	if i < 0 {
		return 0, fmt.Errorf("no operation is called %q", text)
	}
	return Kind(i), nil
}

var topologyNames = [...]string{"any", "mesh", "star", "chain"}

// field is a part of a flat struct as text.
type field struct{ key, text string }

// keysOf lists the fields of a flat struct.
func keysOf(flat any, without ...string) []string {
	t := reflect.TypeOf(flat).Elem()
	var out []string
	for i := range t.NumField() {
		if key := strings.ToLower(t.Field(i).Name); !slices.Contains(without, key) {
			out = append(out, key)
		}
	}
	return out
}

// fieldsOf lists the fields of a flat struct that are not zero.
func fieldsOf(flat any, without ...string) []field {
	v := reflect.ValueOf(flat).Elem()
	var out []field
	for i := range v.NumField() {
		key := strings.ToLower(v.Type().Field(i).Name)
		if slices.Contains(without, key) || v.Field(i).IsZero() {
			continue
		}
		out = append(out, field{key, textOf(v.Field(i))})
	}
	return out
}

func textOf(v reflect.Value) string {
	switch x := v.Interface().(type) {
	case Kind:
		return word(kindNames[x])
	case Topology:
		return topologyNames[x]
	case time.Duration:
		return x.String()
	case int64: // the only ones are spans of time
		return time.Duration(x).String()
	case string:
		return strconv.Quote(x)
	case []string:
		return strings.Join(x, ",")
	case []int:
		var parts []string
		for _, n := range x {
			parts = append(parts, strconv.Itoa(n))
		}
		return strings.Join(parts, ",")
	}
	return fmt.Sprint(v.Interface())
}

func readFields(flat any, text string) error {
	for text != "" {
		key, rest, ok := strings.Cut(text, "=")
		if !ok {
			return fmt.Errorf("want key=value at %q", text)
		}
		value, after, _ := strings.Cut(rest, " ")
		if quoted, err := strconv.QuotedPrefix(rest); err == nil {
			value, after = quoted, strings.TrimPrefix(rest[len(quoted):], " ")
		}
		if err := readField(flat, key, value); err != nil {
			return err
		}
		text = after
	}
	return nil
}

func readField(flat any, key, text string) error {
	v := reflect.ValueOf(flat).Elem().FieldByNameFunc(func(name string) bool { return strings.ToLower(name) == key })
	if !v.IsValid() {
		return fmt.Errorf("%T has no %q", flat, key)
	}
	if err := setText(v, text); err != nil {
		return fmt.Errorf("%s %q: %w", key, text, err)
	}
	return nil
}

func setText(v reflect.Value, text string) error {
	var err error
	switch x := v.Addr().Interface().(type) {
	case *Kind:
		*x, err = kindOf(text)
		return err
	case *Topology:
		i := slices.Index(topologyNames[:], text)
		*x = Topology(max(i, 0))
		if i < 0 {
			err = fmt.Errorf("no such topology")
		}
		return err
	case *time.Duration:
		*x, err = time.ParseDuration(text)
		return err
	case *int64:
		span, err := time.ParseDuration(text)
		*x = int64(span)
		return err
	case *string:
		*x, err = strconv.Unquote(text)
		return err
	case *[]string:
		*x = strings.Split(text, ",")
		return nil
	case *[]int:
		for part := range strings.SplitSeq(text, ",") {
			n, err := strconv.Atoi(part)
			if err != nil {
				return err
			}
			*x = append(*x, n)
		}
		return nil
	}
	return setNumber(v, text)
}

func setNumber(v reflect.Value, text string) error {
	switch {
	case v.Kind() == reflect.Bool:
		b, err := strconv.ParseBool(text)
		v.SetBool(b)
		return err
	case v.CanInt():
		n, err := strconv.ParseInt(text, 10, v.Type().Bits())
		v.SetInt(n)
		return err
	case v.CanUint():
		n, err := strconv.ParseUint(text, 10, v.Type().Bits())
		v.SetUint(n)
		return err
	}
	return fmt.Errorf("a %v has no text form", v.Type())
}
