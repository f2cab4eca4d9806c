package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/go-chi/chi/v5"

	"github.com/proofmark/proofmark/certification"
)

// mountKeys publishes the keys that sign. Verifiers pin them: they are told to look
// again after five minutes, not at every certificate.
func (a *API) mountKeys(r chi.Router) {
	serve := func(w http.ResponseWriter, r *http.Request) {
		b, err := a.keys(r.Context())
		if err != nil {
			a.problem(r.Context(), err).write(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/jwk-set+json")
		w.Header().Set("Cache-Control", "public, max-age=300")
		w.Header().Set("Access-Control-Allow-Origin", "*")
		_, _ = w.Write(b) // the client is gone, or it has it
	}
	r.Get("/.well-known/proofmark-keys.json", serve)
	r.Head("/.well-known/proofmark-keys.json", serve)
}

// mountBundle serves the bundle as the file that `proofmark cert verify` takes.
func (a *API) mountBundle(r chi.Router) {
	serve := func(w http.ResponseWriter, r *http.Request) {
		serial := chi.URLParam(r, "serial")
		b, err := a.bundle(r.Context(), serial)
		if err != nil {
			a.problem(r.Context(), err).write(w, r)
			return
		}
		// The serial is one of ours: it needs no quoting.
		w.Header().Set("Content-Disposition", `attachment; filename="`+serial+`.proofmark.json"`)
		writeJSON(w, http.StatusOK, b)
	}
	r.Get("/certificates/{serial}/bundle", serve)
	r.Head("/certificates/{serial}/bundle", serve)
}

// bundle has a status list that knows its certificate: the newest one may have been
// signed a moment before that was issued.
func (a *API) bundle(ctx context.Context, serial string) (certification.Bundle, error) {
	b, err := a.issuer.Bundle(ctx, serial)
	if err == nil && a.status != nil {
		b.Status, err = a.status(ctx, b.Proof.Index+1)
	}
	return b, err
}

// CertificateBundle is a certificate with what proves it.
type CertificateBundle struct {
	Format      string       `json:"format" example:"proofmark-bundle/1"`
	Certificate string       `json:"certificate" doc:"The signed certificate, a compact JWS of type proofmark-certificate."`
	Proof       LogInclusion `json:"proof" doc:"That it stands in the transparency log."`
	Status      string       `json:"status,omitempty" doc:"The newest status list, a compact JWS of type proofmark-status."`
}

func (a *API) mountBundles() {
	public(a, huma.Operation{
		OperationID: "get-certificate-bundle", Method: http.MethodGet, Path: "/certificates/{serial}/bundle", Tags: []string{"Certificates"},
		Summary:     "Fetch a certificate with everything that proves it",
		Description: "The file that `proofmark cert verify` takes. Needs no token. 404 for the few seconds until the log is signed.",
	}, func(ctx context.Context, in *struct {
		Serial string `path:"serial" maxLength:"40" example:"PM-2026-000001"`
	},
	) (*reply[CertificateBundle], error) {
		b, err := a.bundle(ctx, in.Serial)
		return answer(CertificateBundle{b.Format, b.Certificate, logInclusionOf(b.Proof), b.Status}, err)
	})
}
