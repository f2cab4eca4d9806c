package webhook_test

import (
	"bytes"
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/proofmark/proofmark/internal/webhook"
)

func TestANoticeReachesThoseWhoWantIt(t *testing.T) {
	w := newWorld(t)
	ours, theirs, operators := w.receiver(), w.receiver(), w.receiver()
	e := w.endpoint(ours, "org_ours", "certificate.*")
	f := w.endpoint(theirs, "org_theirs", "*")
	o := w.endpoint(operators, "", "certificate.suspended")
	n := w.tell("certificate.suspended", "org_ours")
	w.tell("order.paid", "org_ours")
	w.tell("certificate.issued", "")
	for endpoint, want := range map[*webhook.Endpoint]int{&e: 1, &f: 0, &o: 1} {
		if made := w.work(*endpoint); made != want {
			t.Errorf("endpoint of %q: %d attempts, want %d", endpoint.Org, made, want)
		}
	}
	b := ours.got[0]
	if b.ID != n.ID || b.Type != n.Kind || !b.Timestamp.Equal(n.At) || b.Sequence != 1 || b.Subject != "crt_1" || string(b.Data) != `{"state":"suspended"}` {
		t.Errorf("got %+v", b)
	}
	d, attempts := w.delivery(e, 1)
	if d.State != webhook.Delivered || len(attempts) != 1 || attempts[0].Status != 200 || attempts[0].Error != "" {
		t.Errorf("delivery %+v, attempts %+v", d, attempts)
	}
	if got := w.Counters.Delivered.Load(); got != 2 {
		t.Errorf("%d deliveries counted", got)
	}
}

func TestANoticeThatIsCarriedTwiceIsDeliveredOnce(t *testing.T) {
	w := newWorld(t)
	r := w.receiver()
	e := w.endpoint(r, "org_1", "*")
	n := w.notice("certificate.issued", "org_1")
	for range 2 { // the job ran, its process died, it runs again
		must(t, w.Spread(ctx, n))
		w.work(e)
	}
	if got := r.sequences(); !slices.Equal(got, []int64{1}) {
		t.Errorf("received %v", got)
	}
}

func TestAnAttemptThatWasCutOffIsMadeAgain(t *testing.T) {
	w := newWorld(t)
	r := w.receiver()
	e := w.endpoint(r, "org_1", "*")
	w.tell("certificate.issued", "org_1")
	stopped, stop := context.WithCancel(ctx)
	r.answers(func(_ http.ResponseWriter, req *http.Request, _ webhook.Body) {
		stop()
		<-req.Context().Done()
	})
	if more, err := w.Step(stopped, e.ID, "run_a"); more || err == nil {
		t.Fatalf("a step that was cut off: %v, %v", more, err)
	}
	d, attempts := w.delivery(e, 1)
	if d.State != webhook.Waiting || d.Attempts != 0 || len(attempts) != 0 {
		t.Errorf("delivery %+v", d)
	}
	r.status(200)
	if made := w.work(e); made != 1 {
		t.Errorf("%d attempts", made)
	}
	if len(r.raw) != 2 || !bytes.Equal(r.raw[0], r.raw[1]) || r.ids[0] != r.ids[1] {
		t.Errorf("the second request is not the first one again: %s", r.raw)
	}
}

func TestAProcessThatDiedHoldsAnEndpointUpForTwoMinutes(t *testing.T) {
	w := newWorld(t)
	r := w.receiver()
	e := w.endpoint(r, "org_1", "*")
	w.tell("certificate.issued", "org_1")
	_, _, ok, err := w.db.Webhooks().Claim(ctx, e.ID, "run_dead", w.now(), w.now().Add(2*time.Minute))
	must(t, err)
	if !ok || w.work(e) != 0 {
		t.Fatal("the claim does not hold")
	}
	w.pass(2 * time.Minute)
	if made := w.work(e); made != 1 {
		t.Errorf("%d attempts after it", made)
	}
}

func TestTheSameBytesAreSentUntilTheyAreTaken(t *testing.T) {
	w := newWorld(t)
	r := w.receiver()
	e := w.endpoint(r, "org_1", "*")
	w.tell("certificate.issued", "org_1")
	r.status(http.StatusInternalServerError)
	var waited []time.Duration
	for range 9 {
		w.work(e)
		d, _ := w.delivery(e, 1)
		wait := d.DueAt.Sub(w.now())
		waited = append(waited, wait)
		w.pass(wait - time.Microsecond)
		if made := w.work(e); made != 0 {
			t.Fatalf("an attempt was made %s early", time.Microsecond)
		}
		w.pass(time.Microsecond)
	}
	schedule := []time.Duration{
		5 * time.Second, 30 * time.Second, 2 * time.Minute, 10 * time.Minute, time.Hour, 3 * time.Hour, 6 * time.Hour, 12 * time.Hour, 24 * time.Hour,
	}
	for i, want := range schedule {
		if waited[i] < want*8/10 || waited[i] > want*12/10 {
			t.Errorf("wait %d is %s, want %s ± 20 %%", i+1, waited[i], want)
		}
	}
	r.status(http.StatusAccepted)
	w.work(e)
	d, attempts := w.delivery(e, 1)
	if d.State != webhook.Delivered || len(attempts) != 10 || attempts[9].Status != 202 || attempts[0].Error != "the answer is 500 Internal Server Error, want 2xx" {
		t.Errorf("delivery %+v, attempts %+v", d, attempts)
	}
	for i, raw := range r.raw {
		if !bytes.Equal(raw, r.raw[0]) || r.ids[i] != r.ids[0] {
			t.Errorf("request %d is %s as %s", i, raw, r.ids[i])
		}
	}
}

