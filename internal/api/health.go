package api

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/go-chi/chi/v5"
)

// mountHealth mounts the probes, which need no token.
func (a *API) mountHealth(r chi.Router) {
	for _, method := range []string{http.MethodGet, http.MethodHead} {
		r.MethodFunc(method, "/healthz", a.healthz)
		r.MethodFunc(method, "/readyz", a.readyz)
	}
}

// healthz says that the process lives.
func (a *API) healthz(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, map[string]string{"status": "ok", "version": a.version})
}

// readiness is the answer of /readyz.
type readiness struct {
	Status string            `json:"status"` // "ready" or "not ready"
	Parts  map[string]string `json:"parts"`  // "ok" or "failed"; the log has the cause
}

// readyz says whether the parts that a request needs are there.
func (a *API) readyz(w http.ResponseWriter, r *http.Request) {
	answer, status := readiness{Status: "ready", Parts: map[string]string{}}, http.StatusOK
	if a.ready != nil {
		ctx, cancel := context.WithTimeout(r.Context(), 2*time.Second)
		defer cancel()
		for part, err := range a.ready(ctx) {
			answer.Parts[part] = "ok"
			if err != nil {
				answer.Parts[part], answer.Status, status = "failed", "not ready", http.StatusServiceUnavailable
				a.log.Warn("not ready", "failed", part, "err", err)
			}
		}
	}
	writeJSON(w, status, answer)
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	_ = e.Encode(v) // the client is gone, or it has it
}
