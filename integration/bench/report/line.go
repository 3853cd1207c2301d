package report

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Line is a result in one line, for whoever watches.
func Line(r Result) string {
	if r.Error != "" {
		return "FAILED: " + r.Error
	}
	parts := []string{fmt.Sprintf("%.3f s (±%.3f)", r.Seconds, r.Resolution), fmt.Sprintf("CPU %.2f s", r.CPU)}
	if r.Wire != nil {
		parts = append(parts, Bytes(float64(*r.Wire))+" sent")
	}
	if r.PeakRSS > 0 {
		parts = append(parts, "peak "+Bytes(float64(r.PeakRSS)))
	}
	parts = append(parts, fmt.Sprintf("looking %.2f s, others %.2f s", r.Looking, r.Others))
	for _, k := range slices.Sorted(maps.Keys(r.Values)) {
		parts = append(parts, fmt.Sprintf("%s %.4g", k, r.Values[k]))
	}
	return strings.Join(parts, " · ")
}

// Bytes writes a number of bytes with three digits.
func Bytes(n float64) string {
	unit := 0
	for units := len(byteUnits()) - 1; n >= 999.5 && unit < units; unit++ {
		n /= 1000
	}
	if unit == 0 || n >= 100 {
		return fmt.Sprintf("%.0f %s", n, byteUnits()[unit])
	}
	return fmt.Sprintf("%.3g %s", n, byteUnits()[unit])
}

func byteUnits() []string { return []string{"B", "kB", "MB", "GB", "TB"} }
