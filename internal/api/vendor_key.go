package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/proofmark/proofmark/certification"
)

type vendorKey struct {
	ID         string     `json:"id" doc:"vky_…; the kid of what it signs, as is its thumbprint."`
	Org        string     `json:"org"`
	Name       string     `json:"name"`
	Thumbprint string     `json:"thumbprint" doc:"RFC 7638, with SHA-256."`
	CreatedBy  string     `json:"created_by"`
	CreatedAt  time.Time  `json:"created_at"`
	RevokedBy  string     `json:"revoked_by,omitempty"`
	RevokedAt  *time.Time `json:"revoked_at,omitempty"`
}

func vendorKeyOf(k certification.VendorKey) vendorKey {
	return vendorKey{k.ID, k.Org, k.Name, k.Thumbprint, k.CreatedBy, instant(k.CreatedAt), k.RevokedBy, someday(k.RevokedAt)}
}

type vendorKeyList struct {
	Keys []vendorKey `json:"keys" doc:"The oldest first, the revoked ones too."`
}

func (a *API) mountVendorKeys() {
	startup(a, huma.Operation{
		OperationID: "add-vendor-key", Method: http.MethodPost, Path: "/vendor-keys", Tags: []string{tagSubmissions},
		Summary: "Register a key that signs change statements", DefaultStatus: http.StatusCreated,
		Description: "An Ed25519 public key. A key is registered once.",
	}, func(ctx context.Context, in *struct {
		Body struct {
			Org  string `json:"org" maxLength:"100"`
			Name string `json:"name,omitempty" maxLength:"200" doc:"Where it is used, for people."`
			Key  string `json:"key" minLength:"1" maxLength:"10000" doc:"PEM (PUBLIC KEY), or a JWK as text."`
		}
	},
	) (*reply[vendorKey], error) {
		k, err := a.programme.AddVendorKey(ctx, partyOf(ctx), in.Body.Org, in.Body.Name, []byte(in.Body.Key))
		return answer(vendorKeyOf(k), err)
	})
	involved(a, huma.Operation{
		OperationID: "list-vendor-keys", Method: http.MethodGet, Path: "/vendor-keys", Tags: []string{tagSubmissions},
		Summary: "List the keys of an organisation",
	}, func(ctx context.Context, in *struct {
		Org string `query:"org" required:"true" maxLength:"100"`
	},
	) (*reply[vendorKeyList], error) {
		found, err := a.programme.VendorKeys(ctx, partyOf(ctx), in.Org)
		return answer(vendorKeyList{each(found, vendorKeyOf)}, err)
	})
	startup(a, huma.Operation{
		OperationID: "revoke-vendor-key", Method: http.MethodDelete, Path: "/vendor-keys/{id}", Tags: []string{tagSubmissions},
		Summary: "Revoke a key", Description: "What it signed no longer counts for what is submitted from now on.",
	}, func(ctx context.Context, in *struct {
		ID string `path:"id" maxLength:"100" doc:"vky_…"`
	},
	) (*reply[vendorKey], error) {
		k, err := a.programme.RevokeVendorKey(ctx, partyOf(ctx), in.ID)
		return answer(vendorKeyOf(k), err)
	})
}
