package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/proofmark/proofmark/internal/auth"
	"github.com/proofmark/proofmark/internal/bus"
	"github.com/proofmark/proofmark/internal/jobs"
	"github.com/proofmark/proofmark/registry"
	"github.com/proofmark/proofmark/registry/bridges"
	"github.com/proofmark/proofmark/registry/claims"
	"github.com/proofmark/proofmark/registry/homes"
)

// recheckEvery is how long a lost event may leave somebody with a subscription or a
// connection that is no longer his.
const recheckEvery = time.Minute

func (a *App) startHomes(context.Context) error {
	a.homes = homes.New(homes.Options{Store: a.db.Homes(), Log: a.log.With("part", "homes")})
	return nil
}

// startClaims comes after the registry and campaigns.
func (a *App) startClaims(context.Context) error {
	a.claims = claims.New(claims.Options{
		Store: a.db.Claims(), Devices: a.registry, Homes: a.homes, Orders: ordered{a}, Log: a.log.With("part", "claims"),
	})
	return nil
}

// startBridges comes before the broker, and stops after it.
func (a *App) startBridges(context.Context) error {
	a.bridges = bridges.New(bridges.Options{
		Store: a.db.Bridges(), Devices: a.registry, Homes: a.homes, Tokens: a.auth, Log: a.log.With("part", "bridges"),
	})
	a.onStop("bridges", a.bridges.Stop)
	return nil
}

// arrived tells fulfilment that a device came to life where it was sent.
func (a *App) arrived(ctx context.Context, did string) error {
	d, err := a.registry.Device(ctx, did)
	if errors.Is(err, registry.ErrNotFound) { // removed since
		return nil
	}
	if err != nil {
		return err
	}
	return a.fulfil.Alive(ctx, d.ProductID, d.DID)
}

// ordered says whose unit a device is: claims.Orders over campaigns.
type ordered struct{ a *App }

// Ordered implements claims.Orders.
func (o ordered) Ordered(ctx context.Context, product, did string) (claims.Ordered, bool, error) {
	s, err := o.a.fulfil.ShipmentOfSerial(ctx, product, did)
	if errors.Is(err, registry.ErrNotFound) {
		return claims.Ordered{}, false, nil
	}
	if err != nil {
		return claims.Ordered{}, false, err
	}
	order, err := o.a.db.Campaigns().Order(ctx, s.OrderID)
	return claims.Ordered{Account: order.Backer, Order: order.ID}, err == nil, err
}

func (a *App) registerHomes() {
	a.jobs.Register(claims.ArrivedJob, func(ctx context.Context, j jobs.Job) error { return a.arrived(ctx, string(j.Payload)) })
	a.jobs.Register(homes.GuestEndJob, func(ctx context.Context, j jobs.Job) error {
		var stay homes.Stay
		if err := json.Unmarshal(j.Payload, &stay); err != nil {
			return fmt.Errorf("payload of %s: %w", j.Kind, err)
		}
		return a.homes.EndStay(ctx, stay)
	})
}

// startRights takes from live sessions what a change in a home, or the end of a
// token, took from their accounts, whichever node it was made on.
func (a *App) startRights(context.Context) error {
	ctx, cancel := context.WithCancel(context.Background())
	var subs []bus.Subscription
	for pattern, hear := range map[string]func(context.Context, bus.Message){
		registry.HomeSubjects: a.onHome, "device.*.record": a.onRecord, auth.EndedSubjects: a.onEnded,
	} {
		sub, err := a.bus.Subscribe(pattern, func(m bus.Message) { hear(ctx, m) })
		if err != nil {
			cancel()
			return err // what is subscribed to ends with the bus
		}
		subs = append(subs, sub)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(recheckEvery)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				a.broker.Recheck(ctx, "", "")
				a.broker.Reshow(ctx, "")
				a.broker.RecheckLogins(ctx, "")
			case <-ctx.Done():
				return
			}
		}
	}()
	a.onStop("rights", func(context.Context) error {
		for _, sub := range subs {
			_ = sub.Unsubscribe() // the bus itself closes next
		}
		cancel()
		<-ended
		return nil
	})
	return nil
}

func (a *App) onHome(ctx context.Context, m bus.Message) {
	a.homes.OnEvent(m)
	var e registry.HomeEvent
	if json.Unmarshal(m.Data, &e) != nil { // the homes have logged it
		return
	}
	switch e.What {
	case registry.HomeMembers, registry.HomeDevices, registry.HomeRemoved:
		a.broker.Recheck(ctx, e.Account, e.DID)
	}
	a.broker.Reshow(ctx, e.Home)
	if e.What != registry.HomeMembers && e.What != registry.HomeRemoved {
		return
	}
	// Hubs have been sent by now that nothing is there any more.
	a.broker.RecheckLogins(ctx, e.Account)
	if e.Account == "" {
		return
	}
	if in, err := a.homes.MayEnter(ctx, e.Account, e.Home); err != nil || !in { // who cannot be told yes may come back
		a.broker.LeftHome(e.Account)
	}
}

// onEnded shows out who is connected with a token that has ended.
func (a *App) onEnded(ctx context.Context, m bus.Message) {
	if account, ok := a.auth.OnEnded(m); ok {
		a.broker.RecheckLogins(ctx, account)
	}
}

// onRecord tells hubs of what changed of a device itself, such as its spec or its
// firmware. One that was removed is in no home any more, so that all are told.
func (a *App) onRecord(ctx context.Context, m bus.Message) {
	if !a.broker.HasBridges() {
		return
	}
	var e struct {
		DID string `json:"did"`
	}
	if json.Unmarshal(m.Data, &e) != nil { // the registry has logged it
		return
	}
	_, err := a.registry.Device(ctx, e.DID)
	removed := errors.Is(err, registry.ErrNotFound)
	home, err := a.registry.HomeOf(ctx, e.DID)
	if err == nil && (home != "" || removed) {
		a.broker.Reshow(ctx, home)
	}
}
