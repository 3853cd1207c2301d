package sim

import (
	"slices"
	"testing"
	"time"

	"github.com/labsync/labsync/internal/folderfs"
)

// broken is what the made-up cases here report.
var broken = Violation{Invariant: "I2", Text: "made up"}

func TestShrinkKeepsWhatItTakes(t *testing.T) {
	tests := []struct {
		name    string
		breaks  func(s *Script) bool
		want    []Operation
		devices int
	}{
		{"one operation", func(s *Script) bool { return has(s, Rmtree) }, []Operation{{Kind: Rmtree}}, 2},
		{"two in order", func(s *Script) bool {
			i := slices.IndexFunc(s.Steps, func(o Operation) bool { return o.Kind == Mkdir })
			return i >= 0 && slices.ContainsFunc(s.Steps[i:], func(o Operation) bool { return o.Kind == Chmod })
		}, []Operation{{Kind: Mkdir}, {Kind: Chmod}}, 2},
		{"an argument that matters", func(s *Script) bool {
			return slices.ContainsFunc(s.Steps, func(o Operation) bool { return o.Name == "d/e" && o.Kind < HeldIn })
		}, []Operation{{Name: "d/e"}}, 2},
		{"the time between", func(s *Script) bool {
			var sum int64
			for _, o := range s.Steps {
				sum += o.After
			}
			return sum > int64(10*time.Second)
		}, nil, 2},
		{"three devices", func(s *Script) bool { return len(s.Setup.Devices) > 2 }, []Operation{}, 3},
		{"a setting of a device", func(s *Script) bool {
			return slices.ContainsFunc(s.Setup.Devices, func(d DeviceSetup) bool { return d.Page > 2 })
		}, []Operation{}, 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			long := longScript(t, tt.breaks)
			got, v := Shrink(long, Violation{Invariant: "I2"}, 5000, func(s Script) []Violation {
				if tt.breaks(&s) {
					return []Violation{{Invariant: "I1"}, broken}
				}
				return []Violation{{Invariant: "I1"}}
			})
			if v != broken {
				t.Errorf("reports %v, want %v", v, broken)
			}
			if len(got.Setup.Devices) != tt.devices {
				t.Errorf("%d devices left, want %d", len(got.Setup.Devices), tt.devices)
			}
			for i := range got.Steps {
				got.Steps[i].Device = 0
			}
			if tt.want != nil && !slices.Equal(got.Steps, tt.want) {
				t.Errorf("left over:\n%s", got.String())
			}
			if len(got.Steps) > 2 {
				t.Errorf("%d operations left", len(got.Steps))
			}
		})
	}
}

func has(s *Script, k Kind) bool {
	return slices.ContainsFunc(s.Steps, func(o Operation) bool { return o.Kind == k })
}

// longScript is one of three or four devices that breaks a made-up rule.
func longScript(t *testing.T, breaks func(*Script) bool) Script {
	t.Helper()
	for seed := range uint64(1000) {
		o := Options{Seed: seed, Devices: 3 + int(seed%2)}
		s := Script{Seed: seed, Setup: drawSetup(&o)}
		s.Steps = generate(stream(seed, "ops"), o.Devices, len(linksOf(o.Devices, s.Setup.Topology)), 40, nil)
		if breaks(&s) {
			return s
		}
	}
	t.Fatal("no seed breaks the rule")
	return Script{}
}

func TestShrinkStopsWhenItsRunsAreUsedUp(t *testing.T) {
	long := longScript(t, func(s *Script) bool { return true })
	played := 0
	got, _ := Shrink(long, broken, 10, func(s Script) []Violation {
		played++
		return nil
	})
	if played != 10 || len(got.Steps) != len(long.Steps) {
		t.Errorf("played %d cases, %d operations left", played, len(got.Steps))
	}
}

func TestLinksKeepTheirDevicesWhenOneIsLeftOut(t *testing.T) {
	s := Script{
		Setup: Setup{Topology: Mesh, Down: []int{0, 5}, Devices: []DeviceSetup{{Page: 1}, {Page: 2}, {Page: 3}, {Page: 4}}},
		Steps: []Operation{
			{After: 1, Device: 1, Kind: Edit, Name: "a"}, {After: 2, Device: 3, Kind: Edit, Name: "a"},
			{After: 4, Kind: Part, Count: 0}, {After: 8, Kind: Part, Count: 5}, {After: 16, Kind: Meet, Count: 2},
		},
	}
	got := s.withoutDevice(1) // links of 4: ab ac ad bc bd cd; of 3: ab ac bc
	want := []Operation{{After: 3, Device: 2, Kind: Edit, Name: "a"}, {After: 12, Kind: Part, Count: 2}, {After: 16, Kind: Meet, Count: 1}}
	if !slices.Equal(got.Steps, want) || !slices.Equal(got.Setup.Down, []int{2}) || len(got.Setup.Devices) != 3 || got.Setup.Devices[1].Page != 3 {
		t.Errorf("got\n%s", got.String())
	}
}

// A fault in a real world: each device loses what stands at one name, after
// all has come to rest.
func TestShrinkOfARealCase(t *testing.T) {
	harm := func(w *World) {
		for _, d := range w.devices {
			if info, err := d.user.Lstat("d/c"); err == nil && info.Kind == folderfs.File {
				w.must(d.user.RemoveAll("d/c"))
			}
		}
	}
	play := func(s Script) []Violation {
		res, err := run(t.Context(), s.Options(), harm)
		if err != nil {
			t.Fatal(err)
		}
		return res.Violations
	}
	for seed := range uint64(1000) {
		res, err := run(t.Context(), Options{Seed: seed, Devices: 4}, harm)
		if err != nil {
			t.Fatal(err)
		}
		i := slices.IndexFunc(res.Violations, func(v Violation) bool { return v.Invariant == "I2" })
		if i < 0 {
			continue
		}
		short, v := Shrink(ScriptOf(seed, &res), res.Violations[i], 2000, play)
		if len(short.Steps) > 3 || len(short.Setup.Devices) != 2 || v.Invariant != "I2" {
			t.Errorf("seed %d shrank to %v\n%s", seed, v, short.String())
		}
		return
	}
	t.Fatal("no seed shows the fault")
}
