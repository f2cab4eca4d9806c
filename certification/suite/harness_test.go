package suite

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/proofmark/proofmark/certification/suite/bench"
	"github.com/proofmark/proofmark/certification/suite/transcript"
	"github.com/proofmark/proofmark/certification/virtual"
	"github.com/proofmark/proofmark/miot"
)

// trial is one device on one bench, in virtual time.
type trial struct {
	spec      *miot.Spec
	behaviour virtual.Behaviour
	cases     []string
	configure func(*virtual.Config) // may be nil
	declare   func(*Declaration)    // may be nil
	transport string                // bench.TCP when empty
	previous  *miot.Spec
	submitted *Submission
	plan      Plan // as the header says; cases hold all the same
	soakHours int
	// In place of the virtual device and of the virtual operator; may be nil. An operator that returns false leaves the
	// question to the virtual one.
	attach   func(ctx context.Context, b *bench.Bench)
	operator func(q bench.Question) (transcript.Answer, bool)
	// The client certificate for mutual TLS; by default a good one.
	identity func(*bench.PKI) (tls.Certificate, error)
}

const trialDID = "device-under-test"

// run runs the cases against a virtual device and judges the transcript. The
// live verdicts and those of Judge must be the same.
func (tr trial) run(t *testing.T) *Report {
	t.Helper()
	var rep *Report
	synctest.Test(t, func(t *testing.T) { rep = tr.inBubble(t) })
	return rep
}

func (tr trial) inBubble(t *testing.T) *Report {
	t.Helper()
	d := Conforming(tr.spec, trialDID)
	if tr.declare != nil {
		tr.declare(d)
	}
	secrets := &transcript.Secrets{}
	w, err := transcript.NewWriter(io.Discard, transcript.Header{
		Suite: Release, Plan: string(tr.plan), Cases: tr.cases, SoakHours: tr.soakHours, Seed: 1, DID: trialDID, Transport: tr.transport, Operator: "virtual",
		ServerName: serverName(tr.transport),
		Spec:       marshal(t, tr.spec), Previous: marshalSpec(t, tr.previous), Declaration: marshal(t, d), Submission: marshal(t, tr.submitted),
	}, secrets)
	if err != nil {
		t.Fatal(err)
	}
	c := bench.Config{Writer: w, DID: trialDID, Secrets: withConfigured(trialDID, map[string]string{"factory": "the factory's secret"}), Transport: tr.transport, Seed: 1}
	if tr.transport == bench.TLS || tr.transport == bench.MTLS {
		if c.PKI, err = bench.NewPKI(time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	op := &virtualOperator{instead: tr.operator}
	c.Operator = op.answer
	b, err := bench.New(c)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	vc := virtual.Config{
		Spec: tr.spec, DID: trialDID, Secret: "the factory's secret", Dial: b.Dial, Seed: 1,
		KeepAlive: time.Duration(d.KeepAlive) * time.Second, Behaviour: tr.behaviour,
		Deferred: d.Deferred, MaxTexts: d.MaxString,
	}
	if err := errors.Join(json.Unmarshal(marshal(t, d.Exclusions), &vc.Exclusions), json.Unmarshal(marshal(t, d.Events), &vc.Recipes)); err != nil {
		t.Fatal(err)
	}
	if c.PKI != nil {
		conf := &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: c.PKI.Pool(), ServerName: bench.DefaultName}
		if tr.behaviour.Secure != nil {
			tr.behaviour.Secure(conf)
		}
		if tr.transport == bench.MTLS {
			conf.Certificates = []tls.Certificate{tr.client(t, c.PKI)}
		}
		vc.Dial, vc.Plain = b.DialTLS(conf), b.Dial
	}
	if tr.configure != nil {
		tr.configure(&vc)
	}
	dev, err := virtual.New(vc)
	if err != nil {
		t.Fatal(err)
	}
	op.device = dev
	if op.rules, err = miot.Compile(tr.spec); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if tr.attach != nil {
			tr.attach(ctx, b)
			return
		}
		_ = dev.Run(ctx)
	}()
	defer func() { cancel(); <-ended }()

	live := tr.drive(t, ctx, w, b)
	rep, err := Judge(w.Records())
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(live, rep.Results[:len(live)]) {
		t.Errorf("judged again the verdicts differ (-live +judged):\n%s", cmp.Diff(live, rep.Results[:len(live)]))
	}
	return rep
}

