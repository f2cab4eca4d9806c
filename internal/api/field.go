package api

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/proofmark/proofmark/certification/health"
	"github.com/proofmark/proofmark/registry"
)

const tagFleet = "Fleet"

type fieldDevices struct {
	Devices []health.Evidence `json:"devices"`
}

type flagList struct {
	Flags []health.Flag `json:"flags"`
	Next  string        `json:"next,omitempty" doc:"Give it as after to read on; absent at the end."`
}

type consent struct {
	Given bool       `json:"given"`
	Since *time.Time `json:"since,omitempty"`
}

// OfFlag is the path of everything that is about one flag of field health.
type OfFlag struct {
	ID string `path:"id" maxLength:"60" doc:"flg_…"`
}

// FlagDecision is what a reviewer decides about a flag.
type FlagDecision struct {
	Rev    int64  `json:"rev" doc:"The revision that was read."`
	Reason string `json:"reason" minLength:"10" maxLength:"700"`
}

// FlagRemark is a question about a flag, or the answer.
type FlagRemark struct {
	Rev  int64  `json:"rev" doc:"The revision that was read."`
	Text string `json:"text" minLength:"10" maxLength:"700"`
}

// seenProduct reads a product of the caller's organisations; reviewers and operators
// see all. To others it does not exist.
func (a *API) seenProduct(ctx context.Context, id string) (registry.Product, error) {
	p, err := a.registry.Product(ctx, id)
	if err == nil && !partyOf(ctx).MayRead(p.Org) {
		return registry.Product{}, fmt.Errorf("product %s: %w", id, registry.ErrNotFound)
	}
	return p, err
}

func (a *API) mountField() {
	involved(a, huma.Operation{
		OperationID: "get-fleet-health", Method: http.MethodGet, Path: "/products/{id}/health", Tags: []string{tagFleet},
		Summary: "Read how the delivered devices of a product are", Description: "Devices per firmware, and how each firmware stands by each rule that it broke within 30 days. Rates are of device-days.",
	}, func(ctx context.Context, in *OfProduct) (*reply[health.View], error) {
		p, err := a.seenProduct(ctx, in.ID)
		if err != nil {
			return nil, err
		}
		return answer(a.field.View(ctx, p.ID))
	})
	involved(a, huma.Operation{
		OperationID: "list-fleet-offenders", Method: http.MethodGet, Path: "/products/{id}/health/devices", Tags: []string{tagFleet},
		Summary:     "List the devices that broke a rule, and the bytes that show it",
		Description: "The latest first. The maker sees a device by an alias and its bytes redacted, unless the device's owner consented; reviewers see them as they are.",
	}, func(ctx context.Context, in *struct {
		OfProduct
		Firmware string `query:"firmware" required:"true" maxLength:"64"`
		Rule     string `query:"rule" required:"true" maxLength:"100" example:"spec.value-range"`
		Limit    int    `query:"limit" minimum:"1" maximum:"1000" default:"100"`
	},
	) (*reply[fieldDevices], error) {
		p, err := a.seenProduct(ctx, in.ID)
		if err != nil {
			return nil, err
		}
		found, err := a.field.Devices(ctx, partyOf(ctx), p, in.Firmware, in.Rule, in.Limit)
		return answer(fieldDevices{each(found, func(e health.Evidence) health.Evidence { return e })}, err)
	})
	reviewer(a, huma.Operation{
		OperationID: "list-health-flags", Method: http.MethodGet, Path: "/health-flags", Tags: []string{tagFleet},
		Summary: "List the flags of field health: the drift queue", Description: "The oldest first.",
	}, func(ctx context.Context, in *struct {
		Page
		State health.State `query:"state" enum:"open,dismissed,upheld" default:"open"`
	},
	) (*reply[flagList], error) {
		found, err := a.field.Queue(ctx, in.State, in.After, in.Limit+1)
		var l flagList
		l.Flags, l.Next = cut(found, in.Limit, func(f health.Flag) health.Flag { return f }, func(f health.Flag) string { return f.ID })
		return answer(l, err)
	})
	involved(a, huma.Operation{
		OperationID: "get-health-flag", Method: http.MethodGet, Path: "/health-flags/{id}", Tags: []string{tagFleet},
		Summary: "Read a flag", Description: "Reviewers see its evidence: which devices, which bytes.",
	}, func(ctx context.Context, in *OfFlag) (*reply[health.Flag], error) {
		return answer(a.field.Flag(ctx, partyOf(ctx), in.ID))
	})
	a.mountFlagDecisions()
	a.mountFlagTalk()
	a.mountConsent()
}

