package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"text/template"

	"github.com/proofmark/proofmark/certification/virtual"
	"github.com/proofmark/proofmark/internal/auth"
	"github.com/proofmark/proofmark/internal/demo"
	"github.com/proofmark/proofmark/miot"
	"github.com/proofmark/proofmark/registry"
	"github.com/proofmark/proofmark/web"
)

// demoDevice is one device of the sample world. One that is not moved is left
// for the reader to play with.
type demoDevice struct {
	did, sample, name string
	room              string // of the sample home; empty: in none
	parent            string
	moved             bool
	boxed             bool // nobody's yet: its label is for the reader to claim it with
}

var demoWorld = []demoDevice{
	{did: "purifier-1", sample: "air-purifier", name: "Living room purifier", room: "Living room", moved: true},
	{did: "purifier-2", sample: "air-purifier", name: "Your purifier", room: "Bedroom"},
	{did: "purifier-3", sample: "air-purifier", moved: true, boxed: true},
	{did: "lamp-1", sample: "lamp", name: "Reading lamp", room: "Living room", moved: true},
	{did: "vacuum-1", sample: "vacuum", name: "Vacuum", moved: true},
	{did: "gateway-1", sample: "gateway", name: "Hall gateway", room: "Hall", moved: true},
	{did: "climate-1", sample: "climate-sensor", name: "Hall climate", room: "Hall", parent: "gateway-1", moved: true},
}

// demoFile keeps what the sample world needs to be the same at the next start:
// the devices' secrets, as a device keeps its own.
const demoFile = "demo.json"

type demoState struct {
	Account string            `json:"account"` // whose the home is
	Home    string            `json:"home"`
	App     string            `json:"app_token"`
	Secrets map[string]string `json:"secrets"`
	Code    string            `json:"claim_code"` // of the device in its box
}

