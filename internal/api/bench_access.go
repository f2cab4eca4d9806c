package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/proofmark/proofmark/certification/rig"
)

// benchAccess is how a device comes to the bench.
type benchAccess struct {
	rig.Access
	URLs []string `json:"urls" doc:"The addresses as MQTT clients take them."`
}

func accessOf(access rig.Access, err error) (*reply[benchAccess], error) {
	return answer(benchAccess{access, each(access.Addresses, rig.BenchAddress.URL)}, err)
}

func (a *API) mountBench() {
	startup(a, huma.Operation{
		OperationID: "get-bench", Method: http.MethodGet, Path: "/submissions/{id}/bench", Tags: []string{"Runs"},
		Summary:     "How the submission's device comes to its bench",
		Description: "Client id, user name and password are for this bench alone; they open nothing else.",
	}, func(ctx context.Context, in *OfSubmission) (*reply[benchAccess], error) {
		return accessOf(a.rig.Access(ctx, partyOf(ctx), in.ID))
	})
	startup(a, huma.Operation{
		OperationID: "rotate-bench-secret", Method: http.MethodPost, Path: "/submissions/{id}/bench/rotate", Tags: []string{"Runs"},
		Summary:     "Give the device another secret",
		Description: "Not while a run goes on. The one before ends at once.",
	}, func(ctx context.Context, in *OfSubmission) (*reply[benchAccess], error) {
		return accessOf(a.rig.RotateSecret(ctx, partyOf(ctx), in.ID))
	})
	public(a, huma.Operation{
		OperationID: "get-bench-authority", Method: http.MethodGet, Path: "/bench/ca.pem", Tags: []string{"Runs"},
		Summary:     "The authority that a device under test is to trust",
		Description: "As PEM. It stays the same; give it to the device once, in the place of the production one. Needs no token.",
		Responses: map[string]*huma.Response{"200": {Description: "The certificate", Content: map[string]*huma.MediaType{
			"application/x-pem-file": {Schema: &huma.Schema{Type: huma.TypeString}},
		}}},
	}, func(context.Context, *struct{}) (*streamed, error) {
		pem := a.rig.Authority()
		return &streamed{func(ctx huma.Context) {
			_, w := unwrap(ctx)
			w.Header().Set("Content-Type", "application/x-pem-file")
			w.Header().Set("Content-Disposition", disposition("proofmark-bench-ca.pem"))
			_, _ = w.Write(pem) // the client is gone, or it has it
		}}, nil
	})
	type keys struct {
		Keys []string `json:"keys" doc:"Ed25519 public keys, hexadecimal; the oldest first."`
	}
	public(a, huma.Operation{
		OperationID: "list-transcript-keys", Method: http.MethodGet, Path: "/bench/keys", Tags: []string{"Runs"},
		Summary:     "The keys that this installation signs transcripts with",
		Description: "Needs no token.",
	}, func(ctx context.Context, _ *struct{}) (*reply[keys], error) {
		found, err := a.rig.TranscriptKeys(ctx)
		return answer(keys{each(found, func(k string) string { return k })}, err)
	})
}