func TestAfterTheTenthAttemptADeliveryHasFailedAndCanBeSentAgain(t *testing.T) {
	w := newWorld(t)
	r := w.receiver()
	e := w.endpoint(r, "org_1", "*")
	w.tell("certificate.issued", "org_1")
	r.status(http.StatusBadRequest)
	for range 12 {
		w.work(e)
		w.pass(29 * time.Hour / 10)
	}
	for range 4 {
		w.work(e)
		w.pass(7 * time.Hour)
	}
	w.pass(15 * time.Hour)
	w.work(e)
	w.pass(29 * time.Hour)
	w.work(e)
	d, attempts := w.delivery(e, 1)
	if d.State != webhook.Failed || len(attempts) != 10 || d.EndedAt.IsZero() {
		t.Fatalf("%+v with %d attempts", d, len(attempts))
	}
	r.status(200)
	must(t, w.Redeliver(ctx, "acc_1", d.ID))
	w.work(e)
	d, attempts = w.delivery(e, 1)
	if d.State != webhook.Delivered || len(attempts) != 11 || !bytes.Equal(r.raw[10], r.raw[0]) {
		t.Errorf("%+v with %d attempts", d, len(attempts))
	}
	must(t, w.Redeliver(ctx, "acc_1", d.ID)) // also one that was delivered
	w.work(e)
	if len(r.raw) != 12 {
		t.Errorf("%d requests", len(r.raw))
	}
}

func TestOneThatFailsDoesNotHoldUpTheOthers(t *testing.T) {
	w := newWorld(t)
	r := w.receiver()
	e := w.endpoint(r, "org_1", "*")
	r.answers(func(rw http.ResponseWriter, _ *http.Request, b webhook.Body) {
		if b.Type == "certificate.issued" && len(r.got) < 4 {
			rw.WriteHeader(http.StatusTeapot)
		}
	})
	for _, kind := range []string{"certificate.issued", "certificate.suspended", "certificate.revoked"} {
		w.tell(kind, "org_1")
	}
	w.work(e)
	w.pass(10 * time.Second)
	w.work(e)
	if got := r.sequences(); !slices.Equal(got, []int64{1, 2, 3, 1}) { // the receiver sees that 1 comes late
		t.Errorf("received in the order %v", got)
	}
}

func TestAReceiverMayAskForALongerWait(t *testing.T) {
	for _, c := range []struct {
		status   int
		after    string
		min, max time.Duration
	}{
		{503, "600", 10 * time.Minute, 10 * time.Minute},
		{429, "Sat, 21 Nov 2026 08:30:00 GMT", 30 * time.Minute, 30 * time.Minute},
		{503, "86400", time.Hour, time.Hour},
		{503, "1", 4 * time.Second, 6 * time.Second},
		{503, "soon", 4 * time.Second, 6 * time.Second},
		{500, "600", 4 * time.Second, 6 * time.Second},
	} {
		w := newWorld(t)
		r := w.receiver()
		e := w.endpoint(r, "org_1", "*")
		w.tell("certificate.issued", "org_1")
		r.answers(func(rw http.ResponseWriter, _ *http.Request, _ webhook.Body) {
			rw.Header().Set("Retry-After", c.after)
			rw.WriteHeader(c.status)
		})
		w.work(e)
		d, _ := w.delivery(e, 1)
		if wait := d.DueAt.Sub(w.now()); wait < c.min || wait > c.max {
			t.Errorf("%d with Retry-After %s: wait %s, want %s to %s", c.status, c.after, wait, c.min, c.max)
		}
	}
}

func TestARedirectIsNotFollowed(t *testing.T) {
	w := newWorld(t)
	r, elsewhere := w.receiver(), w.receiver()
	e := w.endpoint(r, "org_1", "*")
	w.tell("certificate.issued", "org_1")
	r.answers(func(rw http.ResponseWriter, req *http.Request, _ webhook.Body) {
		http.Redirect(rw, req, elsewhere.URL, http.StatusTemporaryRedirect)
	})
	w.work(e)
	d, attempts := w.delivery(e, 1)
	if d.State != webhook.Waiting || attempts[0].Status != http.StatusTemporaryRedirect || len(elsewhere.raw) != 0 {
		t.Errorf("%+v %+v, %d requests elsewhere", d, attempts, len(elsewhere.raw))
	}
}

