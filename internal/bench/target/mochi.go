package target

import (
	"context"
	"fmt"
	"log/slog"

	mqtt "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/listeners"
	"github.com/mochi-mqtt/server/v2/packets"

	"github.com/proofmark/proofmark/internal/bench/wire"
)

// allowAll is what mochi's own auth.AllowHook is, without the YAML library that comes with its package.
type allowAll struct{ mqtt.HookBase }

func (*allowAll) ID() string { return "allow-all" }
func (*allowAll) Provides(hook byte) bool {
	return hook == mqtt.OnConnectAuthenticate || hook == mqtt.OnACLCheck
}
func (*allowAll) OnConnectAuthenticate(*mqtt.Client, packets.Packet) bool { return true }
func (*allowAll) OnACLCheck(*mqtt.Client, string, bool) bool              { return true }

// ServeMochi is bare mochi, what `proofmark bench server-mochi` runs: no hook but allow-all, default capabilities.
func ServeMochi(ctx context.Context, listen string) error {
	at, err := wire.Loopback(listen)
	if err != nil {
		return err
	}
	server := mqtt.New(&mqtt.Options{Logger: slog.New(slog.DiscardHandler)})
	if err := server.AddHook(new(allowAll), nil); err != nil {
		return fmt.Errorf("bare mochi: %w", err)
	}
	if err := server.AddListener(listeners.NewTCP(listeners.Config{ID: "tcp", Address: at.String()})); err != nil {
		return fmt.Errorf("bare mochi on %s: %w", at, err)
	}
	if err := server.Serve(); err != nil {
		return fmt.Errorf("bare mochi on %s: %w", at, err)
	}
	<-ctx.Done()
	// Not server.Close: it waits for the goroutine of every connection, and was seen not to end within 20 s of
	// 300 that had just left. A bare broker keeps nothing, so the end of its process is the end of it.
	return nil
}

func openMochi(ctx context.Context, t *Target, r Request) (err error) {
	t.strangers(r.open())
	if t.Addr, err = freeAddr(); err != nil {
		return err
	}
	dir, err := t.folder()
	if err != nil {
		return err
	}
	if err := t.start(dir, r.Binary, "bench", "server-mochi", "--listen", t.Addr.String()); err != nil {
		return err
	}
	return t.Process.accepts(ctx, t.Addr)
}
