package fleet

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/proofmark/proofmark/internal/bench"
	"github.com/proofmark/proofmark/internal/bench/device"
	"github.com/proofmark/proofmark/internal/bench/target"
)

// dialers is how many devices connect at a time.
const dialers = 64

// Run measures one fleet on the gateway. That a report was lost is no error but a figure: it is what the bench is for.
func Run(ctx context.Context, o Options) (result *bench.Result, err error) {
	began := time.Now()
	if err := o.complete(); err != nil {
		return nil, fmt.Errorf("bench fleet: %w", err)
	}
	name := target.Gateway
	if o.Database != "" {
		name = target.GatewayPostgres
	}
	result = bench.New("fleet", "reports", "lost_in_store", "lost_at_apps", "p50_ms", "p99_ms", "max_ms", "server_cpus", "kib_per_device", "rss_mib")
	if limit, err := target.RaiseFiles(o.Devices + files); err != nil {
		return nil, fmt.Errorf("bench fleet: %w", err)
	} else if limit < o.Devices+files {
		return nil, fmt.Errorf("bench fleet: devices %d: RLIMIT_NOFILE is %d and may not be raised, which leaves room for %d", o.Devices, limit, limit-files)
	}
	t, err := target.Serve(ctx, name, o.Binary, o.Database)
	if err != nil {
		return nil, fmt.Errorf("bench fleet: %w", err)
	}
	defer func() { err = errors.Join(err, t.Close()) }()
	figures, err := o.measure(ctx, t, began)
	if err != nil {
		return nil, fmt.Errorf("bench fleet: %w", t.Explain(err))
	}
	for what, value := range map[string]any{"devices": o.Devices, "apps": o.Apps, "models": models, "every_s": o.Every.Seconds(), "measured_s": figures["measured_s"]} {
		result.Setting[what] = value
	}
	result.Runs = append(result.Runs, figures)
	result.Summarise(name)
	return result, nil
}

func (o *Options) measure(ctx context.Context, t *target.Target, began time.Time) (bench.Figures, error) {
	o.Log("making %d devices of %d models in %d homes", o.Devices, len(models), o.Apps)
	homes, err := settle(ctx, t, o)
	if err != nil {
		return nil, err
	}
	if err := t.Restart(ctx); err != nil { // what the preparation left in memory is gone
		return nil, err
	}
	t.Process.Settle(ctx)
	before, err := t.Process.Memory()
	if err != nil {
		return nil, err
	}
	o.Log("connecting them, and %d apps", o.Apps)
	crew, err := connect(ctx, t, homes)
	defer crew.close()
	if err != nil {
		return nil, err
	}
	t.Process.Settle(ctx)
	at := span{begin: time.Now().Add(100 * time.Millisecond), every: o.Every, fleet: o.Devices}
	at.end = at.begin.Add(max(time.Second, o.Time-time.Since(began)-min(closing, o.Time/4)))
	o.Log("they report for %v", at.end.Sub(at.begin).Round(time.Second))
	used, err := t.Process.CPU()
	if err != nil {
		return nil, err
	}
	latency, err := crew.live(ctx, at)
	if err != nil {
		return nil, err
	}
	after, err := t.Process.CPU()
	if err != nil {
		return nil, err
	}
	memory, err := t.Process.Memory()
	if err != nil {
		return nil, err
	}
	seconds := at.end.Sub(at.begin).Seconds()
	f := bench.Figures{
		"target": t.Name, "measured_s": bench.Round(seconds, 1),
		"p50_ms": bench.Milliseconds(latency.Percentile(0.5)), "p99_ms": bench.Milliseconds(latency.Percentile(0.99)), "max_ms": bench.Milliseconds(latency.Max()),
		"server_cpus": bench.Round((after-used).Seconds()/seconds, 3),
		"rss_mib":     bench.Round(float64(memory.RSS)/1024, 1), "rss_before_mib": bench.Round(float64(before.RSS)/1024, 1),
		"kib_per_device": bench.Round(float64(memory.RSS-before.RSS)/float64(o.Devices), 2),
	}
	return f, crew.compare(ctx, t, f)
}

// crew is the fleet, connected.
type crew struct {
	homes    []*home
	sessions []*device.Session // by member.n
	members  []*member
	apps     []*app
}

func connect(ctx context.Context, t *target.Target, homes []*home) (*crew, error) {
	c := &crew{homes: homes}
	for n, h := range homes {
		a, err := listen(ctx, t, h, n)
		if err != nil {
			return c, err
		}
		c.apps = append(c.apps, a)
		go a.run()
		c.members = append(c.members, h.members...)
	}
	c.sessions = make([]*device.Session, len(c.members))
	group, groupCtx := errgroup.WithContext(ctx)
	group.SetLimit(dialers)
	for i, m := range c.members {
		group.Go(func() (err error) {
			c.sessions[i], err = m.connect(groupCtx, t)
			return err
		})
	}
	return c, group.Wait()
}

// live lets every device report.
func (c *crew) live(ctx context.Context, at span) (*bench.Latency, error) {
	latencies := make([]bench.Latency, len(c.members))
	group, groupCtx := errgroup.WithContext(ctx)
	for i, m := range c.members {
		group.Go(func() error { return m.live(groupCtx, c.sessions[i], at, &latencies[i]) })
	}
	err := group.Wait()
	var all bench.Latency
	for i := range latencies {
		all.Merge(&latencies[i])
	}
	return &all, err
}

// compare says what of the reports is missing, in the apps and in the store.
func (c *crew) compare(ctx context.Context, t *target.Target, f bench.Figures) error {
	var sent int64
	var apps lost
	for n, h := range c.homes {
		var own int64
		for _, m := range h.members {
			own += int64(len(m.sent))
		}
		sent += own
		if err := c.apps[n].finish(ctx, own); err != nil {
			return fmt.Errorf("app %s: %w", h.login.ClientID, err)
		}
		for _, m := range h.members {
			apps.compare("its app", m.DID, m.sent, c.apps[n].of[m.DID])
		}
	}
	stored, err := inStore(ctx, t.Database, c.homes)
	if err != nil {
		return err
	}
	f["reports"], f["lost_in_store"], f["lost_at_apps"] = sent, stored.missing+stored.wrong, apps.missing+apps.wrong
	f["twice_in_store"], f["twice_at_apps"] = stored.extra, apps.extra
	for what, l := range map[string]lost{"first_lost_in_store": stored, "first_lost_at_apps": apps} {
		if l.first != "" {
			f[what] = l.first
		}
	}
	if sent == 0 {
		return errors.New("no device had its turn: give it more seconds, or more devices")
	}
	return nil
}

func (c *crew) close() {
	for _, s := range c.sessions {
		if s != nil {
			s.Close()
		}
	}
	for _, a := range c.apps {
		a.conn.Close()
	}
}
