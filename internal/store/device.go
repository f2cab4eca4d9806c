package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/proofmark/proofmark/internal/store/dbgen"
	"github.com/proofmark/proofmark/internal/store/micros"
	"github.com/proofmark/proofmark/registry"
)

func (s registryStore) CountAlive(ctx context.Context, product string, since time.Time) (int64, error) {
	n, err := s.read.CountAlive(ctx, dbgen.CountAliveParams{Product: product, Since: micros.Of(since)})
	return n, s.wrap(ctx, err, "devices of product %s that are alive", product)
}

func (s registryStore) CreateDevice(ctx context.Context, d registry.Device, c *registry.Credential) error {
	err := s.transact(ctx, func(q *dbgen.Queries) error {
		err := insertDevice(ctx, q, d)
		if err != nil || c == nil {
			return err
		}
		return insertCredential(ctx, q, *c)
	})
	return s.wrap(ctx, err, "create device %s (product %s, spec %s, parent %q)", d.DID, d.ProductID, d.SpecID, d.Parent)
}

func insertDevice(ctx context.Context, q *dbgen.Queries, d registry.Device) error {
	return q.InsertDevice(ctx, dbgen.InsertDeviceParams{
		DID: d.DID, ProductID: d.ProductID, SpecID: d.SpecID, Account: d.Account,
		Parent: optional(d.Parent), Name: text(d.Name),
		InfoModel: text(d.Info.Model), InfoFirmware: text(d.Info.Firmware), InfoHardware: text(d.Info.Hardware),
		InfoRaw: text(string(d.Info.Raw)), InfoAt: micros.Of(d.Info.At), CreatedAt: micros.Of(d.CreatedAt),
		Home: optional(d.Home),
	})
}

func (s registryStore) Device(ctx context.Context, did string) (registry.Device, error) {
	d, err := s.read.Device(ctx, did)
	return device(d), s.wrap(ctx, err, "device %s", did)
}

func (s registryStore) Devices(ctx context.Context, q registry.DeviceQuery) ([]registry.Device, error) {
	var rows []dbgen.Device
	var err error
	switch n := most(q.Limit); {
	case q.Account != "" && q.ProductID != "":
		rows, err = s.read.DevicesOfAccountAndProduct(ctx, dbgen.DevicesOfAccountAndProductParams{
			Account: q.Account, ProductID: q.ProductID, After: q.After, Most: n,
		})
	case q.Account != "":
		rows, err = s.read.DevicesOfAccount(ctx, dbgen.DevicesOfAccountParams{Account: q.Account, After: q.After, Most: n})
	case q.ProductID != "":
		rows, err = s.read.DevicesOfProduct(ctx, dbgen.DevicesOfProductParams{ProductID: q.ProductID, After: q.After, Most: n})
	default:
		rows, err = s.read.Devices(ctx, dbgen.DevicesParams{After: q.After, Most: n})
	}
	return list(rows, device), s.wrap(ctx, err, "devices after %q", q.After)
}

func (s registryStore) SeenBy(ctx context.Context, account string, at time.Time, after string, limit int) ([]registry.Device, error) {
	own, err := s.read.DevicesOfAccount(ctx, dbgen.DevicesOfAccountParams{Account: account, After: after, Most: most(limit)})
	if err != nil {
		return nil, s.wrap(ctx, err, "devices of account %s after %q", account, after)
	}
	shared, err := s.read.DevicesOfMember(ctx, dbgen.DevicesOfMemberParams{Account: account, At: micros.Of(at), After: after, Most: most(limit)})
	if err != nil {
		return nil, s.wrap(ctx, err, "devices in the homes of account %s after %q", account, after)
	}
	// Two queries, each by its own index: one with OR would walk the table.
	all := list(append(own, shared...), device)
	slices.SortFunc(all, func(a, b registry.Device) int { return strings.Compare(a.DID, b.DID) })
	all = slices.CompactFunc(all, func(a, b registry.Device) bool { return a.DID == b.DID })
	return all[:min(len(all), int(most(limit)))], nil
}

