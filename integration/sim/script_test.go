package sim

import (
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestAScriptReadsBackAsWritten(t *testing.T) {
	for seed := range uint64(50) {
		res, err := Run(t.Context(), Options{Seed: seed})
		if err != nil {
			t.Fatal(err)
		}
		s := ScriptOf(seed, &res)
		s.Comment = []string{"I2: lost", "second line"}
		back, err := ReadScript(strings.NewReader(s.String()))
		if err != nil {
			t.Fatalf("%v in\n%s", err, s.String())
		}
		if !reflect.DeepEqual(s, back) {
			t.Fatalf("wrote\n%s\nread\n%s", s.String(), back.String())
		}
	}
}

func TestAScriptPlaysTheCaseItWasMadeOf(t *testing.T) {
	for seed := range uint64(20) {
		res, err := Run(t.Context(), Options{Seed: seed})
		if err != nil {
			t.Fatal(err)
		}
		s := ScriptOf(seed, &res)
		again, err := Run(t.Context(), s.Options())
		if err != nil || again.Hash != res.Hash {
			t.Errorf("seed %d: another trace than of its script, %v", seed, err)
		}
	}
}

func TestWrittenScript(t *testing.T) {
	s := Script{
		Seed:  7,
		Setup: Setup{Topology: Star, Down: []int{1, 0}, Devices: []DeviceSetup{{Offset: -time.Minute, Page: 2}, {}, {}}},
		Steps: []Operation{
			{After: int64(3 * time.Millisecond), Device: 2, Kind: Ambush, Name: "d/e f", To: `q"t`, Count: 3, Then: Rename},
			{Kind: HeldIn},
		},
	}
	want := `seed 7
topology star
down 1,0
device a offset=-1m0s page=2
device b
device c
+3ms c ambush name="d/e f" to="q\"t" count=3 then=rename
+0s a write-held
`
	if got := s.String(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestReadScriptRefuses(t *testing.T) {
	for name, text := range map[string]string{
		"a device out of order":        "device b",
		"an operation nobody knows":    "device a\n+0s a dance",
		"a device that is not there":   "device a\n+0s b edit",
		"a time that is none":          "device a\n+soon a edit",
		"a part nobody knows":          "device a\n+0s a edit colour=3",
		"a header nobody knows":        "weather 3",
		"a topology nobody knows":      "topology ring",
		"a number that is none":        "device a page=many",
		"a name without its quotes":    "device a\n+0s a edit name=a",
		"a part without a value":       "device a\n+0s a edit name",
		"a seed that is no number":     "seed x",
		"a list that is not of number": "down 1,x",
	} {
		t.Run(name, func(t *testing.T) {
			if s, err := ReadScript(strings.NewReader(text)); err == nil {
				t.Errorf("read as\n%s", s.String())
			}
		})
	}
}
