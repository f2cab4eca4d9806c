package api

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/proofmark/proofmark/registry"
)

// Device is one unit of a product.
type Device struct {
	DID       string      `json:"did" example:"purifier-1"`
	ProductID string      `json:"product_id"`
	SpecID    string      `json:"spec_id"`
	Account   string      `json:"account,omitempty" doc:"Whose it is; absent while nobody's."`
	Parent    string      `json:"parent,omitempty" doc:"The did of the gateway that speaks for it."`
	Name      string      `json:"name"`
	Home      string      `json:"home,omitempty" doc:"hom_… in which it stands."`
	Room      string      `json:"room,omitempty" doc:"rom_…"`
	Info      *deviceInfo `json:"info,omitempty" doc:"What it last said of itself (miIO.info)."`
	CreatedAt time.Time   `json:"created_at"`

	QuarantinedAt *time.Time `json:"quarantined_at,omitempty" doc:"Since when it is kept out, as it may be a clone."`
	Quarantine    string     `json:"quarantine,omitempty" doc:"Why."`
	ResetAt       *time.Time `json:"reset_at,omitempty" doc:"When it last asked in with its factory's key after that was replaced: its button was pressed; its owner lets it in by a release."`
}

type deviceInfo struct {
	Model    string          `json:"model"`
	Firmware string          `json:"firmware"`
	Hardware string          `json:"hardware,omitempty"`
	Raw      json.RawMessage `json:"raw,omitempty" doc:"The whole answer."`
	At       time.Time       `json:"at"`
}

func deviceOf(d registry.Device) Device {
	out := Device{
		DID: d.DID, ProductID: d.ProductID, SpecID: d.SpecID, Account: d.Account, Parent: d.Parent,
		Name: d.Name, Home: d.Home, Room: d.Room, CreatedAt: instant(d.CreatedAt),
		QuarantinedAt: someday(d.QuarantinedAt), Quarantine: d.Quarantine, ResetAt: someday(d.ResetAt),
	}
	if i := d.Info; !i.At.IsZero() {
		out.Info = &deviceInfo{Model: i.Model, Firmware: i.Firmware, Hardware: i.Hardware, Raw: i.Raw, At: instant(i.At)}
	}
	return out
}

type deviceCreated struct {
	Device
	Secret string `json:"secret,omitempty" doc:"The device's password. It is shown here and never again. A sub-device has none."`
}

type deviceList struct {
	Devices []Device `json:"devices"`
	Next    string   `json:"next,omitempty" doc:"Give it as after to read on; absent at the end."`
}

// OfDevice is the path of everything that is about one device.
type OfDevice struct {
	DID string `path:"did" maxLength:"50" doc:"The device's id."`
}

func (in *OfDevice) devices() []string { return []string{in.DID} }

func (a *API) mountDevices() {
	operator(a, huma.Operation{
		OperationID: "create-device", Method: http.MethodPost, Path: "/devices", Tags: []string{"Devices"},
		Summary: "Register a device", DefaultStatus: http.StatusCreated,
		Description: "The answer holds the device's secret, once.",
	}, a.createDevice)
	operator(a, huma.Operation{
		OperationID: "create-devices", Method: http.MethodPost, Path: "/devices:batch", Tags: []string{"Devices"},
		Summary: "Register many devices of one product", DefaultStatus: http.StatusCreated, MaxBodyBytes: batchLimit,
		Description: "Up to 10,000. It stops at the first device that cannot be created: the problem then lists under devices, with their secrets, those that were created before.",
	}, a.createDevices)
	member(a, huma.Operation{
		OperationID: "list-devices", Method: http.MethodGet, Path: "/devices", Tags: []string{"Devices"},
		Summary: "List devices", Description: "In the order of their dids. An app sees those of its account, and those in the homes where it lives.",
	}, a.listDevices)
	watcher(a, huma.Operation{
		OperationID: "get-device", Method: http.MethodGet, Path: "/devices/{did}", Tags: []string{"Devices"},
		Summary: "Read a device",
	}, func(ctx context.Context, in *OfDevice) (*reply[Device], error) {
		d, err := a.registry.Device(ctx, in.DID)
		return answer(deviceOf(d), err)
	})
	operator(a, huma.Operation{
		OperationID: "change-device", Method: http.MethodPatch, Path: "/devices/{did}", Tags: []string{"Devices"},
		Summary: "Change a device", Description: "Members that are absent stay as they are; an empty account takes it from its owner.",
	}, a.changeDevice)
	operator(a, huma.Operation{
		OperationID: "remove-device", Method: http.MethodDelete, Path: "/devices/{did}", Tags: []string{"Devices"},
		Summary:     "Remove a device",
		Description: "With its credentials, twin, history and commands; its connection is closed. A gateway must have no sub-devices left.",
	}, func(ctx context.Context, in *OfDevice) (*nothing, error) {
		return nil, a.registry.Remove(ctx, in.DID)
	})
	watcher(a, huma.Operation{
		OperationID: "list-children", Method: http.MethodGet, Path: "/devices/{did}/children", Tags: []string{"Devices"},
		Summary: "List the sub-devices of a gateway",
	}, func(ctx context.Context, in *OfDevice) (*reply[deviceList], error) {
		if _, err := a.registry.Device(ctx, in.DID); err != nil {
			return nil, err
		}
		found, err := a.registry.Children(ctx, in.DID)
		return answer(deviceList{Devices: each(found, deviceOf)}, err)
	})
}