func (tr trial) client(t *testing.T, pki *bench.PKI) tls.Certificate {
	t.Helper()
	if tr.identity == nil {
		tr.identity = func(pki *bench.PKI) (tls.Certificate, error) { return pki.Client(trialDID) }
	}
	cert, err := tr.identity(pki)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

// drive runs the cases one after the other, as the live runner does.
func (tr trial) drive(t *testing.T, ctx context.Context, w *transcript.Writer, b *bench.Bench) []*Result {
	t.Helper()
	var h transcript.Header
	first, _ := w.At(0)
	if err := json.Unmarshal(first.Data, &h); err != nil {
		t.Fatal(err)
	}
	run, err := newRun(h)
	if err != nil {
		t.Fatal(err)
	}
	results := []*Result{}
	var wire Wire
	folded := 0
	for _, id := range tr.cases {
		c, err := Lookup(id)
		if err != nil {
			t.Fatal(err)
		}
		if c.Run == nil || run.unmet(c) != nil {
			continue
		}
		begin := w.Append(transcript.Record{Kind: transcript.KindBegin, Case: id, Attempt: 1})
		for ; folded <= begin.Seq; folded++ {
			r, _ := w.At(folded)
			wire.fold(run.topics.read(r), run.topics)
		}
		tt := run.newT(c, begin, wire, &liveTape{ctx: ctx, w: w, actor: b, cursor: begin.Seq + 1, name: id}, func(text string) {
			w.Append(transcript.Record{Kind: transcript.KindNote, Case: id, Text: text})
		})
		results = append(results, tt.run()...)
		w.Append(transcript.Record{Kind: transcript.KindEnd, Case: id, Attempt: 1})
		_ = b.Act(ctx, bench.ActFault, bench.Data(bench.Fault{}))
		for until := w.Now() + returnLimit; ; {
			time.Sleep(5 * time.Second)
			for ; folded < w.Len(); folded++ {
				r, _ := w.At(folded)
				wire.fold(run.topics.read(r), run.topics)
			}
			if wire.Ready || w.Now() > until {
				break
			}
		}
	}
	return results
}

// virtualOperator does at the virtual device what a person would do at a real one.
type virtualOperator struct {
	device  *virtual.Device
	rules   *miot.Validator
	instead func(q bench.Question) (transcript.Answer, bool)
}

func (o *virtualOperator) answer(ctx context.Context, q bench.Question) (transcript.Answer, error) {
	if o.instead != nil {
		if a, ok := o.instead(q); ok {
			return a, nil
		}
	}
	switch q.Kind {
	case bench.PowerCycle: // the answer comes when the power is back
		o.device.PowerCycle(q.For)
		return transcript.Answer{Answer: "done"}, wait(ctx, q.For)
	case bench.PowerOff:
		off := q.For
		if off == 0 {
			off = 24 * time.Hour
		}
		o.device.PowerCycle(off)
	case bench.PowerOn:
		o.device.PowerCycle(0)
	case bench.Install:
		var version string
		if err := json.Unmarshal(q.Value, &version); err != nil {
			return transcript.Answer{}, err
		}
		o.device.Install(version)
	case bench.ResetKey:
		o.device.PressReset()
	case bench.UnplugNetwork:
		o.device.Unplug(q.For)
		return transcript.Answer{Answer: "done"}, wait(ctx, q.For)
	case bench.LocalChange:
		if err := o.turn(q); err != nil {
			return transcript.Answer{}, err
		}
	case bench.Provoke:
		if err := o.device.Fire(q.SIID, q.EIID); err != nil {
			return transcript.Answer{}, err
		}
	case bench.Confirm, bench.Photo, bench.Upload:
		return transcript.Answer{Answer: "yes", Note: "a virtual device", File: strings.Repeat("0", 64)}, nil
	}
	return transcript.Answer{Answer: "done"}, nil
}

// turn is the knob of a property; it goes to any other value where none is asked for.
func (o *virtualOperator) turn(q bench.Question) error {
	rule, ok := o.rules.Property(q.SIID, q.PIID)
	if !ok {
		return fmt.Errorf("no property %d.%d", q.SIID, q.PIID)
	}
	if len(q.Value) == 0 {
		now, _ := o.device.Value(q.SIID, q.PIID)
		q.Value, _ = (&T{Run: &Run{Declaration: &Declaration{}}}).another(rule, now)
	}
	v, bad := rule.Check(q.Value)
	if bad != nil {
		return bad
	}
	return o.device.Set(q.SIID, q.PIID, v)
}

func wait(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func serverName(transport string) string {
	if transport == bench.TLS || transport == bench.MTLS {
		return bench.DefaultName
	}
	return ""
}

func marshal(t *testing.T, v any) json.RawMessage {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func marshalSpec(t *testing.T, s *miot.Spec) json.RawMessage {
	if s == nil {
		return nil
	}
	return marshal(t, s)
}

// sample is one of the project's own documents.
func sample(t *testing.T, name string) *miot.Spec {
	t.Helper()
	s, err := miot.Parse(miot.Sample(name))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// realSpecsIfAny are the documents of shared/specs, where they are at hand.
func realSpecsIfAny(t *testing.T) map[string]*miot.Spec {
	t.Helper()
	files, _ := filepath.Glob("../../../shared/specs/*.json")
	out := make(map[string]*miot.Spec)
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		s, err := miot.Parse(b)
		if err != nil {
			t.Fatal(err)
		}
		out[filepath.Base(f)] = s
	}
	return out
}

// passes fails the test for every result that the conforming device should not get.
func passes(t *testing.T, rep *Report) {
	t.Helper()
	for _, r := range rep.Results {
		if r.Verdict == Fail || r.Verdict == Inconclusive || r.Verdict == Warn {
			t.Errorf("%s: %s: %v", r.ID(), r.Verdict, r.Findings)
		}
	}
}
