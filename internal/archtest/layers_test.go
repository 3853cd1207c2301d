package archtest

import (
	"strings"
	"testing"
)

// layer says what a package may import of this module. A package may always
// import itself (external tests do).
type layer struct {
	pkg    string // a directory, or a tree as "dir/..."
	may    []string
	reason string
}

// facts are what every layer above the index speaks in.
func facts(more ...string) []string { return append([]string{"index", "internal/device"}, more...) }

// layers, top first. Of several rows that match a package the first counts.
func layers() []layer {
	return []layer{
		{"cmd/labsync", []string{"internal/api/...", "internal/daemon", "internal/config", "internal/device", "internal/addr", "internal/event", "internal/fault"},
			"the command line talks to the API; it meets the daemon in one file"},
		{"internal/daemon", []string{"sync/...", "index", "index/store", "conflict", "transport/...", "internal/..."},
			"the composition root: the one package that knows folders, transport and API at once"},
		{"internal/api", nil, "whoever links the client gets the standard library and nothing else"},
		{"internal/api/server", []string{"internal/api", "internal/config"}, "serves a Node, whatever stands behind it"},
		{"internal/api/edit", []string{"internal/api", "internal/config", "internal/device", "internal/addr"}, "edits the configuration, with or without a daemon"},

		{"sync/drive", facts("sync/...", "conflict", "internal/folderfs"), "runs the engine's effects by calling the steps"},
		{"sync/engine", facts("sync/plan", "conflict", "versioning"), "a pure state machine: it decides what is next and calls no step"},
		{"sync/pull", facts("sync/plan", "sync/chunk", "internal/folderfs"), "carries out decisions; makes none"},
		{"sync/scan", []string{"index", "sync/chunk", "sync/ignore", "internal/folderfs"}, "compares disk and index; knows no peers"},
		{"sync/serve", []string{"index", "internal/folderfs"}, "answers from what is indexed; knows no session"},
		{"sync/watch", []string{"internal/folderfs"}, "turns file events into names; knows no index"},
		{"sync/plan", []string{"index", "conflict", "versioning"}, "pure: one name's facts in, one decision out"},
		{"sync/chunk", []string{"index"}, "cuts bytes into blocks"},
		{"sync/ignore", []string{"internal/folderfs"}, "matches names; folderfs knows which of them are its own"},

		{"transport/pool", []string{"transport", "transport/admission", "transport/overquic", "transport/overtcp", "transport/socket", "internal/device", "internal/addr"},
			"keeps devices connected; knows no messages"},
		{"transport/session", facts("transport", "transport/wire"), "the conversation over any Conn; knows neither dialling nor folders"},
		{"transport/overquic", []string{"transport", "transport/admission", "transport/socket", "internal/device"}, "one kind of Conn"},
		{"transport/overtcp", []string{"transport", "transport/admission", "internal/device"}, "one kind of Conn"},
		{"transport/socket", []string{"transport/admission"}, "owns the UDP socket; speaks no protocol of ours but who may come in"},
		{"transport/admission", []string{"transport", "internal/device"}, "who may come in, alike over every kind of Conn"},
		{"transport/wire/wirepb", nil, "generated; the types never leave transport/wire"},
		{"transport/wire", facts("transport/wire/wirepb"), "bytes and messages; no connection"},
		{"transport", []string{"internal/device"}, "says what a connection is"},

		{"index/store", facts("index/internal/..."), "one of two stores; knows no other"},
		{"index/memstore", facts("index/internal/..."), "one of two stores; knows no other"},
		{"index/storetest", facts(), "the suite sees a store by its interface only"},
		{"index/internal/...", facts(), "what both stores share"},
		{"conflict", []string{"index"}, "pure: heads in, winner and siblings out"},
		{"conflict/merge", nil, "pure: three texts in, one out"},
		{"versioning", nil, "pure: what is kept in, what has expired out"},
		{"index", []string{"internal/device"}, "holds facts and decides nothing"},

		{"internal/config", []string{"internal/addr", "internal/device", "internal/device/durable"}, "a leaf: the packages take their own options, not the configuration"},
		{"internal/device", []string{"internal/device/durable"}, "a leaf"},
		{"internal/device/durable", nil, "a leaf"},
		{"internal/addr", nil, "a leaf"},
		{"internal/event", nil, "a leaf"},
		{"internal/fault", nil, "a leaf"},
		{"internal/folderfs/...", []string{"internal/folderfs"}, "the file system as labsync sees it; knows no index"},
		{"internal/testkit", []string{"transport/...", "internal/device"}, "builders for tests of the transports"},
		{"internal/testkit/mount", nil, "file systems for tests; knows nothing of ours"},
		{"internal/archtest", nil, "reads the code, does not link it"},

		{"integration/sim", []string{"sync/...", "conflict", "index/...", "internal/folderfs/...", "internal/device"}, "steps engines over memory; no transport, no daemon, no clock"},
		{"integration/growth", []string{"internal/api", "internal/config"}, "drives real processes through the API"},
		{"integration/bench", []string{"integration/bench/...", "sync/chunk"}, "compares programs from outside, and with what cutting and hashing alone take"},
		{"integration/bench/...", []string{"integration/bench/observe", "internal/api", "sync/chunk"}, "files, programs and figures; nothing of what labsync is made of"},
		{"integration/crash/...", []string{"internal/testkit/mount"}, "real devices and what crashes leave on them"},
		{"integration", []string{"internal/api", "internal/config", "internal/event", "internal/device", "internal/folderfs", "index/..."},
			"drives real processes through the API, and reads what they left behind"},
	}
}

