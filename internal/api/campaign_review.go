package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/proofmark/proofmark/campaigns"
)

// StartupIdentity is an operator's word that it is known who a startup is.
type StartupIdentity struct {
	LegalName    string     `json:"legal_name" maxLength:"800"`
	Registration string     `json:"registration" maxLength:"800" doc:"Number in its register, such as a CIN."`
	BankAccount  string     `json:"bank_account" maxLength:"800" doc:"A reference to the account, never its number."`
	VerifiedAt   *time.Time `json:"verified_at,omitempty" readOnly:"true"`
	WithdrawnAt  *time.Time `json:"withdrawn_at,omitempty" readOnly:"true"`
	Reason       string     `json:"reason,omitempty" readOnly:"true"`
}

func identityOf(i campaigns.Identity) StartupIdentity {
	return StartupIdentity{i.LegalName, i.Registration, i.BankAccount, someday(i.VerifiedAt), someday(i.WithdrawnAt), i.Reason}
}

// OfStartup is the path of what is about one organisation.
type OfStartup struct {
	ID string `path:"id" maxLength:"100" doc:"org_…"`
}

func (a *API) mountCampaignReview() {
	reviewer(a, huma.Operation{
		OperationID: "list-campaigns-in-review", Method: http.MethodGet, Path: "/campaign-reviews", Tags: []string{tagCampaigns},
		Summary: "List the campaigns that wait for a reviewer", Description: "Those that wait longest first.",
	}, func(ctx context.Context, _ *struct{}) (*reply[[]Campaign], error) {
		found, err := a.desk.InReview(ctx, partyOf(ctx))
		return answer(each(found, campaignOf), err)
	})
	reviewer(a, huma.Operation{
		OperationID: "approve-campaign", Method: http.MethodPost, Path: "/campaigns/{id}/approve", Tags: []string{tagCampaigns},
		Summary: "Schedule a campaign",
		Description: "By a reviewer who did not write it and has no tie to its startup. Certificate and regional documents must hold through deadline and shipping, " +
			"and the startup's identity must be on record. Everybody sees it from now on.",
	}, func(ctx context.Context, in *Versioned) (*campaignReply, error) {
		version, err := in.revision()
		if err != nil {
			return nil, err
		}
		c, err := a.desk.Approve(ctx, partyOf(ctx), in.ID, version)
		return campaignAnswer(c, stale(err))
	})
	reviewer(a, huma.Operation{
		OperationID: "send-back-campaign", Method: http.MethodPost, Path: "/campaigns/{id}/send-back", Tags: []string{tagCampaigns},
		Summary: "Send a campaign back to its author", Description: "The reason says what has to change.",
	}, a.withReason(a.desk.SendBack))
	operator(a, huma.Operation{
		OperationID: "record-identity", Method: http.MethodPut, Path: "/orgs/{id}/identity", Tags: []string{tagCampaigns},
		Summary: "Record that it is known who a startup is", Description: "By an operator who is no member of it. Nothing of a startup is scheduled without.",
	}, func(ctx context.Context, in *struct {
		OfStartup
		Body StartupIdentity
	},
	) (*reply[StartupIdentity], error) {
		i, err := a.desk.Identify(ctx, partyOf(ctx), campaigns.Identity{
			Org: in.ID, LegalName: in.Body.LegalName, Registration: in.Body.Registration, BankAccount: in.Body.BankAccount,
		})
		return answer(identityOf(i), err)
	})
	operator(a, huma.Operation{
		OperationID: "withdraw-identity", Method: http.MethodPost, Path: "/orgs/{id}/identity/withdraw", Tags: []string{tagCampaigns},
		Summary: "Say that a startup's identity does not hold any more", Description: "Nothing new of it is scheduled; what sells goes on.",
	}, func(ctx context.Context, in *struct {
		OfStartup
		Body struct {
			Reason string `json:"reason" minLength:"10" maxLength:"4000"`
		}
	},
	) (*reply[StartupIdentity], error) {
		i, err := a.desk.WithdrawIdentity(ctx, partyOf(ctx), in.ID, in.Body.Reason)
		return answer(identityOf(i), err)
	})
	involved(a, huma.Operation{
		OperationID: "get-identity", Method: http.MethodGet, Path: "/orgs/{id}/identity", Tags: []string{tagCampaigns},
		Summary: "What is on record of a startup's identity",
	}, func(ctx context.Context, in *OfStartup) (*reply[StartupIdentity], error) {
		i, err := a.desk.Identity(ctx, partyOf(ctx), in.ID)
		return answer(identityOf(i), err)
	})
}
