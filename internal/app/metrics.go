package app

import (
	"net/http"
	"net/http/pprof"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/proofmark/proofmark/broker"
	"github.com/proofmark/proofmark/internal/mail"
	"github.com/proofmark/proofmark/internal/webhook"
	"github.com/proofmark/proofmark/registry"
)

// metrics is the service's own Prometheus registry: the parts count for
// themselves and are read when a scrape comes.
type metrics struct {
	reg  *prometheus.Registry
	http *prometheus.HistogramVec
}

func newMetrics(version string) *metrics {
	m := &metrics{
		reg: prometheus.NewRegistry(),
		http: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "proofmark_http_request_duration_seconds", Help: "Time to answer HTTP requests, by route.",
			Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5},
		}, []string{"route", "method", "status"}),
	}
	info := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "proofmark_build_info", Help: "1, with the version as a label.",
		ConstLabels: prometheus.Labels{"version": version},
	})
	info.Set(1)
	m.reg.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), m.http, info)
	return m
}

func (m *metrics) observe(route, method string, status int, d time.Duration) {
	m.http.WithLabelValues(route, method, strconv.Itoa(status)).Observe(d.Seconds())
}

// handler serves the metrics and Go's profiles.
func (m *metrics) handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/metrics", promhttp.HandlerFor(m.reg, promhttp.HandlerOpts{Registry: m.reg}))
	// On this listener only, which is on loopback unless told otherwise.
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	return mux
}

// watch adds what the registry and the broker count.
func (m *metrics) watch(r *registry.Registry, b *broker.Broker) {
	m.reg.MustRegister(&gateway{registry: r, broker: b})
}

// watchOutside adds what webhooks and mail count.
func (m *metrics) watchOutside(w *webhook.Service, o *mail.Outbox) {
	add := func(name, help, outcome string, n *atomic.Int64) {
		m.reg.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name: "proofmark_" + name, Help: help, ConstLabels: prometheus.Labels{"outcome": outcome},
		}, func() float64 { return float64(n.Load()) }))
	}
	for outcome, n := range map[string]*atomic.Int64{
		"delivered": &w.Counters.Delivered, "retried": &w.Counters.Retried, "failed": &w.Counters.Failed,
	} {
		add("webhook_attempts_total", "Attempts to deliver to webhooks, by what became of the delivery.", outcome, n)
	}
	m.reg.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{
		Name: "proofmark_webhooks_disabled_total", Help: "Webhooks disabled because they failed for too long or said that they are gone.",
	}, func() float64 { return float64(w.Counters.Disabled.Load()) }))
	for outcome, n := range map[string]*atomic.Int64{
		"sent": &o.Counters.Sent, "retried": &o.Counters.Retried, "failed": &o.Counters.Failed, "kept": &o.Counters.Kept,
	} {
		add("mails_total", "Attempts to send mails, by what became of the mail; kept: no mail server is configured.", outcome, n)
	}
}

// gateway collects the counters of registry and broker at each scrape.
type gateway struct {
	registry *registry.Registry
	broker   *broker.Broker
}

// figure is one metric without labels.
type figure struct {
	desc *prometheus.Desc
	kind prometheus.ValueType
	read func(*registry.Registry, *broker.Stats) float64
}

func counter(name, help string, read func(*registry.Registry, *broker.Stats) float64) figure {
	return figure{prometheus.NewDesc("proofmark_"+name, help, nil, nil), prometheus.CounterValue, read}
}

func gauge(name, help string, read func(*registry.Registry, *broker.Stats) float64) figure {
	return figure{prometheus.NewDesc("proofmark_"+name, help, nil, nil), prometheus.GaugeValue, read}
}

var refusedDesc = prometheus.NewDesc("proofmark_mqtt_refused_total", "MQTT packets and connections refused, by rule.", []string{"rule"}, nil)

