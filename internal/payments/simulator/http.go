package simulator

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/proofmark/proofmark/campaigns"
)

// maxBody bounds what a caller may send.
const maxBody = 64 << 10

// routes is everything that the PSP serves.
func (p *PSP) routes() http.Handler {
	mux := http.NewServeMux()
	merchant := func(pattern string, work work) { p.route(mux, pattern, p.faulty(work)) }
	merchant("POST /orders", func(r *http.Request) (any, error) {
		var n newOrder
		if err := read(r, &n); err != nil {
			return nil, err
		}
		return p.createOrder(r.Context(), r.Header.Get("Idempotency-Key"), n)
	})
	merchant("GET /orders/{ref}", func(r *http.Request) (any, error) { return p.fetchOrder(r.Context(), r.PathValue("ref")) })
	merchant("POST /orders/{ref}/close", func(r *http.Request) (any, error) { return p.closeOrder(r.Context(), r.PathValue("ref")) })
	merchant("POST /refunds", func(r *http.Request) (any, error) {
		var n newRefund
		if err := read(r, &n); err != nil {
			return nil, err
		}
		return p.refund(r.Context(), r.Header.Get("Idempotency-Key"), n)
	})
	merchant("GET /refunds/{ref}", func(r *http.Request) (any, error) {
		return p.fetchRefund(r.Context(), r.PathValue("ref"), "", "")
	})
	merchant("GET /refunds", func(r *http.Request) (any, error) {
		return p.fetchRefund(r.Context(), "", r.URL.Query().Get("payment"), r.URL.Query().Get("key"))
	})
	p.mountOperatorAPI(func(pattern string, work work) { p.route(mux, pattern, work) })

	pages := http.NewServeMux()
	p.mountPay(pages)
	p.mountOperator(pages)
	mux.Handle(p.opt.Path+"/", pageHeaders(http.NewCrossOriginProtection().Handler(pages)))
	return mux
}

// work is what an operation of the API does: what it answers, or why not.
type work func(r *http.Request) (any, error)

// route mounts an operation: "POST /orders".
func (p *PSP) route(mux *http.ServeMux, pattern string, work work) {
	method, path, _ := strings.Cut(pattern, " ")
	mux.HandleFunc(method+" "+p.opt.Path+"/v1"+path, func(w http.ResponseWriter, r *http.Request) { p.call(w, r, work) })
}

// authorized says whether the caller knows the API's key.
func (p *PSP) authorized(r *http.Request) bool {
	user, password, _ := r.BasicAuth()
	return subtle.ConstantTimeCompare([]byte(user), []byte(p.keys.ID))&
		subtle.ConstantTimeCompare([]byte(password), []byte(p.keys.Secret)) == 1
}

// call is one call of the API: key, work, answer.
func (p *PSP) call(w http.ResponseWriter, r *http.Request, work work) {
	if !p.authorized(r) {
		fail(w, http.StatusUnauthorized, codeUnauthorized, "basic authentication with the key's id and secret is needed")
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	told, err := work(r)
	var refused *campaigns.RefusedError
	switch {
	case err == nil:
		answer(w, http.StatusOK, told)
	case errors.As(err, &refused):
		status := http.StatusUnprocessableEntity
		if refused.Code == codeKeyReused {
			status = http.StatusConflict
		}
		fail(w, status, refused.Code, refused.Reason)
	case errors.Is(err, campaigns.ErrInsufficientBalance):
		fail(w, http.StatusUnprocessableEntity, codeBalance, err.Error())
	case errors.Is(err, campaigns.ErrNotAtProvider):
		fail(w, http.StatusNotFound, codeNotFound, err.Error())
	case errors.Is(err, errBroken):
		fail(w, http.StatusServiceUnavailable, codeBroken, err.Error())
	default:
		p.log.Error("the payment simulator failed", "route", r.Pattern, "err", err)
		fail(w, http.StatusInternalServerError, codeInternal, "it could not be stored; ask again")
	}
}

var errBroken = errors.New("out of order by a fault; nothing was done")

// faulty is work with the faults of calls around it.
func (p *PSP) faulty(work work) work {
	return func(r *http.Request) (any, error) {
		call := r.Method + " " + r.URL.Path + " " + r.Header.Get("Idempotency-Key")
		p.mu.Lock()
		f := &p.faults
		slow, lost, broken := f.strikesCall("slow", f.Slow, call), f.strikesCall("lost", f.Lost, call), f.strikesCall("broken", f.Broken, call)
		slowBy, lostFor := time.Duration(f.SlowBy), time.Duration(f.LostFor)
		p.mu.Unlock()
		if slow {
			hold(r.Context(), slowBy)
		}
		if broken {
			return nil, errBroken
		}
		told, err := work(r)
		if lost {
			hold(r.Context(), lostFor)
			panic(http.ErrAbortHandler) // the server cuts the connection
		}
		return told, err
	}
}

func hold(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// read takes a JSON body that holds nothing but what v knows.
func read(r *http.Request, v any) error {
	d := json.NewDecoder(r.Body)
	d.DisallowUnknownFields()
	err := d.Decode(v)
	if err == nil {
		if _, more := d.Token(); more != io.EOF {
			err = errors.New("something follows the object")
		}
	}
	if err != nil {
		return &campaigns.RefusedError{Code: codeInvalid, Reason: fmt.Sprintf("body: %v", err)}
	}
	return nil
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the caller went away: it asks again
}

func fail(w http.ResponseWriter, status int, code, message string) {
	var f failure
	f.Error.Code, f.Error.Message = code, message
	answer(w, status, f)
}
