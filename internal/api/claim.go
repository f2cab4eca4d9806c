package api

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/proofmark/proofmark/registry/claims"
)

const claimsTag = "Claims"

// Claim is that a device belongs to an account.
type Claim struct {
	ID        string       `json:"id" doc:"clm_…"`
	DID       string       `json:"did"`
	Account   string       `json:"account"`
	Home      string       `json:"home"`
	Basis     claims.Basis `json:"basis" enum:"order,gift,retail,grey" doc:"order: by who ordered it. gift: handed over. retail: no campaign sold it. grey: somebody else ordered it, or it was in no shipment."`
	Reason    string       `json:"reason,omitempty" doc:"Of a grey one."`
	Order     string       `json:"order,omitempty" doc:"ord_…"`
	CreatedAt time.Time    `json:"created_at"`
	EndedAt   *time.Time   `json:"ended_at,omitempty"`
	Ended     string       `json:"ended,omitempty" doc:"How."`
}

func claimOf(c claims.Claim) Claim {
	return Claim{
		ID: c.ID, DID: c.DID, Account: c.Account, Home: c.Home, Basis: c.Basis, Reason: c.Reason, Order: c.Order,
		CreatedAt: instant(c.CreatedAt), EndedAt: someday(c.EndedAt), Ended: c.Ended,
	}
}

type claimList struct {
	Claims []Claim `json:"claims"`
	Next   string  `json:"next,omitempty" doc:"Give it as after to read on; absent at the end."`
}

func (a *API) mountClaims() {
	member(a, huma.Operation{
		OperationID: "claim-device", Method: http.MethodPost, Path: "/claims", Tags: []string{claimsTag},
		Summary: "Claim a device that I have in my hands", DefaultStatus: http.StatusCreated,
		Description: "did and code are on its label, which is also a QR code. The device must be connected: it logged in with its key, and answers now. " +
			"It gets a new key at once. Wrong codes are limited per account (10, then one a minute), per address and per device (20 an hour); " +
			"whether a device exists is not said.",
	}, func(ctx context.Context, in *struct {
		Body struct {
			DID  string `json:"did" maxLength:"50"`
			Code string `json:"code" maxLength:"64" doc:"As printed; case and hyphens do not count."`
			Home string `json:"home" maxLength:"100" doc:"hom_…, of which the caller is a member or the owner."`
			Room string `json:"room,omitempty" maxLength:"100"`
			Name string `json:"name,omitempty" maxLength:"240" doc:"The product's when absent."`
		}
	},
	) (*reply[Claim], error) {
		b := in.Body
		c, err := a.claims.Claim(ctx, claims.Wanted{
			By: actorOf(ctx).Account, Address: clientOf(ctx).Address, DID: b.DID, Code: b.Code, Home: b.Home, Room: b.Room, Name: b.Name,
		})
		return answer(claimOf(c), err)
	})
	member(a, huma.Operation{
		OperationID: "release-device", Method: http.MethodPost, Path: "/devices/{did}/release", Tags: []string{claimsTag},
		Summary: "Give a device up: back to what it was in its box",
		Description: "Its owner only. It is told to forget everything (miIO.restore); its history here is deleted, its label's code is good again. " +
			"With offline it need not be there: then press its button, or it is locked out.",
	}, func(ctx context.Context, in *struct {
		OfDevice
		Body struct {
			Offline bool `json:"offline,omitempty"`
		}
	},
	) (*nothing, error) {
		return nil, a.claims.Release(ctx, actorOf(ctx).Account, in.DID, in.Body.Offline)
	})
	a.mountHandovers()
	a.mountPlacing()
	a.mountLocalKey()
	operator(a, huma.Operation{
		OperationID: "list-grey-claims", Method: http.MethodGet, Path: "/claims:grey", Tags: []string{claimsTag},
		Summary: "List the claims by others than who ordered the device",
	}, func(ctx context.Context, in *Page) (*reply[claimList], error) {
		found, err := a.claims.Grey(ctx, in.After, in.Limit+1)
		var list claimList
		list.Claims, list.Next = cut(found, in.Limit, claimOf, func(c Claim) string { return c.ID })
		return answer(list, err)
	})
	operator(a, huma.Operation{
		OperationID: "list-device-claims", Method: http.MethodGet, Path: "/devices/{did}/claims", Tags: []string{claimsTag}, Summary: "Who had a device",
	}, func(ctx context.Context, in *OfDevice) (*reply[claimList], error) {
		found, err := a.claims.Claims(ctx, in.DID)
		return answer(claimList{Claims: each(found, claimOf)}, err)
	})
	operator(a, huma.Operation{
		OperationID: "put-device-out", Method: http.MethodPost, Path: "/devices/{did}/put-out", Tags: []string{claimsTag},
		Summary: "Take a device from an owner who cannot be asked",
	}, func(ctx context.Context, in *struct {
		OfDevice
		Body Reasoned
	},
	) (*nothing, error) {
		return nil, a.claims.PutOut(ctx, actorOf(ctx).Account, in.DID, in.Body.Reason)
	})
	operator(a, huma.Operation{
		OperationID: "renew-claim-code", Method: http.MethodPost, Path: "/devices/{did}/claim-code", Tags: []string{claimsTag},
		Summary: "Make a new claim code for a device whose label was lost", DefaultStatus: http.StatusCreated,
		Description: "Only for a device that is nobody's; the code before it ends. It is shown here and never again.",
	}, func(ctx context.Context, in *OfDevice) (*reply[struct {
		Code string `json:"code"`
	}], error,
	) {
		code, err := a.claims.Renew(ctx, actorOf(ctx).Account, in.DID)
		return answer(struct {
			Code string `json:"code"`
		}{code}, err)
	})
	a.mountQuarantine()
}

