package broker

import (
	"context"
	"errors"
	"strings"

	"github.com/mochi-mqtt/server/v2/packets"

	"github.com/proofmark/proofmark/registry"
)

// login is the whole of it: who is it, does the Backend agree, is its place free.
func (c *client) login(pk *packets.Packet) bool {
	ctx, cancel := c.question()
	defer cancel()
	username := string(pk.Connect.Username)
	var err error
	if strings.HasPrefix(c.id, appPrefix) {
		err = c.loginApp(ctx, username, pk.Connect.Password)
	} else {
		err = c.loginDevice(ctx, username, pk.Connect.Password)
	}
	if err != nil {
		return c.loginFailed(err)
	}
	c.broker.gate.enter(c)
	if c.ctx.Err() != nil { // replaced or stopped while it waited
		c.refusal = packets.ErrServerBusy.Code
		return false
	}
	return true
}

// appPrefix begins the client id of an app; no did begins with it.
const appPrefix = "app."

var (
	errClientID  = errors.New("client id is not a did: want 1 to 50 of A-Z a-z 0-9 . _ -")
	errNoBridges = errors.New("no bridge is served here")
	errWill      = errors.New("will on a topic that is not its own")
	errUsername  = errors.New("client id does not belong to the user name")
)

func (c *client) loginDevice(ctx context.Context, username string, secret []byte) error {
	if !validDID(c.id) {
		return errClientID
	}
	cert := c.certificate()
	switch {
	case len(secret) > 0:
		if username != c.id {
			return errUsername
		}
		if err := c.broker.config.Backend.LoginDevice(ctx, c.id, secret); err != nil {
			return err
		}
	case cert != nil:
		if cert.Subject.CommonName != c.id || (username != "" && username != c.id) {
			return errUsername
		}
		if err := c.broker.config.Backend.LoginCertificate(ctx, c.id, cert); err != nil {
			return err
		}
	default:
		return registry.ErrBadLogin
	}
	c.device = newDevice(c)
	return nil
}

func (c *client) loginApp(ctx context.Context, account string, token []byte) error {
	rest, ok := strings.CutPrefix(c.id, appPrefix+account+".")
	if account == "" || !ok || rest == "" {
		return errUsername
	}
	rechecks := c.broker.loginRechecks.Load()
	viewer, err := c.broker.config.Backend.LoginApp(ctx, account, token)
	if err != nil {
		return err
	}
	a := &app{viewer: viewer}
	switch {
	case viewer.Home != "" && c.broker.config.Bridges == nil:
		return errNoBridges
	case viewer.Home != "":
		a.bridge = newBridge(c, viewer)
	case c.willing: // hubs leave one for those who use their broker: a bridge's is dropped
		return errWill
	}
	c.app.Store(a)
	// A token that ended after it was asked for, and before this connection was
	// there to be found, would be looked at by nobody.
	if c.broker.loginRechecks.Load() != rechecks {
		if ok, err := c.broker.config.Backend.Holds(ctx, viewer); !ok {
			return errors.Join(registry.ErrBadLogin, err)
		}
	}
	return nil
}

// loginFailed has mochi send the CONNACK; onConnack puts the right code in.
func (c *client) loginFailed(err error) bool {
	rule, code := RuleUnavailable, packets.ErrServerUnavailable
	switch {
	case errors.Is(err, registry.ErrBadLogin):
		rule, code = RuleLogin, packets.ErrBadUsernameOrPassword
	case errors.Is(err, registry.ErrQuarantined):
		rule, code = RuleLogin, packets.ErrBanned
	case errors.Is(err, errWill):
		rule, code = RuleWill, packets.ErrNotAuthorized
	case errors.Is(err, errUsername), errors.Is(err, errNoBridges):
		rule, code = RuleLogin, packets.ErrNotAuthorized
	case errors.Is(err, errClientID):
		rule, code = RuleClientID, packets.ErrClientIdentifierNotValid
	}
	c.refusal = code.Code
	_ = c.refuse(rule, code, "%v", err)
	return false
}

// validDID is the rule of protocol §4.
func validDID(s string) bool {
	if s == "" || len(s) > 50 || strings.HasPrefix(s, appPrefix) {
		return false
	}
	for i := range len(s) {
		switch b := s[i]; {
		case 'a' <= b && b <= 'z', 'A' <= b && b <= 'Z', '0' <= b && b <= '9', b == '.', b == '_', b == '-':
		default:
			return false
		}
	}
	return true
}

// begin starts the session: the CONNACK has been sent, nothing has been read since.
func (c *client) begin() {
	c.begun = true
	if c.device != nil {
		c.broker.stats.devices.Add(1)
		c.device.session = c.broker.config.Backend.Attach(c.id, c.device)
	} else {
		c.broker.stats.apps.Add(1)
		c.expire()
		c.broker.hubs.enter(c)
	}
	c.broker.log.Info("session began", "client", c.id, "conn", c.number, "remote", c.conn.RemoteAddr(), "mqtt", c.version)
}
