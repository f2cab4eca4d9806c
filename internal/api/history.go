package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/proofmark/proofmark/registry"
)

type historyInput struct {
	OfDevice
	Span
	SIID       int    `query:"siid" minimum:"1" doc:"Only this service; all when absent."`
	IID        int    `query:"iid" minimum:"1" doc:"Only this property or event; all when absent."`
	Method     string `query:"method" enum:"properties_changed,event_occured" doc:"Only values, or only events; both when absent."`
	Limit      int    `query:"limit" minimum:"1" maximum:"10000" default:"1000" doc:"Of points in JSON; CSV has all."`
	Resolution string `query:"resolution" enum:"raw,hour,day" default:"raw" doc:"hour and day give the summaries of one numeric property; name it by siid and iid."`
	Format     string `query:"format" enum:"json,csv" doc:"csv does the same as Accept: text/csv."`
	Accept     string `header:"Accept" maxLength:"1000"`
}

type history struct {
	DID        string              `json:"did"`
	Resolution registry.Resolution `json:"resolution"`
	From       time.Time           `json:"from"`
	To         time.Time           `json:"to"`
	Points     []point             `json:"points,omitempty" doc:"Of raw: in the order in which they were stored."`
	Truncated  bool                `json:"truncated,omitempty" doc:"There are more points: ask for less time, or for CSV."`
	Buckets    []bucket            `json:"buckets,omitempty" doc:"Of hour and day."`
}

type point struct {
	At      time.Time        `json:"at"`
	Method  string           `json:"method" enum:"properties_changed,event_occured"`
	SIID    int              `json:"siid"`
	IID     int              `json:"iid" doc:"piid or eiid."`
	Value   json.RawMessage  `json:"value" doc:"The property's value, or the event's arguments."`
	Quality registry.Quality `json:"quality"`
}

type bucket struct {
	Start time.Time `json:"start" doc:"UTC."`
	Count int64     `json:"count"`
	Min   float64   `json:"min"`
	Max   float64   `json:"max"`
	Mean  float64   `json:"mean"`
}

func pointOf(p registry.Point) point {
	return point{instant(p.At), p.Method, p.SIID, p.IID, p.Value, p.Quality}
}

func bucketOf(b registry.Bucket) bucket {
	return bucket{instant(b.Start), b.Count, b.Min, b.Max, b.Mean}
}

// streamed is an answer that writes itself.
type streamed struct{ Body func(huma.Context) }

func (a *API) mountHistory() {
	watcher(a, huma.Operation{
		OperationID: "get-history", Method: http.MethodGet, Path: "/devices/{did}/history", Tags: []string{"History"},
		Summary:     "Read or export a device's history",
		Description: "Raw points are kept for 30 days, summaries stay. Without from, the last 24 h are read (30 days of summaries).",
		Responses: map[string]*huma.Response{"200": {Description: "The history", Content: map[string]*huma.MediaType{
			"application/json": {Schema: a.schema(reflect.TypeFor[history]())},
			"text/csv":         {Schema: &huma.Schema{Type: huma.TypeString, Description: "time, did, siid, iid, method, value, quality; of summaries: start, did, siid, piid, count, min, max, mean."}},
		}}},
	}, a.history)
}

func (a *API) history(ctx context.Context, in *historyInput) (*streamed, error) {
	csv := in.Format == "csv" || in.Format == "" && strings.Contains(in.Accept, "text/csv")
	if res := registry.Resolution(in.Resolution); res != registry.Raw {
		return a.summary(ctx, in, res, csv)
	}
	from, to := in.bounds(time.Now(), 24*time.Hour)
	q := registry.HistoryQuery{DID: in.DID, SIID: in.SIID, IID: in.IID, Method: in.Method, From: from, To: to}
	if csv {
		return &streamed{func(ctx huma.Context) { a.exportPoints(ctx, q) }}, nil
	}
	q.Limit = in.Limit + 1
	h := history{DID: in.DID, Resolution: registry.Raw, From: instant(from), To: instant(to), Points: []point{}}
	err := a.registry.History(ctx, q, func(p registry.Point) bool {
		if h.Truncated = len(h.Points) == in.Limit; !h.Truncated {
			h.Points = append(h.Points, pointOf(p))
		}
		return !h.Truncated
	})
	return a.whole(h), err
}

// summary answers with hourly or daily buckets.
func (a *API) summary(ctx context.Context, in *historyInput, res registry.Resolution, csv bool) (*streamed, error) {
	if in.SIID == 0 || in.IID == 0 {
		return nil, fmt.Errorf("%w: resolution %s is of one property: give siid and iid", registry.ErrBadRequest, res)
	}
	if in.Method == registry.MethodEvent {
		return nil, fmt.Errorf("%w: resolution %s is of a property; events have none", registry.ErrBadRequest, res)
	}
	from, to := in.bounds(time.Now(), registry.RawHistory)
	found, err := a.registry.Summary(ctx, in.DID, in.SIID, in.IID, res, from, to)
	if err != nil {
		return nil, err
	}
	if csv {
		return &streamed{func(ctx huma.Context) { exportBuckets(ctx, in.DID, res, found) }}, nil
	}
	return a.whole(history{DID: in.DID, Resolution: res, From: instant(from), To: instant(to), Buckets: each(found, bucketOf)}), nil
}

// whole is a JSON answer in one piece.
func (a *API) whole(v any) *streamed {
	return &streamed{func(ctx huma.Context) {
		_, w := unwrap(ctx)
		writeJSON(w, http.StatusOK, v)
	}}
}
