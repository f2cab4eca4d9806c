package app

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/proofmark/proofmark/campaigns"
)

// watchPayments adds what payments count, and sums over payments and refunds.
func (m *metrics) watchPayments(p *campaigns.Payments, store campaigns.PaymentStore) {
	add := func(name, help, outcome string, n *atomic.Int64) {
		m.reg.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name: "proofmark_" + name, Help: help, ConstLabels: prometheus.Labels{"outcome": outcome},
		}, func() float64 { return float64(n.Load()) }))
	}
	for outcome, n := range map[string]*atomic.Int64{
		"kept": &p.Counters.Events, "repeated": &p.Counters.Repeated, "forged": &p.Counters.Forged, "unreadable": &p.Counters.Unreadable,
		"applied": &p.Counters.Applied, "stuck": &p.Counters.Stuck,
	} {
		add("payment_events_total", "Events of payment providers, by what became of them; repeated ones are kept ones too.", outcome, n)
	}
	for outcome, n := range map[string]*atomic.Int64{"all": &p.Counters.Asked, "unknown": &p.Counters.Unknown} {
		add("payment_calls_total", "Calls to payment providers; unknown: without a final answer.", outcome, n)
	}
	m.reg.MustRegister(&moneySums{store: store})
}

// moneySums looks the sums up at a scrape, at most every 10 s: they go through
// all payments.
type moneySums struct {
	store campaigns.PaymentStore
	last  atomic.Pointer[summed]
}

type summed struct {
	at   time.Time
	sums campaigns.MoneySums
}

var (
	paymentsDesc     = prometheus.NewDesc("proofmark_payments", "Attempts to pay, by state.", []string{"state"}, nil)
	refundsDesc      = prometheus.NewDesc("proofmark_refunds", "Refunds, by state.", []string{"state"}, nil)
	refundAmountDesc = prometheus.NewDesc("proofmark_refund_amount", "Amount of the refunds in minor units, by state.", []string{"state"}, nil)
	refundAgeDesc    = prometheus.NewDesc("proofmark_refund_oldest_seconds", "Age of the oldest refund that is not processed; 0 if all are.", nil, nil)
	eventsDesc       = prometheus.NewDesc("proofmark_payment_events_waiting", "Events of payment providers that are not applied yet.", nil, nil)
	eventAgeDesc     = prometheus.NewDesc("proofmark_payment_events_oldest_seconds", "Age of the oldest event that is not applied yet.", nil, nil)
)

// Describe implements [prometheus.Collector].
func (m *moneySums) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{paymentsDesc, refundsDesc, refundAmountDesc, refundAgeDesc, eventsDesc, eventAgeDesc} {
		ch <- d
	}
}

// Collect implements [prometheus.Collector].
func (m *moneySums) Collect(ch chan<- prometheus.Metric) {
	const fresh, patience = 10 * time.Second, 5 * time.Second
	now := time.Now()
	s := m.last.Load()
	if s == nil || now.Sub(s.at) > fresh {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		sums, err := m.store.MoneySums(ctx)
		if err != nil {
			ch <- prometheus.NewInvalidMetric(paymentsDesc, err)
			return
		}
		s = &summed{now, sums}
		m.last.Store(s)
	}
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	for state, n := range s.sums.Payments {
		gauge(paymentsDesc, float64(n), string(state))
	}
	age := func(t time.Time) float64 {
		if t.IsZero() {
			return 0
		}
		return max(now.Sub(t).Seconds(), 0)
	}
	var oldest float64
	for _, r := range s.sums.Refunds {
		gauge(refundsDesc, float64(r.Count), string(r.State))
		gauge(refundAmountDesc, float64(r.Amount), string(r.State))
		if r.State != campaigns.RefundProcessed {
			oldest = max(oldest, age(r.Oldest))
		}
	}
	gauge(refundAgeDesc, oldest)
	gauge(eventsDesc, float64(s.sums.Events))
	gauge(eventAgeDesc, age(s.sums.OldestEvents))
}