// StartDemo fills the service with a sample world, lets virtual devices move it,
// and writes to w how to look at it. The world stays over restarts.
func (a *App) StartDemo(ctx context.Context, w io.Writer) error {
	world := a.sampleWorld()
	if err := world.Settle(ctx); err != nil {
		return fmt.Errorf("sample world: %w", err)
	}
	if err := a.invite(ctx); err != nil {
		return fmt.Errorf("sample world: %w", err)
	}
	s, err := a.demoWorld(ctx)
	if err != nil {
		return fmt.Errorf("sample world: %w", err)
	}
	moving, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	a.onStop("virtual devices", func(ctx context.Context) error {
		cancel()
		select {
		case <-ended:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	})
	devices, err := a.demoDevices(s)
	if err != nil {
		close(ended)
		return fmt.Errorf("sample world: %w", err)
	}
	a.grown, a.lived = make(chan struct{}), make(chan struct{})
	go func() {
		defer close(a.lived)
		err := world.Grow(moving)
		close(a.grown)
		if err == nil {
			err = world.Live(moving)
		}
		if err != nil && moving.Err() == nil {
			a.log.Warn("the sample world is not whole", "err", err)
		}
	}()
	go func() {
		defer func() { <-a.lived; world.Wait(); close(ended) }()
		run(moving, devices, func(did string, err error) { a.log.Warn("virtual device ended", "did", did, "err", err) })
	}()
	return a.demoBanner(w, s)
}

// invite lets visitors be the people of the sample world.
func (a *App) invite(ctx context.Context) error {
	var all []web.DemoPerson
	for _, p := range demo.People {
		acc, err := a.auth.AccountByEmail(ctx, p.Email)
		if err != nil {
			return err
		}
		all = append(all, web.DemoPerson{Account: acc.ID, Name: p.Name, Role: p.Role(), Story: p.Does})
	}
	a.visitors.Store(&all)
	return nil
}

// demoPeople are whom a visitor may be; nil outside a demonstration.
func (a *App) demoPeople() func() []web.DemoPerson {
	if !a.cfg.Demo {
		return nil
	}
	return func() []web.DemoPerson {
		if all := a.visitors.Load(); all != nil {
			return *all
		}
		return nil
	}
}

// sampleWorld is the sample world of this service.
func (a *App) sampleWorld() *demo.World {
	w := &demo.World{
		Auth: a.auth, Registry: a.registry, Programme: a.programme, Rig: a.rig, Reviews: a.reviews, Regulatory: a.certs.regulatory,
		Field: demo.Field{Factory: a.factory, Keys: a.certs.keys.Keyring, Homes: a.homes, Claims: a.claims, Firmware: a.fleet.firmware, Broker: "tcp://" + a.addrs.MQTT},
		Shop:  demo.Shop{Desk: a.deskAt, Book: a.book, Pay: a.pay, Fulfil: a.fulfil, PSP: a.psp}, Blobs: a.blobs, Log: a.log.With("part", "sample world"),
	}
	if a.addrs.Bench != "" {
		host, port := split(a.addrs.Bench)
		w.Bench = net.JoinHostPort(host, port)
	}
	return w
}

// run moves all devices until ctx ends.
func run(ctx context.Context, devices []*virtual.Device, failed func(did string, err error)) {
	done := make(chan struct{})
	for _, d := range devices {
		go func() {
			if err := d.Run(ctx); err != nil && ctx.Err() == nil {
				failed(d.DID(), err)
			}
			done <- struct{}{}
		}()
	}
	for range devices {
		<-done
	}
}

// demoWorld makes what is missing of the sample world.
func (a *App) demoWorld(ctx context.Context) (demoState, error) {
	file := filepath.Join(a.cfg.Data, demoFile)
	s := demoState{Secrets: make(map[string]string)}
	b, err := os.ReadFile(file)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return s, err
	}
	if err == nil {
		if err := json.Unmarshal(b, &s); err != nil {
			return s, fmt.Errorf("%s: %w", file, err)
		}
	}
	if s.Account == "" {
		acc, err := a.auth.AccountByEmail(ctx, demo.Bela.Email)
		if err != nil {
			return s, err
		}
		_, token, err := a.auth.CreateToken(ctx, auth.NewToken{Account: acc.ID, Name: "demo app", Scopes: []auth.Scope{auth.ScopeApp}})
		if err != nil {
			return s, err
		}
		s.Account, s.App = acc.ID, token
	}
	for _, d := range demoWorld {
		if err := a.demoDevice(ctx, d, &s); err != nil {
			return s, fmt.Errorf("%s: %w", d.did, err)
		}
	}
	if err := a.demoHome(ctx, &s); err != nil {
		return s, fmt.Errorf("the sample home: %w", err)
	}
	if b, err = json.MarshalIndent(s, "", "  "); err != nil {
		return s, err
	}
	return s, writeFile(file, b, 0o600)
}

func (a *App) demoDevice(ctx context.Context, d demoDevice, s *demoState) error {
	_, err := a.registry.Device(ctx, d.did)
	if err == nil && (d.parent != "" || !d.moved && s.Secrets[d.did] != "") {
		return nil
	}
	if err == nil { // a claim or an export may have changed its secret since
		_, s.Secrets[d.did], err = a.registry.AddCredential(ctx, d.did, true)
		return err
	}
	if !errors.Is(err, registry.ErrNotFound) {
		return err
	}
	product, err := a.demoProduct(ctx, d.sample)
	if err != nil {
		return err
	}
	owner := s.Account
	if d.boxed {
		owner = ""
	}
	_, secret, err := a.registry.CreateDevice(ctx, registry.NewDevice{
		DID: d.did, ProductID: product, Account: owner, Parent: d.parent, Name: d.name,
	})
	if secret != "" {
		s.Secrets[d.did] = secret
	}
	return err
}

func (a *App) demoProduct(ctx context.Context, sample string) (string, error) {
	spec, err := miot.Parse(miot.Sample(sample))
	if err != nil {
		return "", err
	}
	urn, err := spec.URN()
	if err != nil {
		return "", err
	}
	p, err := a.registry.ProductByModel(ctx, urn.Model)
	if errors.Is(err, registry.ErrNotFound) {
		p, _, err = a.registry.CreateProduct(ctx, spec.Description, miot.Sample(sample))
	}
	return p.ID, err
}

