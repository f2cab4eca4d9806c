package bench

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
)

// WriteTable prints the result for a reader: every run, the medians, the ratios, the notes.
func (r *Result) WriteTable(w io.Writer) error {
	fmt.Fprintf(w, "%s: %s\n\n", r.Name, settingLine(r.Setting))
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	row := func(cells []string) { fmt.Fprintln(table, strings.Join(cells, "\t")+"\t") }

	row(append([]string{"run"}, r.Columns...))
	for i, run := range r.Runs {
		row(append([]string{fmt.Sprint(i + 1)}, r.cells(run)...))
	}
	targets, _ := r.Median["targets"].(map[string]Figures)
	for _, name := range slices.Sorted(maps.Keys(targets)) {
		figures := maps.Clone(targets[name])
		figures["target"] = name
		row(append([]string{"median"}, r.cells(figures)...))
	}
	if err := table.Flush(); err != nil {
		return fmt.Errorf("bench %s: writing the table: %w", r.Name, err)
	}
	if len(r.Ratio) > 0 {
		fmt.Fprintln(w)
	}
	for _, name := range slices.Sorted(maps.Keys(r.Ratio)) {
		fmt.Fprintf(w, "ratio %s: %.3g\n", name, r.Ratio[name])
	}
	notes, _ := r.Setting["notes"].([]string)
	for _, note := range notes {
		fmt.Fprintf(w, "note: %s\n", note)
	}
	return nil
}

func (r *Result) cells(figures Figures) []string {
	cells := make([]string, len(r.Columns))
	for i, column := range r.Columns {
		cells[i] = cell(figures[column])
	}
	return cells
}

func cell(figure any) string {
	number, ok := Number(figure)
	switch {
	case figure == nil:
		return "–"
	case !ok:
		return fmt.Sprint(figure)
	case number == float64(int64(number)) || number >= 1000:
		return fmt.Sprintf("%.0f", number)
	default:
		return fmt.Sprintf("%.3g", number)
	}
}

func settingLine(setting Figures) string {
	var words []string
	for _, name := range slices.Sorted(maps.Keys(setting)) {
		if name != "notes" {
			words = append(words, fmt.Sprintf("%s %v", name, setting[name]))
		}
	}
	return strings.Join(words, ", ")
}