func (a *API) mountLocalKey() {
	member(a, huma.Operation{
		OperationID: "export-local-key", Method: http.MethodPost, Path: "/devices/{did}/local-key", Tags: []string{claimsTag},
		Summary: "Get a key to my own device, to serve it without this service",
		Description: "Its owner only; the device must be connected. It gets a new secret, which is told here and never again, with its spec document. " +
			"It goes on to work here.",
	}, func(ctx context.Context, in *OfDevice) (*reply[localKey], error) {
		k, err := a.claims.Export(ctx, actorOf(ctx).Account, in.DID)
		return answer(localKey{k.DID, k.Secret, k.Model, k.URN, k.Spec}, err)
	})
}

type localKey struct {
	DID    string          `json:"did"`
	Secret string          `json:"secret" doc:"The password of the device's MQTT log-in from now on."`
	Model  string          `json:"model"`
	URN    string          `json:"urn" doc:"The type of its spec."`
	Spec   json.RawMessage `json:"spec" doc:"Its MIoT-Spec-V2 document."`
}

// Reasoned is the body of what needs a reason and nothing else.
type Reasoned struct {
	Reason string `json:"reason" minLength:"3" maxLength:"500" doc:"Kept in the audit log."`
}

func (a *API) mountHandovers() {
	member(a, huma.Operation{
		OperationID: "hand-over-device", Method: http.MethodPost, Path: "/devices/{did}/handover", Tags: []string{claimsTag},
		Summary: "Make a link by which somebody else takes a device", DefaultStatus: http.StatusCreated,
		Description: "By its owner, or by who ordered it and has not claimed it. It is used once, lives 30 days, and ends the one before it.",
	}, func(ctx context.Context, in *OfDevice) (*reply[handoverMade], error) {
		h, text, err := a.claims.HandOver(ctx, actorOf(ctx).Account, in.DID)
		return answer(handoverMade{ID: h.ID, Code: text, ExpiresAt: instant(h.ExpiresAt)}, err)
	})
	member(a, huma.Operation{
		OperationID: "take-back-handover", Method: http.MethodDelete, Path: "/devices/{did}/handover", Tags: []string{claimsTag}, Summary: "Take the open link back",
	}, func(ctx context.Context, in *OfDevice) (*nothing, error) {
		return nil, a.claims.TakeBack(ctx, actorOf(ctx).Account, in.DID)
	})
	member(a, huma.Operation{
		OperationID: "take-device", Method: http.MethodPost, Path: "/handovers:take", Tags: []string{claimsTag},
		Summary: "Take the device that a link hands over",
		Description: "One that was claimed moves into the home, without its history and with a new key. One that was not is then the caller's to claim " +
			"by its label: the answer is empty.",
	}, func(ctx context.Context, in *struct {
		Body struct {
			Code string `json:"code" maxLength:"200"`
			Home string `json:"home,omitempty" maxLength:"100"`
			Room string `json:"room,omitempty" maxLength:"100"`
		}
	},
	) (*reply[handoverTaken], error) {
		c, err := a.claims.Take(ctx, actorOf(ctx).Account, in.Body.Code, in.Body.Home, in.Body.Room)
		var out handoverTaken
		if c.ID != "" {
			taken := claimOf(c)
			out.Claim = &taken
		}
		return answer(out, err)
	})
}

