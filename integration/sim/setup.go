package sim

import (
	"math/rand/v2"
	"time"

	"github.com/labsync/labsync/internal/folderfs"
	"github.com/labsync/labsync/internal/folderfs/memfs"
	"github.com/labsync/labsync/sync/plan"
)

// Setup is how a case begins: all that a seed chooses before the first
// operation. A script carries it, so that a case is played again although the
// seed would choose something else by now. It is made of flat values only: the
// text form and the shrinker work on whatever is in it.
type Setup struct {
	Topology Topology
	PauseOne int   // a task pauses before one in so many file system operations
	Down     []int // links that are down at first
	Big      int   // files are larger than so many blocks of the fixed policy
	Devices  []DeviceSetup
}

// DeviceSetup is what is special about one device. The zero value is a usual
// one.
type DeviceSetup struct {
	Offset    time.Duration // of its clock
	Page      int           // updates that it sends at a time; 0 is 100
	ClockStep time.Duration // of the times its file system gives to changed files
	Careful   bool          // its programs make durable what they save
	Fixed     bool          // its files are cut by the fixed policy

	ReceiveOnly, SendOnly bool

	// What its file system cannot do.
	NoExchange, NoReplace, NoInodes, NoCtime, NoModes, NoHardLinks bool
	NoSymlinks, NoCase, NoUnicode, ShortNames                      bool
	Coarse                                                         bool // times in steps of 2 s
}

// capabilities are those of the device's file system.
func (s *DeviceSetup) capabilities() folderfs.Capabilities {
	c := memfs.Linux()
	c.ClockStep = max(c.ClockStep, s.ClockStep)
	c.Exchange, c.NoReplace, c.StableInodes, c.Ctime = !s.NoExchange, !s.NoReplace, !s.NoInodes, !s.NoCtime
	c.Modes, c.HardLinks, c.Symlinks = !s.NoModes, !s.NoHardLinks, !s.NoSymlinks
	c.CaseSensitive, c.UnicodeExact = !s.NoCase, !s.NoUnicode
	if s.Coarse {
		c.MtimeGranularity, c.ClockStep = 2*time.Second, 2*time.Second
	}
	if s.ShortNames {
		c.MaxName = shortName
	}
	return c
}

// shortName is the longest name where names are short.
const shortName = 143

// lacks are the capabilities that may be switched off, one for each number.
var lacks = [...]func(*DeviceSetup){
	func(s *DeviceSetup) { s.NoExchange = true },
	func(s *DeviceSetup) { s.NoReplace = true },
	func(s *DeviceSetup) { s.NoInodes = true },
	func(s *DeviceSetup) { s.NoCtime = true },
	func(s *DeviceSetup) { s.NoModes = true },
	func(s *DeviceSetup) { s.NoHardLinks = true },
	func(s *DeviceSetup) { s.Coarse = true },
}

// direction is the folder's on the device.
func (s *DeviceSetup) direction() plan.Direction {
	switch {
	case s.ReceiveOnly:
		return plan.ReceiveOnly
	case s.SendOnly:
		return plan.SendOnly
	}
	return plan.SendReceive
}

// withholds are those without which some names cannot be held.
var withholds = [...]func(*DeviceSetup){
	func(s *DeviceSetup) { s.NoSymlinks = true },
	func(s *DeviceSetup) { s.NoCase = true },
	func(s *DeviceSetup) { s.NoUnicode = true },
	func(s *DeviceSetup) { s.ShortNames = true },
}

// drawSetup lets a seed choose what Options leave open.
func drawSetup(o *Options) Setup {
	rng := stream(o.Seed, "build")
	n, s := o.Devices, Setup{Topology: o.Topology}
	if n == 0 {
		n = 2 + rng.IntN(3)
	}
	if s.Topology == AnyTopology {
		s.Topology = Topology(1 + rng.IntN(3))
	}
	s.PauseOne = [...]int{2, 6, 20}[rng.IntN(3)]
	for range n {
		s.Devices = append(s.Devices, drawDevice(rng))
	}
	if rng.IntN(50) == 0 {
		s.Big = 1 + rng.IntN(2)
	}
	if rng.IntN(4) == 0 { // one device cannot hold every name
		withholds[rng.IntN(len(withholds))](&s.Devices[rng.IntN(n)])
	}
	switch d := &s.Devices[rng.IntN(n)]; rng.IntN(12) {
	case 0:
		d.SendOnly = true
	case 1: // which cannot take back what it cannot hold
		d.ReceiveOnly, d.NoSymlinks, d.NoCase, d.NoUnicode, d.ShortNames = true, false, false, false, false
	}
	for i := range linksOf(n, s.Topology) {
		if rng.IntN(3) == 0 {
			s.Down = append(s.Down, i)
		}
	}
	return s
}

func drawDevice(rng *rand.Rand) DeviceSetup {
	d := DeviceSetup{
		Offset: [...]time.Duration{0, 0, 3 * time.Second, -time.Minute, 5 * time.Hour, -48 * time.Hour}[rng.IntN(6)],
		Page:   [...]int{1, 2, 5, 100}[rng.IntN(4)],
	}
	if rng.IntN(3) == 0 {
		d.ClockStep = 4 * time.Millisecond // of a kernel's tick: writes within it look alike
	}
	d.Careful = rng.IntN(2) == 0
	d.Fixed = rng.IntN(4) == 0
	if rng.IntN(5) == 0 { // one capability off, or what a stick for a camera lacks
		lacks[rng.IntN(len(lacks))](&d)
	} else if rng.IntN(12) == 0 {
		d.NoExchange, d.NoInodes, d.NoCtime, d.NoModes, d.NoHardLinks, d.Coarse = true, true, true, true, true, true
	}
	return d
}

// linksOf lists the pairs of devices that a topology joins, in order.
func linksOf(devices int, shape Topology) [][2]int {
	var out [][2]int
	for i := range devices {
		for j := i + 1; j < devices; j++ {
			if shape == Mesh || shape == Star && i == 0 || shape == Chain && j == i+1 {
				out = append(out, [2]int{i, j})
			}
		}
	}
	return out
}