func (a *API) createDevice(ctx context.Context, in *struct {
	Body struct {
		DID       string `json:"did" doc:"1–50 of A–Z a–z 0–9 . _ -, not beginning with app."`
		ProductID string `json:"product_id" maxLength:"100"`
		SpecID    string `json:"spec_id,omitempty" maxLength:"100" doc:"The product's latest when absent."`
		Account   string `json:"account,omitempty" maxLength:"100"`
		Parent    string `json:"parent,omitempty" maxLength:"50" doc:"The gateway that speaks for it."`
		Name      string `json:"name,omitempty" maxLength:"200"`
	}
},
) (*reply[deviceCreated], error) {
	b := in.Body
	if err := a.accountExists(ctx, b.Account); err != nil {
		return nil, err
	}
	d, secret, err := a.registry.CreateDevice(ctx, registry.NewDevice{
		DID: b.DID, ProductID: b.ProductID, SpecID: b.SpecID, Account: b.Account, Parent: b.Parent, Name: b.Name,
	})
	return answer(deviceCreated{deviceOf(d), secret}, err)
}

// accountExists refuses to give a device to an account that is none; "" is nobody.
func (a *API) accountExists(ctx context.Context, id string) error {
	if id == "" {
		return nil
	}
	_, err := a.auth.Account(ctx, id)
	return err
}

func (a *API) listDevices(ctx context.Context, in *struct {
	Page
	Product string `query:"product" maxLength:"100" doc:"Only those of this product."`
	Account string `query:"account" maxLength:"100" doc:"Only those of this account."`
},
) (*reply[deviceList], error) {
	if !isOperator(ctx) {
		own := actorOf(ctx).Account
		if in.Account != "" && in.Account != own {
			return nil, newProblem(kindForbidden, "the caller is account "+own)
		}
		most := in.Limit + 1
		if in.Product != "" { // a page may have none of it
			most = 0
		}
		found, err := a.registry.SeenBy(ctx, own, in.After, most)
		if in.Product != "" {
			found = slices.DeleteFunc(found, func(d registry.Device) bool { return d.ProductID != in.Product })
		}
		var list deviceList
		list.Devices, list.Next = cut(found, in.Limit, deviceOf, func(d Device) string { return d.DID })
		return answer(list, err)
	}
	found, err := a.registry.Devices(ctx, registry.DeviceQuery{ProductID: in.Product, Account: in.Account, After: in.After, Limit: in.Limit + 1})
	var list deviceList
	list.Devices, list.Next = cut(found, in.Limit, deviceOf, func(d Device) string { return d.DID })
	return answer(list, err)
}

func (a *API) changeDevice(ctx context.Context, in *struct {
	OfDevice
	Body struct {
		Name    *string `json:"name,omitempty" minLength:"1" maxLength:"200"`
		Account *string `json:"account,omitempty" maxLength:"100"`
		SpecID  *string `json:"spec_id,omitempty" maxLength:"100" doc:"Another spec version of its product."`
	}
},
) (*reply[Device], error) {
	d, err := a.registry.Device(ctx, in.DID)
	if err != nil {
		return nil, err
	}
	b := in.Body
	if b.SpecID != nil && *b.SpecID != d.SpecID {
		if err := a.registry.SetSpec(ctx, in.DID, *b.SpecID); err != nil {
			return nil, err
		}
	}
	if b.Name != nil || b.Account != nil {
		owner, name := d.Account, d.Name
		if b.Account != nil {
			owner = *b.Account
			if err := a.accountExists(ctx, owner); err != nil {
				return nil, err
			}
		}
		if b.Name != nil {
			name = *b.Name
		}
		if err := a.registry.SetOwner(ctx, in.DID, owner, name); err != nil {
			return nil, err
		}
	}
	d, err = a.registry.Device(ctx, in.DID)
	return answer(deviceOf(d), err)
}
