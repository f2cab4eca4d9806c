package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/go-chi/chi/v5"

	"github.com/proofmark/proofmark/certification"
)

// CertificateSource is what is public of certificates.
type CertificateSource interface {
	CertificatePage(ctx context.Context, f certification.CertificateFilter) ([]certification.Certificate, error)
	Certificate(ctx context.Context, serial string) (certification.Certificate, error)
	CertificateHistory(ctx context.Context, serial string) ([]certification.CertificateEvent, error)
	RegulatoryOf(ctx context.Context, org string, state certification.RegulatoryState) ([]certification.RegulatoryDocument, error)
}

// PublicCertificate is a certificate, for everybody.
type PublicCertificate struct {
	certification.Certificate
	Stands  []RegionStand                    `json:"region_stands" doc:"Of each region: whether it may be sold there now."`
	History []certification.CertificateEvent `json:"history" doc:"Its leaves in the log."`
}

// RegionStand is whether a certificate holds in a region, and on what.
type RegionStand struct {
	Region  string   `json:"region"`
	Holds   bool     `json:"holds"`
	Missing []string `json:"missing,omitempty"`
	Papers  []Paper  `json:"papers,omitempty"`
}

// Paper is the public part of a regulatory document.
type Paper struct {
	Scheme  string     `json:"scheme"`
	Number  string     `json:"number"`
	Holder  string     `json:"holder"`
	Expires *time.Time `json:"expires,omitempty"`
}

type certificateList struct {
	Certificates []certification.Certificate `json:"certificates"`
	Next         string                      `json:"next,omitempty" doc:"Give it as before to read on; absent at the end."`
}

func (a *API) mountCertificates() {
	public(a, huma.Operation{
		OperationID: "list-certificates", Method: http.MethodGet, Path: "/certificates", Tags: []string{tagCertificates},
		Summary: "Search the public registry", Description: "Every certificate that was ever issued, the newest first. Needs no login.",
	}, func(ctx context.Context, in *struct {
		Words  string                         `query:"q" maxLength:"200" doc:"A part of serial, product, model or maker, in any case."`
		State  certification.CertificateState `query:"state" enum:"active,suspended,superseded,expired,withdrawn,revoked"`
		Before string                         `query:"before" maxLength:"40"`
		Limit  int                            `query:"limit" minimum:"1" maximum:"200" default:"50"`
	},
	) (*reply[certificateList], error) {
		found, err := a.certificates.CertificatePage(ctx, certification.CertificateFilter{Words: in.Words, State: in.State, Before: in.Before, Limit: in.Limit + 1})
		var list certificateList
		list.Certificates, list.Next = cut(found, in.Limit, certification.Certificate.Public, func(c certification.Certificate) string { return c.Serial })
		return answer(list, err)
	})
	public(a, huma.Operation{
		OperationID: "get-certificate", Method: http.MethodGet, Path: "/certificates/{serial}", Tags: []string{tagCertificates},
		Summary: "Read a certificate", Description: "What was certified, what holds now, and its history. Needs no login.",
	}, func(ctx context.Context, in *OfCertificate) (*reply[PublicCertificate], error) {
		c, err := a.certificates.Certificate(ctx, in.Serial)
		if err != nil {
			return nil, err
		}
		return answer(a.publicCertificate(ctx, c))
	})
}

func (a *API) publicCertificate(ctx context.Context, c certification.Certificate) (PublicCertificate, error) {
	p := PublicCertificate{Certificate: c.Public()}
	if actor := partyOf(ctx); actor.Reviewer || actor.Operator {
		p.Certificate = c // whoever may decide sees what is proposed
	}
	var err error
	if p.History, err = a.certificates.CertificateHistory(ctx, c.Serial); err != nil {
		return p, err
	}
	papers, err := a.certificates.RegulatoryOf(ctx, c.Org, certification.RegulatoryVerified)
	if err != nil {
		return p, err
	}
	now := time.Now()
	for _, region := range c.Regions {
		s := certification.StandIn(region, c.Model, c.Hardware, true, papers, now, now)
		p.Stands = append(p.Stands, RegionStand{s.Region, s.Holds, s.Missing, each(s.Papers, func(d certification.RegulatoryDocument) Paper {
			return Paper{d.Scheme, d.Number, d.Holder, someday(d.Expires)}
		})})
	}
	return p, nil
}

// mountStatus serves the signed status list from memory, for verifiers.
func (a *API) mountStatus(r chi.Router) {
	serve := func(w http.ResponseWriter, r *http.Request) {
		s, err := a.statusList(r.Context())
		if err != nil {
			a.problem(r.Context(), err).write(w, r)
			return
		}
		h := w.Header()
		h.Set("Content-Type", "application/jose")
		h.Set("Cache-Control", "public, max-age=60")
		h.Set("Last-Modified", s.IssuedAt.UTC().Format(http.TimeFormat))
		etag := `"` + s.IssuedAt.UTC().Format("20060102T150405.000000") + `"`
		h.Set("ETag", etag)
		if r.Header.Get("If-None-Match") == etag {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		_, _ = w.Write([]byte(s.JWS)) // the client is gone, or it has it
	}
	r.Get("/status/list", serve)
	r.Head("/status/list", serve)
}
