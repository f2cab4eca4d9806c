package web

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/proofmark/proofmark/miot"
	"github.com/proofmark/proofmark/registry"
)

// mostPlotted bounds the points of a plot.
const mostPlotted = 5000

// spans are the choices of time of a plot, and in what steps it is drawn.
var spans = []spanChoice{
	{"day", 24 * time.Hour, registry.Raw},
	{"week", 7 * 24 * time.Hour, registry.Hourly},
	{"month", 30 * 24 * time.Hour, registry.Hourly},
	{"year", 365 * 24 * time.Hour, registry.Daily},
}

type spanChoice struct {
	name string
	time.Duration
	steps registry.Resolution
}

// span is the one that the address asks for.
func (v *Visit) span() spanChoice {
	for _, x := range spans {
		if x.name == v.Query("span") {
			return x
		}
	}
	return spans[0]
}

// plot puts the history of the property into the page that its address asks for.
func (s *Devices) plot(v *Visit, d registry.Device, spec *miot.Spec, p *DevicePage) error {
	first, second, ok := strings.Cut(v.Query("plot"), ".")
	siid, errA := strconv.Atoi(first)
	piid, errB := strconv.Atoi(second)
	if !ok || errA != nil || errB != nil {
		return nil
	}
	property, ok := spec.Property(siid, piid)
	if !ok || !property.Format.Numeric() {
		return nil
	}
	span := v.span()
	at := fmt.Sprintf("/devices/%s/history/%d/%d", d.DID, siid, piid)
	plot := &PlotView{
		Name: named(property.Description, property.Name()), Unit: unitSign(property.Unit), Source: at + "?span=" + span.name,
		CSV: fmt.Sprintf("/api/v1/devices/%s/history?siid=%d&iid=%d&resolution=%s&from=%s&format=csv", d.DID, siid, piid, span.steps,
			s.Now().Add(-span.Duration).UTC().Format(time.RFC3339)),
	}
	for _, x := range spans {
		plot.Spans = append(plot.Spans, SpanView{x.name, fmt.Sprintf("/devices/%s?plot=%d.%d&span=%s#plot", d.DID, siid, piid, x.name), x.name == span.name})
	}
	rows, err := s.points(v.Context(), d.DID, siid, piid, span)
	if err != nil {
		return err
	}
	if plot.Empty = len(rows) == 0; !plot.Empty {
		lo, hi := rows[0][1], rows[0][len(rows[0])-1]
		for _, row := range rows {
			lo, hi = min(lo, row[1]), max(hi, row[len(row)-1])
		}
		end := rows[len(rows)-1]
		show := func(f float64) string { return strings.TrimSpace(strconv.FormatFloat(f, 'g', 6, 64) + " " + plot.Unit) }
		plot.Lowest, plot.Highest, plot.Last = show(lo), show(hi), show(end[len(end)/2])
	}
	p.Plot = plot
	return nil
}

// points are what a plot draws: [seconds, value] of a day, and [seconds, lowest, mean,
// highest] of each hour or day of more.
func (s *Devices) points(ctx context.Context, did string, siid, piid int, span spanChoice) ([][]float64, error) {
	to := s.Now()
	from := to.Add(-span.Duration)
	rows := [][]float64{}
	if span.steps != registry.Raw {
		found, err := s.Registry.Summary(ctx, did, siid, piid, span.steps, from, to)
		for _, b := range found {
			rows = append(rows, []float64{float64(b.Start.Unix()), b.Min, b.Mean, b.Max})
		}
		return rows, err
	}
	q := registry.HistoryQuery{DID: did, SIID: siid, IID: piid, Method: registry.MethodProperties, From: from, To: to, Limit: mostPlotted}
	err := s.Registry.History(ctx, q, func(p registry.Point) bool {
		var f float64
		if json.Unmarshal(p.Value, &f) == nil {
			rows = append(rows, []float64{float64(p.At.UnixMilli()) / 1000, f})
		}
		return true
	})
	return rows, err
}

func (s *Devices) history(v *Visit) error {
	d, _, err := s.watched(v)
	if err != nil {
		return err
	}
	siid, piid, err := v.member("siid", "piid")
	if err != nil {
		return err
	}
	rows, err := s.points(v.Context(), d.DID, siid, piid, v.span())
	if err != nil {
		return err
	}
	secure(v.w.Header())
	v.w.Header().Set("Content-Type", "application/json")
	v.w.WriteHeader(http.StatusOK)
	return json.NewEncoder(v.w).Encode(rows)
}
