package main

import (
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"labsync": main})
}

// TestScripts runs the stories in testdata/script, where "labsync" is this
// command. None of them starts a daemon.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:           filepath.Join("testdata", "script"),
		UpdateScripts: os.Getenv("UPDATE_SCRIPTS") != "",
		Setup: func(env *testscript.Env) error {
			env.Setenv("HOME", env.WorkDir)
			env.Setenv("LABSYNC_HOME", filepath.Join(env.WorkDir, "home"))
			env.Setenv("XDG_RUNTIME_DIR", filepath.Join(env.WorkDir, "run"))
			env.Setenv("GORACE", "atexit_sleep_ms=0") // each command is a process, and would wait a second
			// IDs of devices that nobody has the keys of.
			env.Setenv("ODD", "a\u202eb")
			env.Setenv("BOB", "QG3DPWH-42LDNUG-Y2Z42LD-CE5BC4K-G6PFPEW-4S3QTIW-6BNGP3H-WFRTUQZ")
			env.Setenv("CAROL", "JQTNSB2-ME7MJ5F-XSZE4GA-VQKLOH6-QHDMKSH-FIZ65KJ-HJMXTXJ-RUQH2Q5")
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"code": cmdCode, "oneline": cmdOneLine, "capture": cmdCapture},
	})
}

// cmdCode is "code N CMD ARG...": runs CMD and checks its exit code.
func cmdCode(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: code N command [arg...]")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	if err := ts.Exec(args[1], args[2:]...); want == 0 {
		ts.Check(err)
	} else if err == nil || err.Error() != "exit status "+args[0] {
		ts.Fatalf("%v ended with %v, want exit status %d", args[1:], err, want)
	}
}

// cmdOneLine checks that the last command had one sentence on stderr and
// nothing on stdout, as every refusal has.
func cmdOneLine(ts *testscript.TestScript, neg bool, args []string) {
	stderr, stdout := ts.ReadFile("stderr"), ts.ReadFile("stdout")
	lines := 0
	for _, c := range stderr {
		if c == '\n' {
			lines++
		}
	}
	if neg || len(args) > 0 || lines != 1 || stdout != "" {
		ts.Fatalf("want one line on stderr and none on stdout, got %q and %q", stderr, stdout)
	}
}

// cmdCapture is "capture NAME": sets a variable to the last command's stdout.
func cmdCapture(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: capture NAME")
	}
	text := ts.ReadFile("stdout")
	for len(text) > 0 && text[len(text)-1] == '\n' {
		text = text[:len(text)-1]
	}
	ts.Setenv(args[0], text)
}
