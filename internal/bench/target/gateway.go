package target

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/google/uuid"

	"github.com/proofmark/proofmark/internal/bench/device"
	"github.com/proofmark/proofmark/internal/bench/report"
	"github.com/proofmark/proofmark/internal/bench/wire"
)

// perCall is how many devices one call may create.
const perCall = 10000

func openGateway(ctx context.Context, t *Target, r Request) error {
	dir, err := t.folder()
	if err != nil {
		return err
	}
	var database string
	if t.Name == GatewayPostgres {
		if database, err = t.ownDatabase(ctx, r.Database); err != nil {
			return err
		}
	}
	if err := t.serve(ctx, dir, r.Binary, database); err != nil {
		return err
	}
	return t.prepare(ctx, r)
}

// StartGateway starts `proofmark serve` on a data folder and returns once /readyz says 200, no devices made. The target's
// Process.Started is the moment of exec.
func StartGateway(ctx context.Context, dir, binary string) (*Target, error) {
	t := &Target{Name: Gateway}
	if err := t.serve(ctx, dir, binary, ""); err != nil {
		_ = t.Close()
		return nil, err
	}
	return t, nil
}

// Serve starts `proofmark serve` with more flags on an empty data folder, with a new database of the server given if the name
// is GatewayPostgres.
func Serve(ctx context.Context, name, binary, server string, flags ...string) (t *Target, err error) {
	t = &Target{Name: name}
	defer func() {
		if err != nil {
			err = errors.Join(err, t.Close())
		}
	}()
	dir, err := t.folder()
	if err != nil {
		return nil, err
	}
	var database string
	if name == GatewayPostgres {
		if database, err = t.ownDatabase(ctx, server); err != nil {
			return nil, err
		}
	}
	return t, t.serve(ctx, dir, binary, database, flags...)
}

// serve starts the gateway on free ports and waits until it is ready.
func (t *Target) serve(ctx context.Context, dir, binary, database string, flags ...string) error {
	var addr [4]wire.Addr
	for i := range addr {
		var err error
		if addr[i], err = freeAddr(); err != nil {
			return err
		}
	}
	t.Data = filepath.Join(dir, "data")
	args := []string{
		"serve", "--data", t.Data, "--bench", "off", "--bench-tls", "off",
		"--http", addr[0].String(), "--mqtt", addr[1].String(), "--metrics", addr[2].String(),
		"--mqtts", addr[3].String(),
	}
	t.Database = "sqlite:" + filepath.Join(t.Data, "proofmark.db")
	if database != "" {
		args = append(args, "--database", database)
		t.Database = database
	}
	args = append(args, flags...)
	t.HTTP = addr[0]
	t.Addr, t.API = addr[1], newAPI("http://"+addr[0].String())
	if err := t.start(dir, binary, args...); err != nil {
		return err
	}
	if err := t.ready(ctx); err != nil {
		return err
	}
	token, err := os.ReadFile(filepath.Join(t.Data, "operator.token"))
	if err != nil {
		return fmt.Errorf("the operator's token: %w", err)
	}
	t.API.token = string(bytes.TrimSpace(token))
	return nil
}

// ready polls often: the start bench takes its time from it.
func (t *Target) ready(ctx context.Context) error {
	return t.Process.Wait(ctx, 2*time.Millisecond, func() error { return t.API.ready(ctx) })
}

// Restart stops and starts the gateway on the same data, so that what its preparation left in memory is gone. Other targets
// need no preparation and stay as they are.
func (t *Target) Restart(ctx context.Context) error {
	if t.API == nil {
		return nil
	}
	if err := t.Process.Stop(); err != nil {
		return err
	}
	t.API.client.CloseIdleConnections()
	if err := t.again(); err != nil {
		return err
	}
	return t.ready(ctx)
}

// prepare makes an account, the sample product, the devices and the app's token. Every run has names of its own, so that a
// database that is used twice does not mind.
func (t *Target) prepare(ctx context.Context, r Request) error {
	run := uuid.NewString()[:8]
	var account struct {
		ID string `json:"id"`
	}
	if err := t.API.Post(ctx, "/api/v1/accounts", map[string]any{"name": "bench " + run}, &account); err != nil {
		return err
	}
	var product struct {
		ID    string `json:"id"`
		Model string `json:"model"`
	}
	err := t.API.Post(ctx, "/api/v1/products", map[string]any{"name": "bench " + run, "spec": r.Sample.Document}, &product)
	if err != nil {
		return err
	}
	for from := 0; from < r.Devices; from += perCall {
		dids := make([]string, min(perCall, r.Devices-from))
		for i := range dids {
			dids[i] = fmt.Sprintf("bench-%s-%06d", run, from+i)
		}
		var made struct {
			Devices []struct {
				DID    string `json:"did"`
				Secret string `json:"secret"`
			} `json:"devices"`
		}
		order := map[string]any{"product_id": product.ID, "dids": dids, "account": account.ID}
		if err := t.API.Post(ctx, "/api/v1/devices:batch", order, &made); err != nil {
			return err
		}
		if len(made.Devices) != len(dids) {
			return fmt.Errorf("POST /api/v1/devices:batch: %d devices for %d dids", len(made.Devices), len(dids))
		}
		for _, d := range made.Devices {
			t.Devices = append(t.Devices, device.Identity{DID: d.DID, Username: d.DID, Password: d.Secret, Model: product.Model})
		}
	}
	if !r.App {
		return nil
	}
	return t.prepareApp(ctx, account.ID)
}

func (t *Target) prepareApp(ctx context.Context, account string) error {
	var made struct {
		Token string `json:"token"`
	}
	order := map[string]any{"account": account, "name": "bench", "scopes": []string{"app"}}
	if err := t.API.Post(ctx, "/api/v1/tokens", order, &made); err != nil {
		return err
	}
	t.App.Login = wire.Login{ClientID: "app." + account + ".bench", Username: account, Password: made.Token}
	for _, d := range t.Devices {
		t.App.Filters = append(t.App.Filters, report.Topic(d.DID)+"/#")
	}
	return nil
}
