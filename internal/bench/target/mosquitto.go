package target

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
)

// mosquittoConfig is mosquitto as it comes, but for: no limit on what waits for a slow subscriber (it would drop from 1,000
// on, and a broker that drops is no comparison for one that must not), and no Nagle delay, which no Go server has.
const mosquittoConfig = `listener %s 127.0.0.1
allow_anonymous true
persistence false
max_queued_messages 0
set_tcp_nodelay true
log_dest stderr
log_type error
`

func openMosquitto(ctx context.Context, t *Target, r Request) error {
	path, err := exec.LookPath("mosquitto")
	if err != nil {
		return fmt.Errorf("it must be on the PATH: %w", err)
	}
	t.strangers(r.open())
	if t.Addr, err = freeAddr(); err != nil {
		return err
	}
	dir, err := t.folder()
	if err != nil {
		return err
	}
	_, port, err := net.SplitHostPort(t.Addr.String())
	if err != nil {
		return err
	}
	config := filepath.Join(dir, "mosquitto.conf")
	if err := os.WriteFile(config, fmt.Appendf(nil, mosquittoConfig, port), 0o600); err != nil {
		return err
	}
	if err := t.start(dir, path, "-c", config); err != nil {
		return err
	}
	return t.Process.accepts(ctx, t.Addr)
}
