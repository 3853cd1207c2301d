package server

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/labsync/labsync/internal/api"
)

// document is the part of an OpenAPI document that is held against the code.
type document struct {
	Paths      map[string]map[string]operation `json:"paths"`
	Components struct {
		Schemas map[string]schema `json:"schemas"`
	} `json:"components"`
}

type operation struct {
	RequestBody *struct {
		Content map[string]media `json:"content"`
	} `json:"requestBody"`
	Responses map[string]struct {
		Content map[string]media `json:"content"`
	} `json:"responses"`
}

type media struct {
	Schema schema `json:"schema"`
}

type schema struct {
	Ref        string            `json:"$ref"`
	Type       any               `json:"type"` // a name or a list of names
	Const      any               `json:"const"`
	Enum       []string          `json:"enum"`
	OneOf      []schema          `json:"oneOf"`
	Items      *schema           `json:"items"`
	Properties map[string]schema `json:"properties"`
	Required   []string          `json:"required"`
}

func parseDocument(t *testing.T) document {
	t.Helper()
	var d document
	if err := json.Unmarshal(api.OpenAPI(), &d); err != nil {
		t.Fatalf("openapi.json is no JSON: %v", err)
	}
	return d
}

func TestEveryRouteIsDescribedAndNoOther(t *testing.T) {
	d := parseDocument(t)
	var described, served []string
	for path, methods := range d.Paths {
		for method := range methods {
			described = append(described, strings.ToUpper(method)+" "+path)
		}
	}
	for _, r := range New(nopNode{}, Options{}).routes() {
		served = append(served, r.method+" "+r.path)
	}
	slices.Sort(described)
	slices.Sort(served)
	if !slices.Equal(described, served) {
		t.Errorf("openapi.json has %q\n the server has %q", described, served)
	}
}

// What a route takes and gives, by the types of Node's methods.
func TestRoutesTakeAndGiveWhatIsDescribed(t *testing.T) {
	tests := []struct{ method, path, in, out string }{
		{"get", api.PathStatus, "", "Status"},
		{"get", api.PathEvents, "", "Event"},
		{"get", api.PathDevices, "", "[]DeviceConfig"},
		{"post", api.PathDevices, "DeviceConfig", "DeviceConfig"},
		{"post", api.PathDevicePause, "Pause", ""},
		{"get", api.PathFolders, "", "[]FolderConfig"},
		{"post", api.PathFolders, "FolderAdd", "FolderConfig"},
		{"patch", api.PathFolders, "FolderSet", "FolderConfig"},
		{"post", api.PathFolderPause, "Pause", ""},
		{"put", api.PathLimits, "LimitSet", ""},
		{"put", api.PathLogLevel, "LogLevel", ""},
		{"post", api.PathShutdown, "", ""},
	}
	d := parseDocument(t)
	for _, tt := range tests {
		op := d.Paths[tt.path][tt.method]
		in, out := "", ""
		if op.RequestBody != nil {
			in = refName(op.RequestBody.Content["application/json"].Schema)
		}
		for _, m := range op.Responses["200"].Content {
			out = refName(m.Schema)
		}
		if in != tt.in || out != tt.out {
			t.Errorf("%s %s is described as taking %q and giving %q, want %q and %q", tt.method, tt.path, in, out, tt.in, tt.out)
		}
	}
}

func refName(s schema) string {
	if s.Items != nil {
		return "[]" + refName(*s.Items)
	}
	return strings.TrimPrefix(s.Ref, "#/components/schemas/")
}

func TestEveryFieldIsDescribedAndNoOther(t *testing.T) {
	d := parseDocument(t)
	known := map[string]reflect.Type{}
	for _, root := range []reflect.Type{
		reflect.TypeFor[api.Status](), reflect.TypeFor[api.DeviceConfig](), reflect.TypeFor[api.FolderConfig](),
		reflect.TypeFor[api.FolderAdd](), reflect.TypeFor[api.FolderSet](), reflect.TypeFor[api.LimitSet](),
		reflect.TypeFor[api.Pause](), reflect.TypeFor[api.LogLevel](), reflect.TypeFor[api.Event](), reflect.TypeFor[api.Error](),
	} {
		collect(root, known)
	}
	if got, want := slices.Sorted(maps.Keys(d.Components.Schemas)), slices.Sorted(maps.Keys(known)); !slices.Equal(got, want) {
		t.Fatalf("openapi.json describes %q\n the code has %q", got, want)
	}
	for name, typ := range known {
		described := d.Components.Schemas[name]
		var fields []string
		for i := range typ.NumField() {
			f := typ.Field(i)
			key := f.Tag.Get("json")
			fields = append(fields, key)
			if got, want := kind(described.Properties[key]), goKind(f.Type); got != want {
				t.Errorf("%s.%s is described as %s, the code has %s", name, key, got, want)
			}
		}
		slices.Sort(fields)
		if got := slices.Sorted(maps.Keys(described.Properties)); !slices.Equal(got, fields) {
			t.Errorf("%s is described with %q\n the code has %q", name, got, fields)
		}
		for _, key := range described.Required {
			if !slices.Contains(fields, key) {
				t.Errorf("%s requires %q, which it does not have", name, key)
			}
		}
	}
}

func TestClosedListsAreDescribed(t *testing.T) {
	d := parseDocument(t)
	var states []string
	for _, s := range api.FolderStates() {
		states = append(states, string(s))
	}
	if got := d.Components.Schemas["Folder"].Properties["state"].Enum; !slices.Equal(got, states) {
		t.Errorf("folder states are described as %q, the code has %q", got, states)
	}
	for _, code := range d.Components.Schemas["Error"].Properties["code"].Enum {
		if status := statusOf(api.ErrorCode(code)); status == 500 && code != string(api.CodeFailed) {
			t.Errorf("error code %q is described, the server knows none", code)
		}
	}
}

func plain(t reflect.Type) bool {
	return t == reflect.TypeFor[api.Schema]() || t == reflect.TypeFor[time.Time]()
}

// collect adds the structs that t is made of.
func collect(t reflect.Type, into map[string]reflect.Type) {
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice:
		collect(t.Elem(), into)
	case reflect.Struct:
		if plain(t) || into[t.Name()] != nil {
			return
		}
		into[t.Name()] = t
		for i := range t.NumField() {
			collect(t.Field(i).Type, into)
		}
	}
}

func goKind(t reflect.Type) string {
	switch {
	case t == reflect.TypeFor[api.Schema]():
		return "1"
	case t == reflect.TypeFor[time.Time]():
		return "string"
	}
	switch t.Kind() {
	case reflect.Pointer:
		return goKind(t.Elem()) + " or null"
	case reflect.Slice:
		return "list of " + goKind(t.Elem())
	case reflect.String:
		return "string"
	case reflect.Bool:
		return "boolean"
	case reflect.Int64:
		return "integer"
	case reflect.Float64:
		return "number"
	case reflect.Map:
		return "object"
	}
	return t.Name()
}

func kind(s schema) string {
	switch {
	case s.Const != nil:
		return "1"
	case s.Ref != "":
		return refName(s)
	case len(s.OneOf) == 2:
		return kind(s.OneOf[0]) + " or " + kind(s.OneOf[1])
	case s.Items != nil:
		return "list of " + kind(*s.Items)
	}
	switch t := s.Type.(type) {
	case string:
		return t
	case []any:
		if len(t) == 2 {
			return t[0].(string) + " or " + t[1].(string)
		}
	}
	return "nothing"
}
