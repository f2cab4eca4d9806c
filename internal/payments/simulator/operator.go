package simulator

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/proofmark/proofmark/campaigns"
)

// mountOperatorAPI mounts what a merchant does not have at a real PSP: its clock,
// its faults, its money, and a buyer's hand. Faults do not touch it.
func (p *PSP) mountOperatorAPI(route func(pattern string, w work)) {
	route("GET /faults", func(*http.Request) (any, error) { return p.Faults(), nil })
	route("PUT /faults", func(r *http.Request) (any, error) {
		var f Faults
		if err := read(r, &f); err != nil {
			return nil, err
		}
		return f, invalid(p.SetFaults(r.Context(), f))
	})
	route("GET /balance", func(*http.Request) (any, error) { return p.Balance(), nil })
	move := func(do func(ctx context.Context, amount int64) error) work {
		return func(r *http.Request) (any, error) {
			var in struct {
				Amount int64 `json:"amount"`
			}
			if err := read(r, &in); err != nil {
				return nil, err
			}
			if err := do(r.Context(), in.Amount); err != nil {
				return nil, invalid(err)
			}
			return p.Balance(), nil
		}
	}
	route("POST /balance/topup", move(p.TopUp))
	route("POST /balance/payout", move(p.PayOut))
	route("POST /clock", func(r *http.Request) (any, error) {
		var in struct {
			Advance Duration `json:"advance"`
		}
		if err := read(r, &in); err != nil {
			return nil, err
		}
		if err := p.Advance(r.Context(), time.Duration(in.Advance)); err != nil {
			return nil, invalid(err)
		}
		return map[string]time.Time{"now": p.Time()}, nil
	})
	route("POST /orders/{ref}/pay", func(r *http.Request) (any, error) {
		var in struct {
			Attempt    string                  `json:"attempt"`
			Method     campaigns.PaymentMethod `json:"method"`
			Instrument string                  `json:"instrument"`
		}
		if err := read(r, &in); err != nil {
			return nil, err
		}
		pay, err := p.Pay(r.Context(), r.PathValue("ref"), in.Attempt, in.Method, in.Instrument)
		return pay, invalid(err)
	})
	route("POST /orders/{ref}/send", func(r *http.Request) (any, error) {
		return struct{}{}, p.SendAgain(r.Context(), r.PathValue("ref"))
	})
}

// invalid makes an error the caller's, unless it says itself whose it is.
func invalid(err error) error {
	if err == nil || errors.Is(err, campaigns.ErrRefused) || errors.Is(err, campaigns.ErrNotAtProvider) || errors.Is(err, context.Canceled) {
		return err
	}
	return &campaigns.RefusedError{Code: codeInvalid, Reason: err.Error()}
}

// Time is the PSP's own clock.
func (p *PSP) Time() time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.now()
}

// operatorPage is what the operator's page shows.
type operatorPage struct {
	Now     time.Time
	Ahead   time.Duration
	Balance Balance
	Faults  []faultField
	Hook    string
	Waiting int
	Orders  []operatorOrder
	Sent    []sent
	Problem string
}

type operatorOrder struct {
	Order
	PayPath string
	Refunds []Refund
}

// faultField is a fault in the form.
type faultField struct{ Name, Value, Help string }

// faultHelp is what each fault does, in the form's order: that of Faults.
var faultHelp = map[string]string{
	"seed": "start of the draws", "hits": "how often one call may be hit; 0 is 1",
	"broken": "calls answered 503, not executed", "lost": "calls executed, the answer lost", "lost_for": "… after waiting",
	"slow": "calls executed late", "slow_by": "… by",
	"repeat": "events delivered twice", "reverse": "steps whose events come last first", "late": "events held back", "late_by": "… for up to",
	"drop": "events never delivered", "forge": "events with a forged one before",
}

// showRows is how many orders and events the page shows.
const showRows = 25

