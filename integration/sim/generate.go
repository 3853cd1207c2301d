package sim

import (
	"math/rand/v2"
	"slices"
	"strings"
	"time"
)

// pool are the names that operations are about: few, so that they collide.
var pool = [...]string{"a", "b.txt", "d", "d/c", "d/e", "d/e/f", "g", "g/d", "\u00e9"}

// longName is one that not every file system can hold.
var longName = strings.Repeat("long", shortName/4+1)

// weights of what users do, and of the network's ordinary days.
var weights = [kinds]int{
	Edit: 20, Save: 6, Append: 7, Cut: 5, Remove: 8, Rename: 12, Mkdir: 5, Rmtree: 4, Chmod: 5, Touch: 5, Link: 4, Retype: 4,
	Backup: 7, Keep: 5, Copy: 8, Recase: 5, Spill: 6, HeldIn: 4, Hold: 6, Release: 3, Ambush: 14, Part: 4, Meet: 6,
}

// family is a sort of fault that a case may have.
type family struct {
	name    string
	weights map[Kind]int // beside those above
}

var families = []family{
	{"power", map[Kind]int{Crash: 12, Flush: 6}},
	{"process", map[Kind]int{Kill: 12}},
	{"disk", map[Kind]int{Full: 4, BadWrite: 4, BadSync: 4, BadRead: 4}},
	{"network", map[Kind]int{Drop: 6, Split: 4, Heal: 4, Lag: 4}},
	{"clock", map[Kind]int{Clock: 8}},
	{"events", map[Kind]int{Deafen: 4}},
	{"root", map[Kind]int{Unplug: 4}},
	{"identity", map[Kind]int{Backdate: 10, Restore: 24, Forget: 10, Clone: 18}},
	{"lies", map[Kind]int{Corrupt: 4}},
}

// faults chooses the families of faults of a case: a third of the cases has
// none, a third has one.
func (w *World) faults() []string {
	if w.opt.Faults != nil {
		return w.opt.Faults
	}
	rng := stream(w.opt.Seed, "faults")
	one := families[rng.IntN(len(families))].name
	var out []string
	switch rng.IntN(3) {
	case 0:
	case 1:
		out = append(out, one)
	default:
		for i := range families {
			if rng.IntN(2) == 0 {
				out = append(out, families[i].name)
			}
		}
	}
	// A receive-only device that was changed still says that it has what stood
	// there before. If a loss of power, or of the disk, takes that from its author,
	// nobody can send it, and status says so for ever: no case to end in agreement.
	if slices.ContainsFunc(w.setup.Devices, func(s DeviceSetup) bool { return s.ReceiveOnly }) {
		out = slices.DeleteFunc(out, func(name string) bool { return name == "power" || name == "identity" })
	}
	return out
}

// generate makes a script. Those aimed at are much more frequent in it.
func generate(rng *rand.Rand, devices, links, n int, faults []string, aim ...Kind) []Operation {
	if n == 0 {
		n = 40
	}
	chances := chancesOf(faults, aim)
	script, there := make([]Operation, 0, n), expected{}
	for range n {
		o := Operation{Device: rng.IntN(devices), Kind: pick(rng, &chances), Name: pool[rng.IntN(len(pool))], To: pool[rng.IntN(len(pool))]}
		if rng.IntN(60) == 0 {
			o.Name = longName
		}
		o.After = [...]int64{0, int64(5 * time.Millisecond), int64(300 * time.Millisecond), int64(4 * time.Second)}[rng.IntN(4)]
		if o.After > 0 {
			o.After = rng.Int64N(o.After)
		}
		o.argue(rng, links, &chances)
		for range 4 {
			if o.Name == "" || there.suits(&o) {
				break
			}
			o.Name, o.To = pool[rng.IntN(len(pool))], pool[rng.IntN(len(pool))]
		}
		there.follow(&o)
		script = append(script, o)
	}
	return script
}

// chancesOf are the weights of a case with these families of faults.
func chancesOf(faults []string, aim []Kind) [kinds]int {
	chances := weights
	for i := range families {
		if slices.Contains(faults, families[i].name) {
			for k, weight := range families[i].weights {
				chances[k] += weight
			}
		}
	}
	for _, k := range aim {
		chances[k] += 40
	}
	return chances
}

// argue fills in what the kind needs.
func (o *Operation) argue(rng *rand.Rand, links int, chances *[kinds]int) {
	switch {
	case o.Kind == Ambush:
		o.Count, o.Early = 1+rng.IntN(25), rng.IntN(3) == 0
		if rng.IntN(2) == 0 {
			o.Name = ""
		}
		for o.Then = pick(rng, chances); o.Then > Hold && !o.Then.crash(); {
			o.Then = pick(rng, chances)
		}
		if o.Then.crash() {
			o.For = rng.Int64N(int64(20 * time.Second))
		}
	case o.Kind == Lag:
		o.Count, o.For = rng.IntN(links), rng.Int64N(int64(20*time.Second))
	case o.Kind.onLink():
		o.Count = rng.IntN(links)
	case o.Kind == Restore, o.Kind == Forget, o.Kind == Clone:
		o.Count, o.For = rng.IntN(8), rng.Int64N(int64(20*time.Second))
	case o.Kind == Full, o.Kind == Deafen, o.Kind == Unplug, o.Kind == Corrupt:
		o.Count, o.For = 1+rng.IntN(4), rng.Int64N(int64(20*time.Second))
	case o.Kind == BadRead, o.Kind == BadWrite, o.Kind == BadSync:
		o.Count = 1 + rng.IntN(1<<(1+rng.IntN(5)))
	case o.Kind == Crash, o.Kind == Kill:
		if rng.IntN(4) > 0 {
			o.Count = 1 + rng.IntN(1<<(1+rng.IntN(7)))
		}
		if o.Kind == Crash && rng.IntN(2) == 0 {
			o.Count |= weak
		}
		o.For = rng.Int64N(int64(20 * time.Second))
	default:
		o.Count = rng.IntN(100)
	}
}

func pick(rng *rand.Rand, chances *[kinds]int) Kind {
	total := 0
	for _, weight := range chances {
		total += weight
	}
	n := rng.IntN(total)
	for k, weight := range chances {
		if n -= weight; n < 0 {
			return Kind(k)
		}
	}
	return Edit
}
