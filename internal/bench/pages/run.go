package pages

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/proofmark/proofmark/internal/bench"
	"github.com/proofmark/proofmark/internal/bench/target"
)

// Options say how much is asked.
type Options struct {
	Users  int           // at a time: 50
	Every  time.Duration // that a user opens a page: 250 ms
	Span   time.Duration // of the measurement: 60 s
	Binary string        // proofmark itself; the running program when empty
	Log    func(format string, args ...any)
}

const (
	maxUsers  = 500
	maxSpan   = 10 * time.Minute
	growWait  = 5 * time.Minute // for the sample world, on a busy machine
	nobody    = "nobody"
	pastShelf = "/api/v1/campaigns?shelf=past"
)

// visitor is a role: who it is, and the pages that it reaches, by their patterns.
type visitor struct {
	person
	pages map[string]string
}

// Run measures the pages of the sample world.
func Run(ctx context.Context, o Options) (_ *bench.Result, err error) {
	var bounds bench.Bounds
	bounds.Within("users", &o.Users, 50, maxUsers)
	if o.Every == 0 {
		o.Every = 250 * time.Millisecond
	}
	if o.Span == 0 {
		o.Span = time.Minute
	}
	if o.Log == nil {
		o.Log = func(string, ...any) {}
	}
	if o.Every < time.Millisecond || o.Span < time.Second || o.Span > maxSpan {
		return nil, fmt.Errorf("bench pages: every %v, span %v: want at least 1 ms, and 1 s to %v", o.Every, o.Span, maxSpan)
	}
	if err := bounds.Err(); err != nil {
		return nil, fmt.Errorf("bench pages: %w", err)
	}
	if o.Binary, err = target.Self(o.Binary); err != nil {
		return nil, fmt.Errorf("bench pages: %w", err)
	}
	t, err := target.Serve(ctx, target.Gateway, o.Binary, "", "--demo", "--bench-tls", "127.0.0.1:0") // its devices are tested there
	if err != nil {
		return nil, fmt.Errorf("bench pages: %w", err)
	}
	defer func() { err = errors.Join(err, t.Close()) }()
	o.Log("the sample world grows: its first campaign ends after two minutes")
	site := "http://" + t.HTTP.String()
	if err := grown(ctx, site); err != nil {
		return nil, t.Explain(err)
	}
	visitors, err := o.crawl(ctx, site)
	if err != nil {
		return nil, t.Explain(fmt.Errorf("bench pages: %w", err))
	}
	result, err := o.measure(ctx, site, visitors)
	return result, t.Explain(err)
}

// grown waits until the sample world has a campaign that failed and one that is delivered.
func grown(ctx context.Context, site string) error {
	ctx, cancel := context.WithTimeout(ctx, growWait)
	defer cancel()
	b := newBrowser(site)
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		status, _, body, err := b.open(ctx, pastShelf)
		if err == nil && status == http.StatusOK && strings.Contains(string(body), `"failed"`) && strings.Contains(string(body), `"fulfilling"`) {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the sample world was not whole after %v: %s: answer %d: %.300s (%w)", growWait, pastShelf, status, body, errors.Join(err, ctx.Err()))
		case <-tick.C:
		}
	}
}

func (o *Options) crawl(ctx context.Context, site string) ([]visitor, error) {
	people, err := newBrowser(site).people(ctx)
	if err != nil {
		return nil, err
	}
	visitors := []visitor{{person: person{Name: nobody}}}
	for _, p := range people {
		visitors = append(visitors, visitor{person: p})
	}
	for i := range visitors {
		v := &visitors[i]
		b := newBrowser(site)
		if v.Account != "" {
			if err := b.be(ctx, v.Account); err != nil {
				return nil, err
			}
		}
		if v.pages, err = b.crawl(ctx); err != nil {
			return nil, fmt.Errorf("as %s: %w", v.Name, err)
		}
		o.Log("%s reaches %d pages", v.Name, len(v.pages))
	}
	return visitors, nil
}

// measure lets the users open pages, each at its own even intervals.
func (o *Options) measure(ctx context.Context, site string, visitors []visitor) (*bench.Result, error) {
	var mu sync.Mutex
	all, byPage := new(bench.Latency), make(map[string]*bench.Latency)
	var group errgroup.Group
	begin := time.Now().Add(time.Second)
	for i := range o.Users {
		group.Go(func() error {
			own, err := o.user(ctx, site, &visitors[i%len(visitors)], i, begin)
			mu.Lock()
			defer mu.Unlock()
			for page, l := range own {
				all.Merge(l)
				if byPage[page] == nil {
					byPage[page] = new(bench.Latency)
				}
				byPage[page].Merge(l)
			}
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, fmt.Errorf("bench pages: %w", err)
	}
	result := bench.New("pages", "opened", "p50_ms", "p99_ms", "max_ms")
	result.Setting["users"], result.Setting["every_ms"], result.Setting["seconds"] = o.Users, o.Every.Milliseconds(), o.Span.Seconds()
	result.Note("from sending a request to the last byte of the page; load generator and service share the machine")
	row := func(name string, l *bench.Latency) {
		result.Runs = append(result.Runs, bench.Figures{
			"target": name, "opened": l.Count(), "p50_ms": bench.Milliseconds(l.Percentile(0.5)),
			"p99_ms": bench.Milliseconds(l.Percentile(0.99)), "max_ms": bench.Milliseconds(l.Max()),
		})
	}
	pages := slices.SortedFunc(maps.Keys(byPage), func(a, b string) int {
		return int(byPage[b].Percentile(0.99) - byPage[a].Percentile(0.99)) // the slowest first
	})
	for _, page := range pages {
		row(page, byPage[page])
	}
	row("all pages", all)
	result.Summarise("all pages")
	return result, nil
}

// user opens its pages by turns until the span ends.
func (o *Options) user(ctx context.Context, site string, v *visitor, i int, begin time.Time) (map[string]*bench.Latency, error) {
	b := newBrowser(site)
	if v.Account != "" {
		if err := b.be(ctx, v.Account); err != nil {
			return nil, err
		}
	}
	patterns := slices.Sorted(maps.Keys(v.pages))
	seen := make(map[string]*bench.Latency, len(patterns))
	next := begin.Add(o.Every * time.Duration(i) / time.Duration(o.Users)) // not all at the same moment
	for n := i; next.Before(begin.Add(o.Span)); n++ {
		select {
		case <-time.After(time.Until(next)):
		case <-ctx.Done():
			return seen, ctx.Err()
		}
		page := patterns[n%len(patterns)]
		sent := time.Now()
		status, _, body, err := b.open(ctx, v.pages[page])
		switch {
		case err != nil:
			return seen, fmt.Errorf("as %s: %s: %w", v.Name, v.pages[page], err)
		case status != http.StatusOK:
			return seen, fmt.Errorf("as %s: %s: answer %d: %.200s", v.Name, v.pages[page], status, body)
		}
		if seen[page] == nil {
			seen[page] = new(bench.Latency)
		}
		seen[page].Add(time.Since(sent))
		next = next.Add(o.Every)
	}
	return seen, nil
}
