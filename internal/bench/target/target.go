package target

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/proofmark/proofmark/internal/bench/device"
	"github.com/proofmark/proofmark/internal/bench/report"
	"github.com/proofmark/proofmark/internal/bench/wire"
)

// The targets' names, as results show them.
const (
	Gateway         = "proofmark"          // on SQLite
	GatewayPostgres = "proofmark-postgres" // on the database of Request.Database
	Mochi           = "mochi"
	Mosquitto       = "mosquitto"
	URL             = "url"
)

// Target is one broker, ready for load.
type Target struct {
	Name       string
	Addr       wire.Addr
	Devices    []device.Identity
	App        App
	Properties []report.Property
	Process    *Process // nil where we did not start it
	API        *API     // the gateway's; nil for the others
	HTTP       wire.Addr
	Database   string // the gateway's, as a URL
	Data       string // the gateway's folder
	undo       []func() error
	again      func() error // starts the same process once more
}

// App is how an app hears of all devices.
type App struct {
	Login   wire.Login
	Filters []string
}

// Request says what to open.
type Request struct {
	Setup
	Sample  Sample // what the devices are
	Devices int
	App     bool // prepare an account and a token
}

// Open starts and prepares one target. The caller closes it.
func Open(ctx context.Context, name string, r Request) (*Target, error) {
	open := map[string]func(context.Context, *Target, Request) error{
		Gateway: openGateway, GatewayPostgres: openGateway, Mochi: openMochi, Mosquitto: openMosquitto, URL: openURL,
	}[name]
	if open == nil {
		return nil, fmt.Errorf("target %q: there is %s, %s, %s, %s and %s", name, Gateway, GatewayPostgres, Mochi, Mosquitto, URL)
	}
	t := &Target{Name: name, Properties: r.Sample.Properties}
	if err := open(ctx, t, r); err != nil {
		return nil, errors.Join(fmt.Errorf("target %s: %w", name, err), t.Close())
	}
	return t, nil
}

// OpenAll opens every name of the request; on an error none stays open.
func OpenAll(ctx context.Context, r Request) ([]*Target, error) {
	var targets []*Target
	for _, name := range r.Targets {
		t, err := Open(ctx, name, r)
		if err != nil {
			return nil, errors.Join(err, CloseAll(targets))
		}
		targets = append(targets, t)
	}
	return targets, nil
}

// CloseAll closes them all.
func CloseAll(targets []*Target) error {
	var all error
	for _, t := range targets {
		all = errors.Join(all, t.Close())
	}
	return all
}

// Close stops the target and removes what it was given, last things first.
func (t *Target) Close() error {
	var all error
	for i := len(t.undo) - 1; i >= 0; i-- {
		all = errors.Join(all, t.undo[i]())
	}
	t.undo = nil
	return all
}

// open is the request for a broker that lets everyone in: the login patterns are for the one given by URL.
func (r Request) open() Request {
	r.Username, r.Password = "", ""
	return r
}

// strangers fills in devices and an app for a broker that knows no accounts: the device topics, any login.
func (t *Target) strangers(r Request) {
	for i := range r.Devices {
		did := fmt.Sprintf("bench-%06d", i)
		t.Devices = append(t.Devices, device.Identity{
			DID: did, Username: strings.ReplaceAll(r.Username, "{did}", did),
			Password: strings.ReplaceAll(r.Password, "{did}", did), Model: r.Sample.Model,
		})
	}
	const app = "app.bench.1"
	t.App = App{
		Login: wire.Login{
			ClientID: app, Username: strings.ReplaceAll(r.Username, "{did}", app),
			Password: strings.ReplaceAll(r.Password, "{did}", app),
		},
		Filters: []string{report.Topic("+")},
	}
}

func openURL(_ context.Context, t *Target, r Request) (err error) {
	t.strangers(r)
	t.Addr, err = wire.Loopback(r.URL)
	return err
}