func TestWhatIsGoneIsDisabledAndItsOrganisationHears(t *testing.T) {
	w := newWorld(t)
	r, other := w.receiver(), w.receiver()
	e := w.endpoint(r, "org_1", "certificate.*")
	f := w.endpoint(other, "org_1", "webhook.disabled")
	w.tell("certificate.issued", "org_1")
	w.tell("certificate.revoked", "org_1")
	r.status(http.StatusGone)
	if made := w.work(e); made != 1 {
		t.Errorf("%d attempts", made)
	}
	w.wantDisabled(e, "410")
	w.carry()
	w.work(f)
	if len(other.got) != 1 || other.got[0].Type != webhook.KindDisabled || !strings.Contains(string(other.got[0].Data), e.ID) {
		t.Errorf("its organisation heard %+v", other.got)
	}
	// Its owner mends it: what waited goes out.
	r.status(200)
	enabled := true
	_, err := w.Update(ctx, "acc_1", e.ID, webhook.Change{Enabled: &enabled})
	must(t, err)
	w.work(e)
	if got := r.sequences(); !slices.Equal(got, []int64{1, 2}) {
		t.Errorf("received %v", got)
	}
}

func TestAnEndpointThatOnlyFailsForFiveDaysIsDisabled(t *testing.T) {
	w := newWorld(t)
	r := w.receiver()
	e := w.endpoint(r, "org_1", "*")
	fail := func() { w.tell("certificate.issued", "org_1"); w.work(e) }
	r.status(500)
	fail()
	w.pass(4 * 24 * time.Hour)
	r.status(200)
	fail() // all of them went out: the count begins anew
	r.status(500)
	fail()
	w.pass(5*24*time.Hour - time.Microsecond)
	fail()
	if got, _ := w.Endpoint(ctx, e.ID); got.State != webhook.Active {
		t.Fatalf("disabled after less than five days: %s", got.Reason)
	}
	w.pass(time.Microsecond)
	fail()
	w.wantDisabled(e, "5 days")
}

func (w *world) wantDisabled(e webhook.Endpoint, reason string) {
	w.Helper()
	got, err := w.Endpoint(ctx, e.ID)
	must(w, err)
	if got.State != webhook.Disabled || !strings.Contains(got.Reason, reason) {
		w.Fatalf("endpoint is %s (%s), want disabled because of %s", got.State, got.Reason, reason)
	}
}

// carry spreads the notices that the store has jobs for.
func (w *world) carry() {
	w.Helper()
	for {
		j, ok, err := w.db.Jobs().Lease(ctx, []string{"notice.deliver"}, "run", w.now(), w.now().Add(time.Minute))
		must(w, err)
		if !ok {
			return
		}
		n, err := w.db.Webhooks().Notice(ctx, string(j.Payload))
		must(w, err)
		must(w, w.Spread(ctx, n))
		must(w, w.db.Jobs().Complete(ctx, j, nil))
	}
}

func TestWhatAReceiverAnswersIsKeptWithoutSecrets(t *testing.T) {
	w := newWorld(t)
	r := w.receiver()
	e := w.endpoint(r, "org_1", "*")
	w.tell("certificate.issued", "org_1")
	r.answers(func(rw http.ResponseWriter, req *http.Request, _ webhook.Body) {
		rw.WriteHeader(http.StatusBadGateway)
		_, _ = rw.Write([]byte("echo " + r.secret + " " + req.Header.Get(webhook.HeaderSignature) + "\xff\x00" + strings.Repeat("x", 10_000)))
	})
	w.work(e)
	_, attempts := w.delivery(e, 1)
	got := attempts[0].Response
	if !strings.HasPrefix(got, "echo «secret» «secret»\uFFFD\uFFFDxxx") || len(got) > 4200 || strings.Contains(got, "whsec_") {
		t.Errorf("kept %.80q of %d bytes", got, len(got))
	}
}

func TestTheDispatcherSendsWhatIsCommitted(t *testing.T) {
	w := newWorld(t)
	r := w.receiver()
	w.endpoint(r, "org_1", "*")
	here, there := webhook.NewDispatcher(w.Service), webhook.NewDispatcher(w.service(true))
	running, stop := context.WithCancel(ctx)
	ended := make(chan struct{}, 2)
	for _, d := range []*webhook.Dispatcher{here, there} {
		go func() { d.Run(running); ended <- struct{}{} }()
	}
	all := make(chan struct{})
	r.answers(func(http.ResponseWriter, *http.Request, webhook.Body) {
		if len(r.got) == 50 {
			close(all)
		}
	})
	for range 50 {
		w.tell("certificate.issued", "org_1")
	}
	<-all
	stop()
	<-ended
	<-ended
	for i, n := range r.sequences() {
		if n != int64(i+1) {
			t.Fatalf("received in the order %v, want 1 to 50", r.sequences())
		}
	}
}
