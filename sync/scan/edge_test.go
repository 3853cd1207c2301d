package scan

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/labsync/labsync/internal/folderfs/memfs"
)

func TestTimesAtTheEndsOfTimeAreComparedLikeAnyOther(t *testing.T) {
	for _, at := range []int64{math.MinInt64, math.MinInt64 + 1, -1, 1 << 31 * 1e9, 1 << 32 * 1e9, math.MaxInt64 - 1, math.MaxInt64} {
		w := newWorld(t, memfs.Linux())
		w.must(errors.Join(w.user.Write("f", nil), w.user.Touch("f", at)))
		if found := w.settle(); len(found) != 1 || found[0].Entry.Mtime != at {
			t.Errorf("%d: found %v", at, show(found))
		}
		w.expect(fmt.Sprintf("a second scan of %d", at), w.scan())
	}
}

func TestNamesNoOtherDeviceTakesAreProblems(t *testing.T) {
	w := newWorld(t, memfs.Linux())
	w.must(errors.Join(w.user.Mkdir(".LabSync"), w.user.Write(".LabSync/f", nil), w.user.Write("LABSYN~1", nil), w.user.Write(`c:\x`, nil),
		w.user.Mkdir("inner"), w.user.Mkdir("inner/.labsync"), w.user.Write("inner/.labsync/f", nil), w.user.Mkdir("inner/.LABSYNC"), w.user.Write("inner/f", nil)))
	found := w.settle()
	w.expect("scan", found, ".LabSync faulty reserved-name", "LABSYN~1 faulty reserved-name", `c:\x faulty reserved-name`,
		"inner changed", "inner/.LABSYNC faulty reserved-name", "inner/f changed")
	if p := found[0].Problem; !strings.Contains(p.Text, `".LabSync"`) || !strings.Contains(p.Text, "rename it") {
		t.Errorf("the problem is %q", p.Text)
	}
	w.expect("scopes", w.scan(Scope{Name: ".LabSync"}, Scope{Name: ".LabSync/f"}, Scope{Name: ".labsync"}, Scope{Name: ".labsync/f"},
		Scope{Name: "inner/.labsync"}, Scope{Name: "inner/.labsync/f"}), ".LabSync faulty reserved-name")
	w.must(w.user.RemoveAll(".LabSync"))
	w.expect("a scope that is gone", w.scan(Scope{Name: ".LabSync"}))

	folding := newWorld(t, memfs.Windows())
	w.must(folding.user.Write("f", nil))
	folding.expect("a scope that is the work directory itself", folding.settle(Scope{Recursive: true}, Scope{Name: ".LabSync"}), "f changed")
}
