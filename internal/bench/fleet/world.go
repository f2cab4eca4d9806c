package fleet

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/proofmark/proofmark/internal/bench/device"
	"github.com/proofmark/proofmark/internal/bench/report"
	"github.com/proofmark/proofmark/internal/bench/target"
	"github.com/proofmark/proofmark/internal/bench/wire"
	"github.com/proofmark/proofmark/miot"
)

// models are what the fleet is made of, in equal parts.
var models = []string{"air-purifier", "lamp", "vacuum", "climate-sensor"}

// home is an account with its app and its devices.
type home struct {
	login   wire.Login
	members []*member
}

// member is one device of a home.
type member struct {
	device.Identity
	n      int // of the whole fleet
	writer *report.Writer

	sent    []report.Report // in their order; all of them acknowledged when the run has ended well
	refused string
}

// settle makes the products, the homes and their devices.
func settle(ctx context.Context, t *target.Target, o *Options) ([]*home, error) {
	products := make([]struct {
		ID    string `json:"id"`
		Model string `json:"model"`
	}, len(models))
	properties := make([][]report.Property, len(models))
	for i, name := range models {
		document := miot.Sample(name)
		spec, err := miot.Parse(document)
		if err == nil {
			properties[i], err = report.Of(spec)
		}
		if err != nil {
			return nil, fmt.Errorf("sample %s: %w", name, err)
		}
		if err := t.API.Post(ctx, "/api/v1/products", map[string]any{"name": name, "spec": json.RawMessage(document)}, &products[i]); err != nil {
			return nil, err
		}
	}
	homes := make([]*home, o.Apps)
	n := 0
	for h := range homes {
		var account struct {
			ID string `json:"id"`
		}
		if err := t.API.Post(ctx, "/api/v1/accounts", map[string]any{"name": fmt.Sprintf("home %d", h)}, &account); err != nil {
			return nil, err
		}
		var made struct {
			Token string `json:"token"`
		}
		if err := t.API.Post(ctx, "/api/v1/tokens", map[string]any{"account": account.ID, "name": "fleet", "scopes": []string{"app"}}, &made); err != nil {
			return nil, err
		}
		homes[h] = &home{login: wire.Login{ClientID: "app." + account.ID + ".fleet", Username: account.ID, Password: made.Token, Version: 5}}
		size := o.Devices / o.Apps
		for i, p := range products {
			dids := []string{}
			for k := i; k < size; k += len(products) {
				dids = append(dids, fmt.Sprintf("fleet-%03d-%04d", h, k))
			}
			if len(dids) == 0 {
				continue
			}
			var made struct {
				Devices []struct {
					DID    string `json:"did"`
					Secret string `json:"secret"`
				} `json:"devices"`
			}
			if err := t.API.Post(ctx, "/api/v1/devices:batch", map[string]any{"product_id": p.ID, "dids": dids, "account": account.ID}, &made); err != nil {
				return nil, err
			}
			for _, d := range made.Devices {
				homes[h].members = append(homes[h].members, &member{
					Identity: device.Identity{DID: d.DID, Username: d.DID, Password: d.Secret, Model: p.Model},
					n:        n, writer: report.NewWriter(d.DID, properties[i]),
				})
				n++
			}
		}
	}
	return homes, nil
}