func TestImportsPointDown(t *testing.T) {
	rules := layers()
	applied := make([]bool, len(rules))
	all := sources(t)
	dirs := map[string]bool{"versioning": true} // comes with the conflicts
	for _, s := range all {
		dirs[s.dir] = true
		rule := -1
		for i := range rules {
			if matches(rules[i].pkg, s.dir) {
				rule = i
				break
			}
		}
		if rule < 0 {
			t.Errorf("%s: no rule says what %s may import: add a row with its reason", s.path, s.dir)
			continue
		}
		applied[rule] = true
		if s.test {
			continue // tests may reach for fakes; the trees below hold for them too
		}
		for _, dir := range s.imports() {
			if !matchesAny(rules[rule].may, dir) && dir != s.dir {
				t.Errorf("%s imports %s, which %s may not: %s", s.path, dir, s.dir, rules[rule].reason)
			}
		}
	}
	for i, r := range rules {
		if !applied[i] {
			t.Errorf("the rule about %s applies to nothing: remove it", r.pkg)
		}
		for _, p := range r.may {
			if !anyMatch(p, dirs) {
				t.Errorf("the rule about %s allows %s, which does not exist: remove it", r.pkg, p)
			}
		}
	}
}

func anyMatch(pattern string, dirs map[string]bool) bool {
	for d := range dirs {
		if matches(pattern, d) {
			return true
		}
	}
	return false
}

// The trees meet in internal/daemon and nowhere else, not even in tests.
func TestTreesDoNotKnowEachOther(t *testing.T) {
	trees := []string{"sync", "transport", "discovery", "gui"}
	tree := func(dir string) string {
		top, _, _ := strings.Cut(dir, "/")
		for _, name := range trees {
			if top == name {
				return name
			}
		}
		return ""
	}
	for _, s := range sources(t) {
		from := tree(s.dir)
		for _, dir := range s.imports() {
			if to := tree(dir); from != "" && to != "" && from != to {
				t.Errorf("%s imports %s: %s and %s meet in internal/daemon only", s.path, dir, from, to)
			}
		}
	}
}

// owner is a package that only some may use.
type owner struct {
	pkg    string
	by     []string
	reason string
}

func TestPackagesWithFewUsers(t *testing.T) {
	rules := []owner{
		{"internal/config", []string{"cmd/labsync", "internal/daemon", "internal/api/edit", "internal/api/server", "integration", "integration/growth", "integration/crash"},
			"a package that takes the whole configuration can be used with nothing else"},
		{"internal/daemon", []string{"cmd/labsync"}, "whoever wants a daemon talks to its API"},
		{"index/store", []string{"internal/daemon", "sync/pull", "integration", "integration/crash"}, "everyone else takes index.Store"},
		{"internal/folderfs/memfs", []string{"integration/sim", "internal/folderfs/...", "sync/..."}, "for tests and the simulator"},
		{"internal/testkit", []string{"transport/...", "internal/testkit", "internal/daemon"}, "for tests"},
		{"transport/wire", []string{"transport/session", "transport/wire/..."}, "messages do not leave the conversation"},
		{"transport/wire/wirepb", []string{"transport/wire"}, "generated types do not leave transport/wire"},
		{"sync/drive", []string{"internal/daemon", "integration/crash"}, "the steps do not know who calls them"},
		{"sync/engine", []string{"sync/drive", "integration/sim"}, "the steps do not know what decides"},
	}
	used := make([]bool, len(rules))
	for _, s := range sources(t) {
		for _, dir := range s.imports() {
			for i, r := range rules {
				if dir != r.pkg || dir == s.dir {
					continue
				}
				used[i] = true
				if !matchesAny(r.by, s.dir) {
					t.Errorf("%s imports %s: %s", s.path, dir, r.reason)
				}
			}
		}
	}
	for i, r := range rules {
		if !used[i] {
			t.Errorf("the rule about %s applies to nothing: remove it", r.pkg)
		}
	}
}
