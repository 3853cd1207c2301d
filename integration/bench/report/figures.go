package report

import (
	"math"
	"slices"
)

// figures are all results, by what was measured.
type figures map[[2]string][]Result

func collect(files []File) figures {
	all := figures{}
	for _, f := range files {
		for _, r := range f.Results {
			key := [2]string{r.Row, r.Tool}
			all[key] = append(all[key], r)
		}
	}
	return all
}

// median is that of all runs that succeeded, NaN if none did.
func (f figures) median(row, tool, metric string) float64 {
	var list []float64
	for _, r := range f[[2]string{row, tool}] {
		if v, ok := r.figure(metric); ok && r.Error == "" {
			list = append(list, v)
		}
	}
	if len(list) == 0 {
		return math.NaN()
	}
	slices.Sort(list)
	mid := len(list) / 2
	if len(list)%2 == 1 {
		return list[mid]
	}
	return (list[mid-1] + list[mid]) / 2
}

// failed counts the runs that did not succeed.
func (f figures) failed(row, tool string) (n int) {
	for _, r := range f[[2]string{row, tool}] {
		if r.Error != "" {
			n++
		}
	}
	return n
}

// load is how much CPU time others used for each second of those measured.
func (f figures) load() float64 {
	var own, other float64
	for _, list := range f {
		for _, r := range list {
			if r.Others > 0 { // 0: nobody looked
				own, other = own+r.CPU, other+r.Others
			}
		}
	}
	if own == 0 {
		return 0
	}
	return other / own
}

const (
	cpuTime = "cpu"
	peak    = "peak"
)

func (r *Result) figure(metric string) (float64, bool) {
	switch metric {
	case seconds:
		return r.Seconds, true
	case cpuTime:
		return r.CPU, true
	case peak:
		return float64(r.PeakRSS), r.PeakRSS > 0
	case wire:
		if r.Wire == nil {
			return 0, false
		}
		return float64(*r.Wire), true
	}
	v, ok := r.Values[metric]
	return v, ok
}