var figures = []figure{
	counter("reports_stored_total", "Reports stored.", func(r *registry.Registry, _ *broker.Stats) float64 { return float64(r.Counters.Reports.Load()) }),
	counter("items_stored_total", "Accepted values and events stored.", func(r *registry.Registry, _ *broker.Stats) float64 { return float64(r.Counters.Items.Load()) }),
	counter("items_refused_total", "Items that broke their spec.", func(r *registry.Registry, _ *broker.Stats) float64 { return float64(r.Counters.Refused.Load()) }),
	counter("reports_repeated_total", "Reports seen before and dropped.", func(r *registry.Registry, _ *broker.Stats) float64 { return float64(r.Counters.Repeats.Load()) }),
	counter("reports_dropped_total", "QoS 0 reports dropped because the queue was full.", func(r *registry.Registry, _ *broker.Stats) float64 { return float64(r.Counters.Busy.Load()) }),
	counter("reports_poisoned_total", "Reports that the store refused for good.", func(r *registry.Registry, _ *broker.Stats) float64 { return float64(r.Counters.Poisoned.Load()) }),
	counter("commits_total", "Commits that stored reports.", func(r *registry.Registry, _ *broker.Stats) float64 { return float64(r.Counters.Commits.Load()) }),
	counter("commit_retries_total", "Commits tried again because the store was unavailable.", func(r *registry.Registry, _ *broker.Stats) float64 { return float64(r.Counters.Retries.Load()) }),
	counter("requests_total", "Requests sent to devices.", func(r *registry.Registry, _ *broker.Stats) float64 { return float64(r.Counters.Requests.Load()) }),
	counter("request_timeouts_total", "Requests that a device did not answer in time.", func(r *registry.Registry, _ *broker.Stats) float64 { return float64(r.Counters.Timeouts.Load()) }),
	counter("responses_unmatched_total", "Answers to no open request.", func(r *registry.Registry, _ *broker.Stats) float64 { return float64(r.Counters.Unmatched.Load()) }),
	counter("field_marks_lost_total", "Counts of field health that were lost.", func(r *registry.Registry, _ *broker.Stats) float64 { return float64(r.Counters.FieldLost.Load()) }),
	gauge("reports_waiting", "Reports that wait to be stored.", func(r *registry.Registry, _ *broker.Stats) float64 { return float64(r.Waiting()) }),
	gauge("devices_connected", "Devices connected to this node.", func(r *registry.Registry, _ *broker.Stats) float64 { return float64(r.Connected()) }),
	counter("mqtt_accepted_total", "Connections accepted.", func(_ *registry.Registry, s *broker.Stats) float64 { return float64(s.Accepted) }),
	counter("mqtt_accept_failures_total", "Accepts that failed, such as for want of file descriptors.", func(_ *registry.Registry, s *broker.Stats) float64 { return float64(s.AcceptFailed) }),
	gauge("mqtt_connections", "Open MQTT connections, logged in or not.", func(_ *registry.Registry, s *broker.Stats) float64 { return float64(s.Connections) }),
	gauge("mqtt_apps", "Connected apps.", func(_ *registry.Registry, s *broker.Stats) float64 { return float64(s.Apps) }),
	counter("mqtt_acks_total", "PUBACKs and PUBRECs sent.", func(_ *registry.Registry, s *broker.Stats) float64 { return float64(s.Acks) }),
	counter("mqtt_socket_writes_total", "Writes to sockets.", func(_ *registry.Registry, s *broker.Stats) float64 { return float64(s.Writes) }),
	counter("mqtt_delivered_total", "Messages sent to apps.", func(_ *registry.Registry, s *broker.Stats) float64 { return float64(s.Delivered) }),
	counter("mqtt_bytes_read_total", "Bytes read from MQTT connections.", func(_ *registry.Registry, s *broker.Stats) float64 { return float64(s.BytesRead) }),
	counter("mqtt_bytes_written_total", "Bytes written to MQTT connections.", func(_ *registry.Registry, s *broker.Stats) float64 { return float64(s.BytesWritten) }),
}

// Describe implements [prometheus.Collector].
func (g *gateway) Describe(ch chan<- *prometheus.Desc) {
	for _, f := range figures {
		ch <- f.desc
	}
	ch <- refusedDesc
}

// Collect implements [prometheus.Collector].
func (g *gateway) Collect(ch chan<- prometheus.Metric) {
	s := g.broker.Stats()
	for _, f := range figures {
		ch <- prometheus.MustNewConstMetric(f.desc, f.kind, f.read(g.registry, &s))
	}
	for rule, n := range s.Refused {
		ch <- prometheus.MustNewConstMetric(refusedDesc, prometheus.CounterValue, float64(n), rule)
	}
}
