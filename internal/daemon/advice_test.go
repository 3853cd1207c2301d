package daemon

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/labsync/labsync/internal/config"
	"github.com/labsync/labsync/internal/device"
)

func TestAWordOfACommandIsTakenAsItIs(t *testing.T) {
	shell, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("no shell to ask: ", err)
	}
	for _, word := range []string{"plain", "/a/b-c_d.e", "", "two words", "it's", `"$HOME" $(id) !x`, "a\\b", "~", "é", "*"} {
		got, err := exec.Command(shell, "-c", "printf %s "+shellWord(word)).Output()
		if err != nil || string(got) != word {
			t.Errorf("%q is typed as %s and becomes %q, %v", word, shellWord(word), got, err)
		}
	}
}

func TestStartingAnewKeepsWhatAFolderIs(t *testing.T) {
	f := &folder{conf: config.Folder{ID: "lab", Path: "/srv/our data", Label: "Lab", Strategy: config.StrategyNone,
		Blocks: config.BlocksFixed, Direction: config.ReceiveOnly, Devices: []device.ID{{1}, {2}}}}
	text := f.startAnew()
	for _, want := range []string{
		`"labsync folder remove lab"`, `"labsync folder add '/srv/our data' --id lab --label Lab --strategy none --blocks fixed --direction receive-only --device `,
		" --device " + device.ID{1}.String() + " --device " + device.ID{2}.String() + `"`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%q does not have %q", text, want)
		}
	}
}
