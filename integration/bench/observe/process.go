package observe

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// Usage is what a process and its children have used.
type Usage struct {
	CPU     time.Duration // of threads and ended children too, in steps of 10 ms
	RSS     int64         // bytes in memory now
	PeakRSS int64         // the most bytes that were
	Written int64         // bytes handed to block devices
}

// Plus adds two usages.
func (u Usage) Plus(v Usage) Usage {
	return Usage{u.CPU + v.CPU, u.RSS + v.RSS, u.PeakRSS + v.PeakRSS, u.Written + v.Written}
}

// tick is the unit of times in /proc: USER_HZ is 100 on every Linux.
const tick = 10 * time.Millisecond

// Process reads what a process and all its living descendants have used.
func Process(pid int) (Usage, error) {
	u, err := one(pid)
	if err != nil {
		return u, err
	}
	for _, child := range children(pid) {
		v, err := Process(child)
		if errors.Is(err, fs.ErrNotExist) {
			continue // ended since; its parent has its time now
		}
		if err != nil {
			return u, err
		}
		u = u.Plus(v)
	}
	return u, nil
}

// children lists those that any thread of a process started.
func children(pid int) []int {
	files, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	if err != nil {
		return nil
	}
	var pids []int
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			continue // the thread ended
		}
		for _, s := range strings.Fields(string(text)) {
			if child, err := strconv.Atoi(s); err == nil {
				pids = append(pids, child)
			}
		}
	}
	return pids
}

func one(pid int) (u Usage, err error) {
	dir := fmt.Sprintf("/proc/%d/", pid)
	stat, err := os.ReadFile(dir + "stat")
	if err != nil {
		return u, err
	}
	if u.CPU, err = cpu(string(stat), withChildren); err != nil {
		return u, err
	}
	for _, x := range []struct {
		file, key string
		unit      int64
		to        *int64
	}{
		{"status", "VmRSS:", 1 << 10, &u.RSS},
		{"status", "VmHWM:", 1 << 10, &u.PeakRSS},
		{"io", "write_bytes:", 1, &u.Written},
	} {
		n, err := field(dir+x.file, x.key)
		if err != nil {
			return u, err
		}
		*x.to = n * x.unit
	}
	return u, nil
}

// Self is the CPU time of this process without its children.
func Self() (time.Duration, error) {
	stat, err := os.ReadFile("/proc/self/stat")
	if err != nil {
		return 0, err
	}
	return cpu(string(stat), alone)
}

// How many of the times in /proc/PID/stat count: utime and stime, and then
// cutime and cstime, of children that ended.
const (
	alone        = 2
	withChildren = 4
)

// cpu adds up the first of the times in a line of /proc/PID/stat. The command's
// name in it may hold blanks and ends with the last parenthesis.
func cpu(stat string, times int) (sum time.Duration, err error) {
	f := strings.Fields(stat[strings.LastIndex(stat, ")")+1:])
	if len(f) < 15 {
		return 0, fmt.Errorf("%q is no line of /proc/PID/stat", stat)
	}
	for _, s := range f[11 : 11+times] {
		n, err := strconv.ParseInt(s, 10, 64)
		if err != nil {
			return 0, err
		}
		sum += time.Duration(n) * tick
	}
	return sum, nil
}

// field returns the number after a key in a file of such lines, 0 if there is
// no such key (a process that has ended has no memory).
func field(path, key string) (int64, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		if v, ok := strings.CutPrefix(line, key); ok {
			return strconv.ParseInt(strings.Fields(v)[0], 10, 64)
		}
	}
	return 0, nil
}
