package api

import (
	"context"
	"encoding/json"
	"errors"

	"golang.org/x/sync/errgroup"

	"github.com/proofmark/proofmark/miot"
	"github.com/proofmark/proofmark/registry"
)

// appDevices is how many devices of one call are asked side by side.
const appDevices = 16

// appProperty is the result of one item of prop/get and prop/set.
type appProperty struct {
	DID       string          `json:"did"`
	SIID      int             `json:"siid"`
	PIID      int             `json:"piid"`
	Code      miot.Code       `json:"code"`
	Value     json.RawMessage `json:"value,omitempty"`
	UpdatedAt int64           `json:"updateTime,omitempty" doc:"Unix seconds; of values from the twin."`
	Command   string          `json:"command,omitempty" doc:"cmd_… of what was queued."`
}

func (a *API) appGet(ctx context.Context, account string, body []byte) (any, error) {
	c, err := parsePropertiesCall(body)
	if err != nil {
		return nil, err
	}
	return a.perDevice(ctx, account, c, func(ctx context.Context, did string, items []miot.PropertyValue, out []appProperty) error {
		if c.DataSource == 1 {
			return a.fromTwin(ctx, did, out)
		}
		refs := make([]miot.PropertyRef, len(items))
		for i, it := range items {
			refs[i] = miot.PropertyRef{DID: did, SIID: it.SIID, PIID: it.PIID}
		}
		found, err := a.registry.GetProperties(ctx, did, refs)
		fill(out, found)
		return err
	}), nil
}

func (a *API) appSet(ctx context.Context, account string, body []byte) (any, error) {
	c, err := parsePropertiesCall(body)
	if err != nil {
		return nil, err
	}
	return a.perDevice(ctx, account, c, func(ctx context.Context, did string, items []miot.PropertyValue, out []appProperty) error {
		found, err := a.registry.SetProperties(ctx, did, items)
		if c.Queue && errors.Is(err, registry.ErrOffline) {
			return a.queueSet(ctx, account, did, items, c.appOptions, out)
		}
		fill(out, found)
		return err
	}), nil
}

// deviceCall does what is to be done with the items of one device and writes
// what became of each to out; an error is what became of all.
type deviceCall func(ctx context.Context, did string, items []miot.PropertyValue, out []appProperty) error

// perDevice parts a call by device, asks the devices side by side, and puts the
// results into the order of the call.
func (a *API) perDevice(ctx context.Context, account string, c propertiesCall, call deviceCall) []appProperty {
	results := make([]appProperty, len(c.Params))
	places := make(map[string][]int)
	var dids []string // in the order of the call
	for i, it := range c.Params {
		results[i] = appProperty{DID: it.DID, SIID: it.SIID, PIID: it.PIID}
		if places[it.DID] == nil {
			dids = append(dids, it.DID)
		}
		places[it.DID] = append(places[it.DID], i)
	}
	var side errgroup.Group
	side.SetLimit(appDevices)
	for _, did := range dids {
		side.Go(func() error {
			at := places[did]
			items, out := make([]miot.PropertyValue, len(at)), make([]appProperty, len(at))
			for j, i := range at {
				items[j], out[j] = c.Params[i], results[i]
			}
			err := a.reach(ctx, account, did)
			if err == nil {
				err = call(ctx, did, items, out)
			}
			var code miot.Code
			if err != nil {
				code, _ = a.appError(ctx, err)
			}
			for j, i := range at {
				if err != nil {
					out[j].Code = code
				}
				results[i] = out[j]
			}
			return nil
		})
	}
	_ = side.Wait() // what went wrong stands in the results
	return results
}

func fill(out []appProperty, found []miot.ItemResult) {
	for i, f := range found {
		out[i].Code, out[i].Value = f.Code.Cloud(), f.Value
	}
}

// fromTwin answers with the last known values, without asking the device.
func (a *API) fromTwin(ctx context.Context, did string, out []appProperty) error {
	t, err := a.registry.Twin(ctx, did)
	if err != nil {
		return err
	}
	for i := range out {
		o := &out[i]
		o.Code = miot.CloudNoProperty // never reported, or none
		for _, v := range t.Reported {
			if v.SIID == o.SIID && v.PIID == o.PIID {
				o.Code, o.Value, o.UpdatedAt = 0, v.Value, v.At.Unix()
			}
		}
	}
	return nil
}

// queueSet keeps a set for a device that is offline, in as many commands as the
// device's limits ask for. What the spec refuses is refused now, not when the
// device comes back.
func (a *API) queueSet(ctx context.Context, account, did string, items []miot.PropertyValue, o appOptions, out []appProperty) error {
	checked, err := a.registry.CheckSet(ctx, did, items)
	if err != nil {
		return err
	}
	fill(out, checked)
	var good []miot.PropertyValue
	var at []int
	for i, c := range checked {
		if c.Code == miot.CodeDone {
			good, at = append(good, items[i]), append(at, i)
		}
	}
	parts, err := miot.SplitSet(good, 0, 0)
	if err != nil {
		return &badCall{err.Error()}
	}
	for _, part := range parts {
		q := miot.SetProperties(0, part)
		c, err := a.registry.Queue(ctx, account, did, q.Method, q.Params, o.ttl())
		if err != nil {
			return err
		}
		for _, i := range at[:len(part)] {
			out[i].Code, out[i].Command = miot.CodeAccepted, c.ID
		}
		at = at[len(part):]
	}
	return nil
}
