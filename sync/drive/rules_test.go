package drive

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/labsync/labsync/index"
	"github.com/labsync/labsync/sync/ignore"
	"github.com/labsync/labsync/sync/plan"
)

func (n *node) rulesWait(want bool) {
	n.t.Helper()
	s, err := n.Status(n.t.Context())
	n.must(err)
	if s.RulesWait != want || s.RulesSince.IsZero() == want {
		n.t.Errorf("RulesWait = %v since %v; want %v", s.RulesWait, s.RulesSince, want)
	}
}

func TestRulesOfAPersonHereHoldAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newNode(t, 1)
		a.renew(Options{Rules: []string{"*.own"}})
		a.write(ignore.FileName, "*.tmp\n")
		a.write("x.tmp", "private")
		a.write("x.own", "private")
		a.start()
		settle()
		if a.sawKind(ChangedHere, "x.tmp") || a.sawKind(ChangedHere, "x.own") {
			t.Error("an ignored name was announced")
		}
		a.save(ignore.FileName, "*.else\n")
		settle()
		if !a.sawKind(ChangedHere, "x.tmp") || a.sawKind(ChangedHere, "x.own") || !a.watcher.changed() {
			t.Error("the changed rules are not in force")
		}
		a.rulesWait(false)
		a.stop()
	})
}

func TestWhatIsIgnoredFromTheSameMomentOnIsNotAnnounced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newNode(t, 1)
		a.start()
		settle()
		a.write(ignore.FileName, "secret\n")
		a.write("a secret", "public")
		a.write("secret", "private")
		a.touch(ignore.FileName, "a secret", "secret")
		settle()
		if a.sawKind(ChangedHere, "secret") || !a.sawKind(ChangedHere, "a secret") {
			t.Error("a name was announced that was ignored by a file saved at the same moment")
		}
		a.stop()
	})
}

func TestRulesOfAnotherDeviceThatIgnoreLessWaitToBeAccepted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := newNode(t, 1), newNode(t, 2)
		a.write(ignore.FileName, "*.tmp\n")
		b.write("x.tmp", "private to b")
		a.start()
		b.start()
		settle()
		connect(a, b)
		settle()
		b.rulesWait(false) // it ignores more
		b.save("y.tmp", "private too")
		settle()
		a.holds("y.tmp", "")

		a.save(ignore.FileName, "nothing\n")
		settle()
		b.holds(ignore.FileName, "nothing\n")
		b.rulesWait(true)

		// Looking at the file, or touching it, is not accepting it.
		b.must(b.fs.User().Touch(ignore.FileName, time.Now().UnixNano()))
		b.must(b.Rescan(t.Context()))
		settle()
		b.rulesWait(true)
		a.holds("y.tmp", "")

		// Nor is a restart.
		b.stop()
		b.renew(Options{})
		b.start()
		settle()
		b.rulesWait(true)
		connect(a, b)
		settle()
		a.holds("y.tmp", "")

		b.must(b.AcceptRules(t.Context()))
		settle()
		b.rulesWait(false)
		a.holds("y.tmp", "private too")
		a.stop()
		b.stop()
	})
}

func TestRulesThatAnotherDeviceRenamesAwayWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := newNode(t, 1), newNode(t, 2)
		a.write(ignore.FileName, "*.tmp\n")
		a.start()
		b.start()
		settle()
		connect(a, b)
		settle()
		b.save("y.tmp", "private")
		a.must(a.fs.User().Rename(ignore.FileName, "old rules"))
		a.touch(ignore.FileName, "old rules")
		settle()
		b.holds("old rules", "*.tmp\n")
		b.rulesWait(true)
		a.holds("y.tmp", "")
		a.stop()
		b.stop()
	})
}

func TestPlacementsThatChangeTheRules(t *testing.T) {
	rules, other := ignore.FileName, "other"
	tests := []struct {
		name   string
		action plan.Action
		want   bool
	}{
		{"another file is replaced", plan.Action{Name: other}, false},
		{"the file is replaced or deleted", plan.Action{Name: rules}, true},
		{"it is renamed away", plan.Action{Name: other, Op: plan.Move, From: &index.Held{Entry: index.Entry{Name: rules}}}, true},
		{"another one is renamed to it", plan.Action{Name: rules, Op: plan.Move, From: &index.Held{Entry: index.Entry{Name: other}}}, true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := movesRules(&test.action); got != test.want {
				t.Errorf("movesRules = %v", got)
			}
		})
	}
}
