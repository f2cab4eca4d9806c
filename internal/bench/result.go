package bench

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"runtime"
	"slices"
)

// Figures are named measurements or settings: numbers, texts, durations as numbers with the unit in the name.
type Figures map[string]any

// Result is what a bench prints with --json: one object, its members fixed (design §10).
type Result struct {
	Name    string             `json:"name"`
	Setting Figures            `json:"setting"`
	Runs    []Figures          `json:"runs"`
	Median  Figures            `json:"median"` // the subject's figures, and under "targets" everyone's
	Ratio   map[string]float64 `json:"ratio"`  // medians of the rounds' ratios

	Columns []string `json:"-"` // of the table, in order; the first is the target's name
}

// New begins a result with what is true of every run on this machine.
func New(name string, columns ...string) *Result {
	return &Result{
		Name: name,
		Setting: Figures{
			"cpus": runtime.NumCPU(), "go": runtime.Version(), "os": runtime.GOOS + "/" + runtime.GOARCH,
		},
		Ratio:   map[string]float64{},
		Columns: append([]string{"target"}, columns...),
	}
}

// Note adds a sentence that the reader of the figures must know.
func (r *Result) Note(format string, args ...any) {
	notes, _ := r.Setting["notes"].([]string)
	r.Setting["notes"] = append(notes, fmt.Sprintf(format, args...))
}

// Summarise fills Median from Runs: the subject's medians at the top, each target's under "targets".
func (r *Result) Summarise(subject string) {
	targets := map[string]Figures{}
	for _, run := range r.Runs {
		name, _ := run["target"].(string)
		if targets[name] == nil {
			targets[name] = medians(r.Runs, name)
		}
	}
	r.Median = Figures{"subject": subject, "targets": targets}
	for figure, value := range targets[subject] {
		r.Median[figure] = value
	}
}

// Compare adds subject/other of a figure to the ratios: the median of what each round says. Runs of one round followed each
// other, so a machine that grows busy or quiet between rounds changes both sides. It does nothing when no round has both.
func (r *Result) Compare(ratio, figure, subject, other string) {
	theirs := map[any]float64{}
	for _, run := range r.Runs {
		if value, ok := Number(run[figure]); ok && run["target"] == other {
			theirs[run["round"]] = value
		}
	}
	var ratios []float64
	for _, run := range r.Runs {
		value, ok := Number(run[figure])
		if base := theirs[run["round"]]; ok && run["target"] == subject && base > 0 {
			ratios = append(ratios, value/base)
		}
	}
	if len(ratios) > 0 {
		r.Ratio[ratio] = Round(Median(ratios), 3)
	}
}

// WriteJSON prints the one object.
func (r *Result) WriteJSON(w io.Writer) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	return encoder.Encode(r)
}

func medians(runs []Figures, target string) Figures {
	columns := map[string][]float64{}
	for _, run := range runs {
		if run["target"] != target {
			continue
		}
		for name, value := range run {
			if number, ok := Number(value); ok && name != "round" {
				columns[name] = append(columns[name], number)
			}
		}
	}
	out := Figures{}
	for name, values := range columns {
		out[name] = Median(values)
	}
	return out
}

// Number reads a figure as a number.
func Number(figure any) (float64, bool) {
	switch v := figure.(type) {
	case float64:
		return v, true
	case int:
		return float64(v), true
	case int64:
		return float64(v), true
	}
	return 0, false
}

// Median is the middle value, or the mean of the two middle ones; 0 for none.
func Median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[middle]
	}
	return (sorted[middle-1] + sorted[middle]) / 2
}

// Round keeps so many decimals.
func Round(value float64, decimals int) float64 {
	scale := math.Pow10(decimals)
	return math.Round(value*scale) / scale
}
