package broker

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"time"

	"github.com/proofmark/proofmark/internal/bus"
	"github.com/proofmark/proofmark/registry"
	"github.com/proofmark/proofmark/registry/bridges"
)

// Backend is what the broker asks of the rest of the gateway. All methods are
// called from many goroutines; their contexts end with the connection, or after
// [Options.LoginTimeout], whichever is first.
type Backend interface {
	// LoginDevice checks a device's secret: nil lets it in, registry.ErrBadLogin
	// refuses it, every other error means "try again later". It keeps nothing of
	// secret.
	LoginDevice(ctx context.Context, did string, secret []byte) error
	// LoginCertificate is LoginDevice for a certificate whose chain the TLS
	// handshake has verified and whose common name is did.
	LoginCertificate(ctx context.Context, did string, cert *x509.Certificate) error
	// LoginApp checks an app's access token, as LoginDevice does a secret, and says
	// who it is. A bridge's token names the home that it is bound to.
	LoginApp(ctx context.Context, account string, token []byte) (Viewer, error)
	// Holds tells whether a login by LoginApp still would be let in.
	Holds(ctx context.Context, v Viewer) (bool, error)

	// Attach starts the session of a device that has logged in. The session before
	// it of the same did has been detached by then. The broker calls Detach once.
	Attach(did string, link registry.Link) registry.Session

	// MayWatch tells whether an app or a bridge may see a device.
	MayWatch(ctx context.Context, v Viewer, did string) (bool, error)
	// State is the current presence of a device; false if there is no such device.
	State(ctx context.Context, did string) (State, bool, error)
}

// Bridges is what the broker asks of the gateway for bridges' tokens.
type Bridges interface {
	// Command takes what a bridge commands and returns at once; done is called once,
	// within 8 s, on any goroutine, and does not block.
	Command(b bridges.Bridge, c bridges.Command, done func(bridges.Outcome))
	// Shown is what a bridge is to find under home/{home}/ha, as if it were retained there.
	Shown(ctx context.Context, b bridges.Bridge) ([]bridges.Shown, error)
	// Values are the last reported values of a device, with which a bridge begins.
	Values(ctx context.Context, b bridges.Bridge, did string) (parent string, values []registry.TwinValue, err error)
}

// Viewer is whose eyes an app's connection is.
type Viewer struct {
	Account string
	Home    string    // of a bridge: it sees this home and nothing else; empty for an app
	Token   string    // by which it logged in
	Until   time.Time // when that token ends by itself; zero: never
}

// Bus is the part of bus.Bus from which the broker delivers to apps.
type Bus interface {
	Subscribe(pattern string, h bus.Handler) (bus.Subscription, error)
	Flush(ctx context.Context) error
}

// State is a device's presence as apps see it, and the payload of the bus
// subject device.<token>.presence.
type State struct {
	DID    string          `json:"did"`
	Name   string          `json:"name"`
	Online bool            `json:"online"`
	Reason registry.Reason `json:"reason"`
	Model  string          `json:"model"`
	UID    string          `json:"uid"`
	At     int64           `json:"at"` // Unix milliseconds
}

// payload is the message of protocol §6 on device/{did}/state.
func (s State) payload() []byte {
	event := "offline"
	if s.Online {
		event = "online"
	}
	at := s.At
	if at == 0 {
		at = time.Now().UnixMilli()
	}
	// Marshal of strings and numbers cannot fail.
	b, _ := json.Marshal(struct {
		DID   string `json:"device_id"`
		Name  string `json:"device_name"`
		Event string `json:"event"`
		Model string `json:"model"`
		At    int64  `json:"timestamp"`
		UID   string `json:"uid"`
	}{s.DID, s.Name, event, s.Model, at, s.UID})
	return b
}
