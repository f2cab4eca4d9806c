package api

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/proofmark/proofmark/registry"
)

type twin struct {
	DID      string      `json:"did"`
	Reported []twinValue `json:"reported"`
	Desired  []desired   `json:"desired" doc:"The open wishes."`
}

type twinValue struct {
	SIID       int              `json:"siid"`
	PIID       int              `json:"piid"`
	Value      json.RawMessage  `json:"value"`
	At         time.Time        `json:"at" doc:"The value's own time."`
	ReceivedAt time.Time        `json:"received_at"`
	Quality    registry.Quality `json:"quality" enum:"good,late,read" doc:"late: the device's clock was not believed; read: not reported, but asked for."`
}

type desired struct {
	ID        string                `json:"id" doc:"des_…"`
	SIID      int                   `json:"siid"`
	PIID      int                   `json:"piid"`
	Value     json.RawMessage       `json:"value"`
	State     registry.DesiredState `json:"state"`
	CreatedAt time.Time             `json:"created_at"`
	ExpiresAt time.Time             `json:"expires_at"`
}

func twinValueOf(v registry.TwinValue) twinValue {
	return twinValue{v.SIID, v.PIID, v.Value, instant(v.At), instant(v.ReceivedAt), v.Quality}
}

func desiredOf(d registry.Desired) desired {
	return desired{d.ID, d.SIID, d.PIID, d.Value, d.State, instant(d.CreatedAt), instant(d.ExpiresAt)}
}

func (a *API) mountTwin() {
	watcher(a, huma.Operation{
		OperationID: "get-twin", Method: http.MethodGet, Path: "/devices/{did}/twin", Tags: []string{"Twin"},
		Summary: "Read what is known of a device", Description: "The last reported values and the open wishes. The device itself is not asked.",
	}, func(ctx context.Context, in *OfDevice) (*reply[twin], error) {
		t, err := a.registry.Twin(ctx, in.DID)
		return answer(twin{t.DID, each(t.Reported, twinValueOf), each(t.Desired, desiredOf)}, err)
	})
	operator(a, huma.Operation{
		OperationID: "desire", Method: http.MethodPut, Path: "/devices/{did}/twin/desired", Tags: []string{"Twin"},
		Summary:     "Wish a value for a property",
		Description: "For properties that can be read and written. It is sent now or at the next connect, and ends when the device reports it, when it reports another value later, or with its time to live. It replaces an open wish for the same property.",
	}, func(ctx context.Context, in *struct {
		OfDevice
		Body struct {
			SIID  int             `json:"siid" minimum:"1"`
			PIID  int             `json:"piid" minimum:"1"`
			Value json.RawMessage `json:"value"`
			TTL   int             `json:"ttl_s,omitempty" minimum:"0" maximum:"2592000" doc:"Seconds; one day when absent."`
		}
	},
	) (*reply[desired], error) {
		b := in.Body
		d, err := a.registry.Desire(ctx, asker(ctx), in.DID, b.SIID, b.PIID, b.Value, seconds(b.TTL))
		return answer(desiredOf(d), err)
	})
	operator(a, huma.Operation{
		OperationID: "withdraw", Method: http.MethodDelete, Path: "/devices/{did}/twin/desired/{id}", Tags: []string{"Twin"},
		Summary: "Withdraw a wish",
	}, func(ctx context.Context, in *struct {
		OfDevice
		ID string `path:"id" maxLength:"100" doc:"des_…"`
	},
	) (*nothing, error) {
		return nil, a.registry.Withdraw(ctx, in.DID, in.ID)
	})
}