func (s registryStore) InHome(ctx context.Context, home, after string, limit int) ([]registry.Device, error) {
	rows, err := s.read.DevicesOfHome(ctx, dbgen.DevicesOfHomeParams{Home: optional(home), After: after, Most: most(limit)})
	return list(rows, device), s.wrap(ctx, err, "devices in home %s after %q", home, after)
}

func (s registryStore) Children(ctx context.Context, did string) ([]registry.Device, error) {
	rows, err := s.read.Children(ctx, sql.NullString{String: did, Valid: true})
	return list(rows, device), s.wrap(ctx, err, "sub-devices of %s", did)
}

func (s registryStore) SetDeviceSpec(ctx context.Context, did, specID string) error {
	err := s.exec(ctx, func(q *dbgen.Queries) (int64, error) {
		return q.SetDeviceSpec(ctx, dbgen.SetDeviceSpecParams{DID: did, SpecID: specID})
	})
	return s.wrap(ctx, err, "set the spec of device %s to %s", did, specID)
}

func (s registryStore) SetDeviceOwner(ctx context.Context, did, account, name string) error {
	err := s.exec(ctx, func(q *dbgen.Queries) (int64, error) {
		return q.SetDeviceOwner(ctx, dbgen.SetDeviceOwnerParams{DID: did, Account: account, Name: text(name)})
	})
	return s.wrap(ctx, err, "set the owner of device %s to %q", did, account)
}

func (s registryStore) SetDeviceInfo(ctx context.Context, did string, i registry.Info) error {
	err := s.exec(ctx, func(q *dbgen.Queries) (int64, error) {
		return q.SetDeviceInfo(ctx, dbgen.SetDeviceInfoParams{
			DID: did, Model: text(i.Model), Firmware: text(i.Firmware), Hardware: text(i.Hardware),
			Raw: text(string(i.Raw)), At: micros.Of(i.At),
		})
	})
	return s.wrap(ctx, err, "set the info of device %s", did)
}

func (s registryStore) NoteReset(ctx context.Context, did string, at, before time.Time) error {
	err := s.exec(ctx, func(q *dbgen.Queries) (int64, error) {
		return q.NoteReset(ctx, dbgen.NoteResetParams{DID: did, At: micros.Of(at), Before: micros.Of(before)})
	})
	return s.wrap(ctx, err, "note the reset of device %s", did)
}

// DeleteDevice takes the device's row first: a commit of its reports either was
// before and is deleted below, or finds no device any more. Other nodes learn of
// it as of a revoked credential.
func (s registryStore) DeleteDevice(ctx context.Context, did string, at time.Time) error {
	err := s.transact(ctx, func(q *dbgen.Queries) error {
		children, err := q.Children(ctx, sql.NullString{String: did, Valid: true})
		if err != nil {
			return err
		}
		if len(children) > 0 {
			return fmt.Errorf("it has %d sub-devices, %s among them: %w", len(children), children[0].DID, registry.ErrInUse)
		}
		if err := changed(q.DeleteDevice(ctx, did)); err != nil {
			if kindOf(err) == registry.ErrNotFound { //nolint:errorlint // a foreign key: a sub-device came meanwhile
				return fmt.Errorf("%w (%w)", registry.ErrInUse, err)
			}
			return err
		}
		if err := q.DeleteReports(ctx, did); err != nil {
			return err
		}
		return insertCredentialEvent(ctx, q, did, "", at)
	})
	if err == nil {
		s.committed()
	}
	return s.wrap(ctx, err, "delete device %s", did)
}

func device(d dbgen.Device) registry.Device {
	return registry.Device{
		DID: d.DID, ProductID: d.ProductID, SpecID: d.SpecID, Account: d.Account, Parent: d.Parent.String, Name: d.Name,
		Info: registry.Info{
			Model: d.InfoModel, Firmware: d.InfoFirmware, Hardware: d.InfoHardware,
			Raw: raw(d.InfoRaw), At: d.InfoAt.Time(),
		},
		CreatedAt: d.CreatedAt.Time(),
		Home:      d.Home.String, Room: d.Room.String,
		QuarantinedAt: d.QuarantinedAt.Time(), Quarantine: d.Quarantine, ResetAt: d.ResetAt.Time(),
	}
}