// demoDevices are the virtual devices that move the world, over the same
// listener as everybody's.
func (a *App) demoDevices(s demoState) ([]*virtual.Device, error) {
	var out []*virtual.Device
	for _, d := range demoWorld {
		if !d.moved || d.parent != "" {
			continue
		}
		spec, err := miot.Parse(miot.Sample(d.sample))
		if err != nil {
			return nil, err
		}
		c := virtual.Config{
			Spec: spec, DID: d.did, Secret: s.Secrets[d.did], Broker: "tcp://" + a.addrs.MQTT,
			Logger: a.log.With("part", "virtual device"),
		}
		for _, sub := range demoWorld {
			if sub.parent != d.did {
				continue
			}
			spec, err := miot.Parse(miot.Sample(sub.sample))
			if err != nil {
				return nil, err
			}
			c.SubDevices = append(c.SubDevices, virtual.SubDevice{DID: sub.did, Spec: spec})
		}
		v, err := virtual.New(c)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, nil
}

var demoText = template.Must(template.New("demo").Parse(`
Proofmark is running a DEMO: its devices are virtual and its data is made up.

  Site and log-ins    {{.URL}}/log-in (one click for each role)
  A home, live        {{.URL}}/homes (as Bela Shah)
{{- if .Code}}
  A label to claim    {{.URL}}/claim?did=purifier-3&code={{.Code}}
{{- end}}
  API and reference   {{.URL}}/api/docs
  Metrics             http://{{.Metrics}}/metrics
  Operator's token    in {{.TokenFile}}
{{- if .PSPKeys}}
  Payment simulator   {{.URL}}/psp/operator (log in with id and secret of {{.PSPKeys}})
{{- end}}

Watch the living room move (twin, then live events; Ctrl-C ends them):

  TOKEN=$(cat {{.TokenFile}})
  curl -s -H "Authorization: Bearer $TOKEN" {{.URL}}/api/v1/devices/purifier-1/twin
  curl -sN -H "Authorization: Bearer $TOKEN" {{.URL}}/api/v1/events?did=purifier-1

Be a device: report 12 µg/m³ of PM2.5 as purifier-2, then read it back:

  mosquitto_pub -V 5 -h {{.Host}} -p {{.Port}} -i purifier-2 -u purifier-2 -P {{.Secret}} -q 1 -t device/purifier-2/up/properties_changed -m '{"id":1,"method":"properties_changed","params":[{"did":"purifier-2","siid":3,"piid":1,"value":12}]}'
  curl -s -H "Authorization: Bearer $TOKEN" {{.URL}}/api/v1/devices/purifier-2/twin

Be an app: see every report of the home's purifier, and command it:

  mosquitto_sub -h {{.Host}} -p {{.Port}} -i app.{{.Account}}.phone -u {{.Account}} -P {{.App}} -v -t 'device/purifier-1/#'
  curl -s -H "Authorization: Bearer {{.App}}" -d '{"params":[{"did":"purifier-1","siid":2,"piid":1,"value":true}]}' -H 'Content-Type: application/json' {{.URL}}/app/v2/miotspec/prop/set

Ctrl-C stops it. The world stays in {{.Data}}.
`))

// demoBanner says how to look at the world. The secrets that it shows open
// nothing but the sample devices.
func (a *App) demoBanner(w io.Writer, s demoState) error {
	host, port := split(a.addrs.MQTT)
	keys := ""
	if a.psp != nil {
		keys = filepath.Join(a.cfg.Data, pspKeys)
	}
	_, httpPort := split(a.addrs.HTTP)
	return demoText.Execute(w, map[string]string{
		"URL": "http://localhost:" + httpPort, "Metrics": a.addrs.Metrics,
		"PSPKeys":   keys,
		"TokenFile": filepath.Join(a.cfg.Data, operatorTokenFile), "Data": a.cfg.Data,
		"Host": host, "Port": port, "Secret": s.Secrets["purifier-2"],
		"Account": s.Account, "App": s.App, "Code": s.Code,
	})
}
