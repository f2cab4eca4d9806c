package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/proofmark/proofmark/registry"
)

// Credential is a device's credential without its secret.
type Credential struct {
	ID        string                   `json:"id" doc:"crd_…"`
	State     registry.CredentialState `json:"state" enum:"active,retiring,revoked" doc:"A retiring one works until its successor was used."`
	CreatedAt time.Time                `json:"created_at"`
	UsedAt    *time.Time               `json:"used_at,omitempty" doc:"The login by which it ended its predecessors."`
	RevokedAt *time.Time               `json:"revoked_at,omitempty"`
}

func credentialOf(c registry.Credential) Credential {
	return Credential{ID: c.ID, State: c.State, CreatedAt: instant(c.CreatedAt), UsedAt: someday(c.UsedAt), RevokedAt: someday(c.RevokedAt)}
}

type credentialCreated struct {
	Credential
	Secret string `json:"secret" doc:"The device's new password. It is shown here and never again."`
}

type credentialList struct {
	Credentials []Credential `json:"credentials"`
}

func (a *API) mountCredentials() {
	operator(a, huma.Operation{
		OperationID: "list-credentials", Method: http.MethodGet, Path: "/devices/{did}/credentials", Tags: []string{"Credentials"},
		Summary: "List a device's credentials", Description: "The revoked ones too; the secrets are not kept.",
	}, func(ctx context.Context, in *OfDevice) (*reply[credentialList], error) {
		found, err := a.registry.Credentials(ctx, in.DID)
		return answer(credentialList{each(found, credentialOf)}, err)
	})
	operator(a, huma.Operation{
		OperationID: "add-credential", Method: http.MethodPost, Path: "/devices/{did}/credentials", Tags: []string{"Credentials"},
		Summary: "Make a new secret for a device", DefaultStatus: http.StatusCreated,
	}, func(ctx context.Context, in *struct {
		OfDevice
		Body struct {
			Rotate bool `json:"rotate,omitempty" doc:"The old secrets end with the first login by the new one."`
		}
	},
	) (*reply[credentialCreated], error) {
		c, text, err := a.registry.AddCredential(ctx, in.DID, in.Body.Rotate)
		return answer(credentialCreated{credentialOf(c), text}, err)
	})
	operator(a, huma.Operation{
		OperationID: "revoke-credential", Method: http.MethodDelete, Path: "/devices/{did}/credentials/{id}", Tags: []string{"Credentials"},
		Summary: "Revoke a credential", Description: "The device's connection is closed at once.",
	}, func(ctx context.Context, in *struct {
		OfDevice
		ID string `path:"id" maxLength:"100" doc:"crd_…"`
	},
	) (*nothing, error) {
		return nil, a.registry.Revoke(ctx, in.DID, in.ID)
	})
}