func (p *PSP) mountOperator(mux *http.ServeMux) {
	at := p.opt.Path + "/operator"
	guarded := func(pattern string, h http.HandlerFunc) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			if !p.authorized(r) {
				w.Header().Set("WWW-Authenticate", `Basic realm="payment simulator"`)
				http.Error(w, "the key's id and secret are needed", http.StatusUnauthorized)
				return
			}
			h(w, r)
		})
	}
	guarded("GET "+at, func(w http.ResponseWriter, _ *http.Request) { p.showOperator(w, nil) })
	post := func(path string, do func(r *http.Request) error) {
		guarded("POST "+at+path, func(w http.ResponseWriter, r *http.Request) {
			if err := do(r); err != nil {
				p.showOperator(w, err)
				return
			}
			http.Redirect(w, r, at, http.StatusSeeOther)
		})
	}
	post("/clock", func(r *http.Request) error {
		d, err := time.ParseDuration(r.FormValue("advance"))
		if err != nil {
			return err
		}
		return p.Advance(r.Context(), d)
	})
	post("/topup", func(r *http.Request) error {
		rupees, err := strconv.ParseInt(r.FormValue("rupees"), 10, 48)
		if err != nil {
			return err
		}
		return p.TopUp(r.Context(), rupees*100)
	})
	post("/payout", func(r *http.Request) error { return p.PayOut(r.Context(), 0) })
	post("/faults", func(r *http.Request) error {
		if err := r.ParseForm(); err != nil {
			return err
		}
		f, err := faultsOf(r.PostForm)
		if err != nil {
			return err
		}
		return p.SetFaults(r.Context(), f)
	})
	post("/orders/{ref}/send", func(r *http.Request) error { return p.SendAgain(r.Context(), r.PathValue("ref")) })
}

func (p *PSP) showOperator(w http.ResponseWriter, problem error) {
	page := operatorPage{Balance: p.Balance(), Waiting: p.Waiting()}
	p.mu.Lock()
	page.Now, page.Ahead, page.Hook, page.Faults = p.now(), p.clock.Ahead, p.hook.url, p.faults.fields()
	refs := make([]string, 0, len(p.orders))
	for ref := range p.orders {
		refs = append(refs, ref)
	}
	slices.Sort(refs) // by time: refs are UUIDv7
	for _, ref := range slices.Backward(refs[max(0, len(refs)-showRows):]) {
		o := p.orders[ref]
		shown := operatorOrder{Order: p.order(o), PayPath: p.payPath(o)}
		for _, r := range o.Refunds {
			shown.Refunds = append(shown.Refunds, r.Refund)
		}
		page.Orders = append(page.Orders, shown)
	}
	for _, s := range slices.Backward(p.recent[max(0, len(p.recent)-showRows):]) {
		e := *s.Event
		page.Sent = append(page.Sent, sent{s.At, &e, s.What})
	}
	p.mu.Unlock()
	status := http.StatusOK
	if problem != nil {
		page.Problem, status = problem.Error(), http.StatusUnprocessableEntity
	}
	p.show(w, status, "operator.html", page)
}

// fields is the faults as a form shows them.
func (f *faultState) fields() []faultField {
	var fields []faultField
	v := reflect.ValueOf(f.Faults)
	for i := range v.NumField() {
		name, value := v.Type().Field(i).Tag.Get("json"), fmt.Sprint(v.Field(i).Interface())
		if d, ok := v.Field(i).Interface().(Duration); ok {
			value = time.Duration(d).String()
		}
		fields = append(fields, faultField{name, value, faultHelp[name]})
	}
	return fields
}

// faultsOf reads the form.
func faultsOf(form url.Values) (Faults, error) {
	var f Faults
	v := reflect.ValueOf(&f).Elem()
	for i := range v.NumField() {
		name := v.Type().Field(i).Tag.Get("json")
		text := strings.TrimSpace(form.Get(name))
		if text == "" {
			continue
		}
		var err error
		switch field := v.Field(i).Addr().Interface().(type) {
		case *Duration:
			err = field.UnmarshalText([]byte(text))
		case *float64:
			*field, err = strconv.ParseFloat(text, 64)
		case *uint64:
			*field, err = strconv.ParseUint(text, 10, 64)
		case *int:
			*field, err = strconv.Atoi(text)
		}
		if err != nil {
			return f, fmt.Errorf("fault %s: %w", name, err)
		}
	}
	return f, nil
}
