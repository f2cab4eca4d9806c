package virtual

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/url"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"
)

// dialTimeout bounds the opening of the socket and, again, the wait for CONNACK.
const dialTimeout = 10 * time.Second

type dialFunc = func(context.Context) (net.Conn, error)

// dialer makes a dial func from a broker URL. There is one address and one way to reach it: a device that falls back to another
// host or to plaintext fails CONN-06.
func dialer(broker string, trust *tls.Config, mutate func(*tls.Config)) (func(context.Context) (net.Conn, error), error) {
	u, err := url.Parse(broker)
	if err != nil {
		return nil, fmt.Errorf("virtual: broker: %w", err)
	}
	if u.Hostname() == "" {
		return nil, fmt.Errorf("virtual: broker %q has no host", broker)
	}
	secure := &tls.Config{}
	if trust != nil {
		secure = trust.Clone()
	}
	secure.MinVersion = max(secure.MinVersion, tls.VersionTLS12)
	if secure.ServerName == "" {
		secure.ServerName = u.Hostname()
	}
	if mutate != nil {
		mutate(secure)
	}
	switch u.Scheme {
	case "tcp", "mqtt":
		return network("1883", u, nil), nil
	case "ssl", "tls", "mqtts":
		return network("8883", u, secure), nil
	case "ws", "wss":
		if u.Path == "" {
			u.Path = "/mqtt"
		}
		if u.Scheme == "ws" {
			secure = nil
		}
		return func(context.Context) (net.Conn, error) {
			return mqtt.NewWebsocket(u.String(), secure, dialTimeout, nil, nil)
		}, nil
	}
	return nil, fmt.Errorf("virtual: broker %q: scheme %q, needs tcp, mqtt, ssl, mqtts, ws or wss", broker, u.Scheme)
}

func network(port string, u *url.URL, secure *tls.Config) func(context.Context) (net.Conn, error) {
	address := u.Host
	if u.Port() == "" {
		address = net.JoinHostPort(u.Hostname(), port)
	}
	return func(ctx context.Context) (net.Conn, error) {
		if secure != nil {
			return (&tls.Dialer{Config: secure}).DialContext(ctx, "tcp", address)
		}
		return (&net.Dialer{}).DialContext(ctx, "tcp", address)
	}
}