func (a *API) mountFlagDecisions() {
	reviewer(a, huma.Operation{
		OperationID: "uphold-health-flag", Method: http.MethodPost, Path: "/health-flags/{id}/uphold", Tags: []string{tagFleet},
		Summary: "Suspend the certificate for a flag", Description: "Listings, shipments and rollouts of the model stop with it. The reason is public, and in the log for ever.",
	}, func(ctx context.Context, in *struct {
		OfFlag
		Body FlagDecision
	},
	) (*reply[health.Flag], error) {
		return answer(a.field.Uphold(ctx, partyOf(ctx), in.ID, in.Body.Rev, in.Body.Reason))
	})
	reviewer(a, huma.Operation{
		OperationID: "dismiss-health-flag", Method: http.MethodPost, Path: "/health-flags/{id}/dismiss", Tags: []string{tagFleet},
		Summary: "Say that a flag is no drift", Description: "No new one of its firmware and rule is raised before the end of the day, or before quiet_until.",
	}, func(ctx context.Context, in *struct {
		OfFlag
		Body struct {
			FlagDecision
			QuietUntil time.Time `json:"quiet_until,omitempty" doc:"At most 30 days from now."`
		}
	},
	) (*reply[health.Flag], error) {
		return answer(a.field.Dismiss(ctx, partyOf(ctx), in.ID, in.Body.Rev, in.Body.Reason, in.Body.QuietUntil))
	})
}

// mountFlagTalk is what reviewers ask the maker, and its answers.
func (a *API) mountFlagTalk() {
	reviewer(a, huma.Operation{
		OperationID: "ask-about-health-flag", Method: http.MethodPost, Path: "/health-flags/{id}/ask", Tags: []string{tagFleet},
		Summary: "Ask the maker about a flag", Description: "The flag stays open. The maker's people are told by the notice health.asked.",
	}, func(ctx context.Context, in *struct {
		OfFlag
		Body FlagRemark
	},
	) (*reply[health.Flag], error) {
		return answer(a.field.Ask(ctx, partyOf(ctx), in.ID, in.Body.Rev, in.Body.Text))
	})
	startup(a, huma.Operation{
		OperationID: "answer-health-flag", Method: http.MethodPost, Path: "/health-flags/{id}/answer", Tags: []string{tagFleet},
		Summary: "Say what is known about a flag", Description: "By a member of the maker, while the flag is open. Reviewers read it beside the evidence.",
	}, func(ctx context.Context, in *struct {
		OfFlag
		Body FlagRemark
	},
	) (*reply[health.Flag], error) {
		return answer(a.field.Answer(ctx, partyOf(ctx), in.ID, in.Body.Rev, in.Body.Text))
	})
}

// mountConsent is the owner's word about what the maker may see.
func (a *API) mountConsent() {
	person(a, huma.Operation{
		OperationID: "get-diagnostics-consent", Method: http.MethodGet, Path: "/devices/{did}/diagnostics-consent", Tags: []string{tagFleet},
		Summary: "Read whether the maker may see which device it is", Description: "By the device's owner.",
	}, func(ctx context.Context, in *OfDevice) (*reply[consent], error) {
		if err := a.ownDevice(ctx, in.DID); err != nil {
			return nil, err
		}
		at, err := a.field.Consent(ctx, in.DID)
		return answer(consent{!at.IsZero(), someday(at)}, err)
	})
	person(a, huma.Operation{
		OperationID: "set-diagnostics-consent", Method: http.MethodPut, Path: "/devices/{did}/diagnostics-consent", Tags: []string{tagFleet},
		Summary: "Let the maker see which device it is, or no longer", Description: "By the device's owner. It is about what breaks the rules of field health; it ends when the device changes hands.",
	}, func(ctx context.Context, in *struct {
		OfDevice
		Body struct {
			Given bool `json:"given"`
		}
	},
	) (*nothing, error) {
		if err := a.ownDevice(ctx, in.DID); err != nil {
			return nil, err
		}
		return nil, a.field.SetConsent(ctx, in.DID, actorOf(ctx).Account, in.Body.Given)
	})
}

// ownDevice says that a device is the caller's; to others it does not exist.
func (a *API) ownDevice(ctx context.Context, did string) error {
	d, err := a.registry.Device(ctx, did)
	if err == nil && (d.Account == "" || d.Account != actorOf(ctx).Account) {
		return fmt.Errorf("device %s of account %s: %w", did, actorOf(ctx).Account, registry.ErrNotFound)
	}
	return err
}
