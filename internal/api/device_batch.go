package api

import (
	"context"
	"fmt"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"github.com/proofmark/proofmark/miot"
	"github.com/proofmark/proofmark/registry"
)

// secret is a new device's login.
type secret struct {
	DID    string `json:"did"`
	Secret string `json:"secret" doc:"Shown here and never again."`
}

type secretList struct {
	Devices []secret `json:"devices" doc:"In the order of the dids that were asked for."`
}

// batchWorkers create devices side by side: PostgreSQL commits them together,
// SQLite takes one after the other anyway.
const batchWorkers = 16

func (a *API) createDevices(ctx context.Context, in *struct {
	Body struct {
		ProductID string   `json:"product_id" maxLength:"100"`
		SpecID    string   `json:"spec_id,omitempty" maxLength:"100" doc:"The product's latest when absent."`
		DIDs      []string `json:"dids" minItems:"1" maxItems:"10000"`
		Account   string   `json:"account,omitempty" maxLength:"100"`
	}
},
) (*reply[secretList], error) {
	b := in.Body
	if err := checkDIDs(b.DIDs); err != nil {
		return nil, err
	}
	if err := a.accountExists(ctx, b.Account); err != nil {
		return nil, err
	}
	if b.SpecID == "" { // once, not once per device
		versions, err := a.registry.Specs(ctx, b.ProductID)
		if err != nil {
			return nil, err
		}
		b.SpecID = versions[len(versions)-1].ID
	}
	made := make([]secret, len(b.DIDs))
	failed := make([]error, len(b.DIDs))
	var stop atomic.Bool
	var workers errgroup.Group
	workers.SetLimit(batchWorkers)
	for i, did := range b.DIDs {
		if stop.Load() || ctx.Err() != nil {
			break
		}
		workers.Go(func() error {
			n := registry.NewDevice{DID: did, ProductID: b.ProductID, SpecID: b.SpecID, Account: b.Account}
			// What was begun is finished: a device whose secret nobody saw is of no use.
			d, s, err := a.registry.CreateDevice(context.WithoutCancel(ctx), n)
			if err != nil {
				failed[i] = err
				stop.Store(true)
				return nil
			}
			made[i] = secret{d.DID, s}
			return nil
		})
	}
	_ = workers.Wait() // each worker keeps its own error
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return answerBatch(b.DIDs, made, failed)
}

func answerBatch(dids []string, made []secret, failed []error) (*reply[secretList], error) {
	for i, err := range failed {
		if err == nil {
			continue
		}
		p := *problemOf(err)
		p.Detail = fmt.Sprintf("stopped at dids[%d] %s: %s", i, dids[i], p.Detail)
		for _, s := range made {
			if s.DID != "" {
				p.Devices = append(p.Devices, s)
			}
		}
		return nil, &p
	}
	return answer(secretList{made}, nil)
}

// checkDIDs finds what can be found before anything is created.
func checkDIDs(dids []string) error {
	seen := make(map[string]bool, len(dids))
	for i, did := range dids {
		if err := miot.ValidDID(did); err != nil {
			return fmt.Errorf("%w: dids[%d]: %w", registry.ErrBadRequest, i, err)
		}
		if seen[did] {
			return fmt.Errorf("%w: dids[%d]: %s is in the list twice", registry.ErrBadRequest, i, did)
		}
		seen[did] = true
	}
	return nil
}
