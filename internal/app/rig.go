package app

import (
	"context"
	"fmt"
	"net"
	"path/filepath"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/certification/rig"
	"github.com/proofmark/proofmark/internal/demo"
	"github.com/proofmark/proofmark/internal/store"
)

// startRig brings up the benches of submissions' devices. Their listeners are never
// the gateway's: what a bench does to a device must not reach another one.
func (a *App) startRig(ctx context.Context) error {
	keys, err := rig.OpenKeys(filepath.Join(a.cfg.Data, "keys"), time.Now())
	if err != nil {
		return err
	}
	ports, err := rig.ParsePorts(a.cfg.BenchPorts)
	if err != nil {
		return err
	}
	o := rig.Options{
		Store: a.db.Programme(), Blobs: a.blobs, Bus: a.bus, Keys: keys, Dir: filepath.Join(a.cfg.Data, "runs"),
		Names: a.cfg.BenchNames, Ports: ports, Most: a.cfg.BenchRuns, Papers: a.papers, Log: a.log.With("part", "benches"),
	}
	if a.cfg.Demo {
		o.Recorded = demo.Recorded
	}
	listeners, err := a.benchListeners(&o)
	if err != nil {
		return err
	}
	host, _, err := net.SplitHostPort(a.cfg.Bench)
	if err != nil { // it is off
		host, _, _ = net.SplitHostPort(a.cfg.BenchTLS) // likewise: all addresses
	}
	o.Listen = func(port int) (net.Listener, error) {
		return net.Listen("tcp", net.JoinHostPort(host, strconv.Itoa(port)))
	}
	if len(o.Names) == 0 {
		o.Names = benchNames(a.addrs.Bench, a.addrs.BenchTLS)
	}
	a.rig = rig.New(o)
	a.reviews = certification.NewReviews(a.db.Programme(), a.rig, nil)
	a.onStop("benches", a.rig.Close)
	for _, ln := range listeners {
		go func() {
			if err := a.rig.Serve(ln); err != nil {
				a.failed <- fmt.Errorf("benches on %s: %w", ln.Addr(), err)
			}
		}()
	}
	if err := a.rig.Open(ctx); err != nil {
		return err
	}
	a.metrics.reg.MustRegister(&benches{rig: a.rig, store: a.db.Programme()})
	return nil
}

// benchListeners opens the doors that the configuration asks for, all or none.
func (a *App) benchListeners(o *rig.Options) ([]net.Listener, error) {
	var open []net.Listener
	for _, door := range []struct {
		address     string
		bound, told *string
	}{{a.cfg.Bench, &a.addrs.Bench, &o.TCP}, {a.cfg.BenchTLS, &a.addrs.BenchTLS, &o.TLS}} {
		if door.address == off {
			continue
		}
		ln, err := net.Listen("tcp", door.address)
		if err != nil {
			for _, other := range open {
				_ = other.Close()
			}
			return nil, err
		}
		open = append(open, ln)
		*door.bound, *door.told = ln.Addr().String(), ln.Addr().String()
	}
	return open, nil
}

// benchNames are those of this machine that a listener answers to.
func benchNames(bound ...string) []string {
	for _, address := range bound {
		host, _, err := net.SplitHostPort(address)
		if ip := net.ParseIP(host); err != nil || ip == nil || ip.IsUnspecified() {
			continue
		} else if !ip.IsLoopback() {
			return []string{host}
		}
		return []string{"localhost", host}
	}
	names := []string{hostname(), "localhost"}
	addresses, _ := net.InterfaceAddrs() // without any, the names are all there is
	for _, a := range addresses {
		if n, ok := a.(*net.IPNet); ok && n.IP.IsGlobalUnicast() && n.IP.To4() != nil {
			names = append(names, n.IP.String())
		}
	}
	return names
}

// papers are what a run is judged by besides its submission.
func (a *App) papers(ctx context.Context, sub certification.Submission) (rig.Papers, error) {
	docs, previous, err := a.programme.Papers(ctx, sub)
	return rig.Papers{Documents: docs, Previous: previous}, err
}

// benches collects what the rig counts.
type benches struct {
	rig   *rig.Rig
	store store.Programme
}

var (
	runsDesc = prometheus.NewDesc("proofmark_runs", "Runs of submissions' devices, by state, over all nodes.", []string{"state"}, nil)
	hereDesc = prometheus.NewDesc("proofmark_runs_here", "Runs that this node has.", nil, nil)
	awayDesc = prometheus.NewDesc("proofmark_bench_refused_total", "Connections that no bench got, by reason.", []string{"reason"}, nil)
)

// Describe implements [prometheus.Collector].
func (b *benches) Describe(ch chan<- *prometheus.Desc) {
	ch <- runsDesc
	ch <- hereDesc
	ch <- awayDesc
}

// scrape bounds what a scrape may wait for the database.
const scrape = 2 * time.Second

// Collect implements [prometheus.Collector].
func (b *benches) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), scrape)
	defer cancel()
	if counts, err := b.store.CountRuns(ctx); err == nil { // else the scrape tells what is known here
		for state, n := range counts {
			ch <- prometheus.MustNewConstMetric(runsDesc, prometheus.GaugeValue, float64(n), string(state))
		}
	}
	here, refused := b.rig.Figures()
	ch <- prometheus.MustNewConstMetric(hereDesc, prometheus.GaugeValue, float64(here))
	for reason, n := range refused {
		ch <- prometheus.MustNewConstMetric(awayDesc, prometheus.CounterValue, float64(n), reason)
	}
}