type handoverTaken struct {
	Claim *Claim `json:"claim,omitempty"`
}

type handoverMade struct {
	ID        string    `json:"id" doc:"hnd_…"`
	Code      string    `json:"code" doc:"What lets take the device. It is shown here and never again: put it behind the # of a link."`
	ExpiresAt time.Time `json:"expires_at"`
}

func (a *API) mountPlacing() {
	member(a, huma.Operation{
		OperationID: "arrange-device", Method: http.MethodPatch, Path: "/devices/{did}/place", Tags: []string{claimsTag},
		Summary:     "Name a device, or put it into another room or home",
		Description: "Members and the owner of its home name it and choose its room. Into another home, or none (an empty home), only its owner moves it.",
	}, func(ctx context.Context, in *struct {
		OfDevice
		Body struct {
			Home *string `json:"home,omitempty" maxLength:"100"`
			Room *string `json:"room,omitempty" maxLength:"100" doc:"Empty: in no room."`
			Name *string `json:"name,omitempty" minLength:"1" maxLength:"240"`
		}
	},
	) (*reply[Device], error) {
		by := actorOf(ctx).Account
		if in.Body.Home != nil {
			if _, err := a.claims.Move(ctx, by, in.DID, *in.Body.Home); err != nil {
				return nil, err
			}
		}
		if in.Body.Room != nil || in.Body.Name != nil {
			if _, err := a.claims.Arrange(ctx, by, in.DID, in.Body.Room, in.Body.Name); err != nil {
				return nil, err
			}
		}
		d, err := a.registry.Device(ctx, in.DID)
		if err == nil {
			err = a.mayWatch(ctx, in.DID)
		}
		return answer(deviceOf(d), err)
	})
	member(a, huma.Operation{
		OperationID: "take-device-out", Method: http.MethodDelete, Path: "/homes/{home}/devices/{did}", Tags: []string{claimsTag},
		Summary: "Take a device out of a home", Description: "The owner of the home or of the device. It stays its owner's.",
	}, func(ctx context.Context, in *struct {
		OfHome
		DID string `path:"did" maxLength:"50"`
	},
	) (*nothing, error) {
		return nil, a.claims.TakeOut(ctx, actorOf(ctx).Account, in.Home, in.DID)
	})
}

func (a *API) mountQuarantine() {
	operator(a, huma.Operation{
		OperationID: "list-quarantined-devices", Method: http.MethodGet, Path: "/devices:quarantined", Tags: []string{claimsTag},
		Summary: "List the devices that are kept out, as they may be clones",
	}, func(ctx context.Context, in *Page) (*reply[deviceList], error) {
		found, err := a.registry.Quarantined(ctx, in.After, in.Limit+1)
		var list deviceList
		list.Devices, list.Next = cut(found, in.Limit, deviceOf, func(d Device) string { return d.DID })
		return answer(list, err)
	})
	operator(a, huma.Operation{
		OperationID: "quarantine-device", Method: http.MethodPost, Path: "/devices/{did}/quarantine", Tags: []string{claimsTag},
		Summary: "Keep a device out", Description: "It is disconnected and cannot log in; its maker hears of it.",
	}, func(ctx context.Context, in *struct {
		OfDevice
		Body Reasoned
	},
	) (*nothing, error) {
		return nil, a.registry.Quarantine(ctx, actorOf(ctx).Account, in.DID, in.Body.Reason)
	})
	operator(a, huma.Operation{
		OperationID: "lift-quarantine", Method: http.MethodDelete, Path: "/devices/{did}/quarantine", Tags: []string{claimsTag},
		Summary: "Let a device in again",
	}, func(ctx context.Context, in *struct {
		OfDevice
		Reason string `query:"reason" required:"true" minLength:"3" maxLength:"500" doc:"Kept in the audit log."`
	},
	) (*nothing, error) {
		return nil, a.registry.LiftQuarantine(ctx, actorOf(ctx).Account, in.DID, in.Reason)
	})
}
