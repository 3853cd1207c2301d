package observe

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// Machine is what results depend on beside the programs.
type Machine struct {
	CPU        string `json:"cpu"`
	Cores      int    `json:"cores"`
	Memory     int64  `json:"memory_bytes"`
	Kernel     string `json:"kernel"`
	FileSystem string `json:"file_system"` // of the directory worked in, with its device
}

// ThisMachine describes the machine and the file system that holds dir.
func ThisMachine(dir string) Machine {
	m := Machine{CPU: runtime.GOARCH, Cores: runtime.NumCPU(), Kernel: runtime.GOOS}
	if text, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.Lines(string(text)) {
			if k, v, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(k) == "model name" {
				m.CPU = strings.TrimSpace(v)
				break
			}
		}
	}
	if text, err := os.ReadFile("/proc/sys/kernel/osrelease"); err == nil {
		m.Kernel = "Linux " + strings.TrimSpace(string(text))
	}
	if kib, err := field("/proc/meminfo", "MemTotal:"); err == nil {
		m.Memory = kib << 10
	}
	m.FileSystem = fileSystem(dir)
	return m
}

// fileSystem finds the mount that a directory lies on: the longest mount point
// above it.
func fileSystem(dir string) string {
	f, err := os.Open("/proc/self/mountinfo")
	if err != nil {
		return "unknown"
	}
	defer f.Close()
	found, longest := "unknown", -1
	for lines := bufio.NewScanner(f); lines.Scan(); {
		left, right, ok := strings.Cut(lines.Text(), " - ")
		mount, fs := strings.Fields(left), strings.Fields(right)
		if !ok || len(mount) < 5 || len(fs) < 2 {
			continue
		}
		rel, err := filepath.Rel(mount[4], dir)
		if err == nil && rel != ".." && !strings.HasPrefix(rel, "../") && len(mount[4]) >= longest {
			found, longest = fs[0]+" on "+fs[1], len(mount[4])
		}
	}
	return found
}

// Busy returns how long all cores together were busy since the machine started.
func Busy() (time.Duration, error) {
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0, err
	}
	line, _, _ := strings.Cut(string(text), "\n")
	f := strings.Fields(line)
	if len(f) < 9 || f[0] != "cpu" {
		return 0, fmt.Errorf("%q is no line of /proc/stat", line)
	}
	var sum time.Duration
	for i, s := range f[1:9] { // user nice system idle iowait irq softirq steal
		if i == 3 || i == 4 {
			continue
		}
		n, err := strconv.ParseInt(s, 10, 64)
		if err != nil {
			return 0, err
		}
		sum += time.Duration(n) * tick
	}
	return sum, nil
}

// Sent returns how many bytes, headers and all, went over the loopback
// interface of this network namespace.
func Sent() (int64, error) {
	text, err := os.ReadFile("/proc/self/net/dev")
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		name, counts, ok := strings.Cut(line, ":")
		if f := strings.Fields(counts); ok && strings.TrimSpace(name) == "lo" && len(f) > 8 {
			return strconv.ParseInt(f[8], 10, 64)
		}
	}
	return 0, fmt.Errorf("there is no loopback interface")
}
