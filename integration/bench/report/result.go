package report

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/labsync/labsync/integration/bench/observe"
)

// Names of columns. Those of a labsync restricted to one transport or block
// policy, and of parts of the work alone, follow the program's.
const (
	Labsync      = "labsync"
	LabsyncQUIC  = "labsync-quic"
	LabsyncTCP   = "labsync-tcp"
	LabsyncFixed = "labsync-fixed" // block policy fixed
	Rsync        = "rsync"
	Syncthing10  = "syncthing-10s" // default watcher delay
	Syncthing1   = "syncthing-1s"
	Floor        = "floor"         // the same writing, durably, and nothing else
	ChunkContent = "chunk-content" // cutting and hashing alone
	ChunkFixed   = "chunk-fixed"
	HashAlone    = "hash"
)

// Keys of Result.Values.
const (
	Median   = "median_seconds"
	P95      = "p95_seconds"
	RSS      = "rss_bytes"            // of all devices together
	IdleCPU  = "cpu_percent_per_node" // of one core
	Written  = "written_bytes"        // by all devices together
	PerFile  = "index_bytes_per_file"
	Uploaded = "uploaded_bytes_" // followed by the device's number
)

// Result is one measurement: one row, one tool, once.
type Result struct {
	Row  string `json:"row"`
	Tool string `json:"tool"`
	Run  int    `json:"run"`
	// Seconds passed until all was as expected; Resolution is how much less it
	// may have been.
	Seconds    float64 `json:"seconds,omitempty"`
	Resolution float64 `json:"resolution_seconds,omitempty"`
	// CPU is what all devices used until they were quiet.
	CPU float64 `json:"cpu_seconds,omitempty"`
	// Looking is what the benchmark used meanwhile: making the change, looking
	// for its outcome, and reading all bytes once the clock had stopped.
	Looking float64 `json:"looking_cpu_seconds,omitempty"`
	// Others is what the rest of the machine used meanwhile: a figure to distrust
	// a result by.
	Others float64 `json:"others_cpu_seconds,omitempty"`
	// Wire is what went over loopback, packet headers included, until all
	// devices were quiet; nil where traffic could not be told from others'.
	Wire *int64 `json:"wire_bytes,omitempty"`
	// PeakRSS is the most memory that any one device ever had.
	PeakRSS int64              `json:"peak_rss_bytes,omitempty"`
	Values  map[string]float64 `json:"values,omitempty"`
	Samples []float64          `json:"samples,omitempty"` // seconds
	// Error says why there is no result.
	Error string `json:"error,omitempty"`
}

// Set sets a value.
func (r *Result) Set(key string, v float64) {
	if r.Values == nil {
		r.Values = map[string]float64{}
	}
	r.Values[key] = v
}

// File is what one invocation measured.
type File struct {
	Time     time.Time         `json:"time"`
	Commit   string            `json:"commit"` // of the labsync measured, with "+" if files differed from it
	Go       string            `json:"go"`
	Versions map[string]string `json:"versions"` // by column
	Machine  observe.Machine   `json:"machine"`
	Results  []Result          `json:"results"`
}

// Save writes the file into dir, under a name made of time and commit, and
// returns its path. Saving again replaces it.
func (f *File) Save(dir string) (string, error) {
	text, err := json.MarshalIndent(f, "", "  ")
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	path := filepath.Join(dir, fmt.Sprintf("%s-%s.json", f.Time.UTC().Format("20060102-150405"), f.Commit))
	return path, os.WriteFile(path, append(text, '\n'), 0o644)
}

// Load reads files, oldest first.
func Load(paths []string) ([]File, error) {
	var files []File
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		var f File
		if err := json.Unmarshal(text, &f); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		files = append(files, f)
	}
	slices.SortStableFunc(files, func(a, b File) int { return a.Time.Compare(b.Time) })
	return files, nil
}
