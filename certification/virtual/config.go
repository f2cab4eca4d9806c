package virtual

import (
	"context"
	"crypto/ed25519"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"time"

	"github.com/proofmark/proofmark/miot"
)

// Config describes one device. Spec or Blueprint, DID, Secret and Broker or Dial must be given; the rest works as it is.
type Config struct {
	Spec       *miot.Spec
	Blueprint  *Blueprint // in place of Spec, for many devices of one document
	DID        string
	Secret     string      // the factory key
	SubDevices []SubDevice // what the device speaks for over its own connection

	Broker    string                                      // tcp:// mqtt:// ssl:// mqtts:// ws:// wss://
	Dial      func(ctx context.Context) (net.Conn, error) // in place of Broker
	Plain     func(ctx context.Context) (net.Conn, error) // how a mutant that falls back reaches the broker without TLS
	TLS       *tls.Config                                 // for ssl:// mqtts:// wss://; nil trusts the system's authorities
	KeepAlive time.Duration                               // 10 s to 300 s, whole seconds; 0 is 60 s

	Manufacturer, Model, Serial string // of device-information; Model is by default what the document's type says
	Firmware                    string // 1.0.0 by default
	Hardware                    string // revision, as miIO.info tells it; virtual by default
	MaxText                     int    // the longest string it stores, in characters; 255 by default

	MaxTexts   map[string]int    // of single strings, by siid.piid, other than MaxText
	Exclusions []Exclusion       // what a state bars
	Recipes    map[string]Recipe // what makes events happen, by siid.eiid, beside what their names say
	Deferred   []string          // properties, as siid.piid, that answer a write with code 1 and take it a second later

	ReportQoS  byte          // of reports and events: 1 by default, or 2
	Sample     time.Duration // how often sensors are read; 10 s by default
	EventEvery time.Duration // an event of the device's own accord, on average; 0 is never

	Fetch         Fetch             // downloads firmware; without it miIO.ota is refused
	FirmwareKey   ed25519.PublicKey // whose signature an image needs; nil takes any
	Open          OpenFirmware      // reads images; OpenImage by default
	FirmwareFloor string            // the oldest version that may be installed
	Flash         time.Duration     // a download and an installation take at least that long each, so that they can be watched; 10 s by default

	Seed      uint64            // of everything random, together with the did; 0 is a seed of its own each time
	Observe   func(Observation) // must return soon, and must not call the device
	Logger    *slog.Logger
	Behaviour Behaviour
}

// SubDevice is a bound device without a connection of its own.
type SubDevice struct {
	DID       string
	Spec      *miot.Spec
	Blueprint *Blueprint // in place of Spec
}

func (c *Config) complete() error {
	if err := miot.ValidDID(c.DID); err != nil {
		return fmt.Errorf("virtual: %w", err)
	}
	if (c.Dial == nil) == (c.Broker == "") {
		return errors.New("virtual: needs either a broker URL or a dial func")
	}
	if c.Broker != "" {
		dial, err := dialer(c.Broker, c.TLS, c.Behaviour.Secure)
		if err != nil {
			return err
		}
		c.Dial = dial
	}
	if c.KeepAlive == 0 {
		c.KeepAlive = time.Minute
	}
	if c.KeepAlive < 10*time.Second || c.KeepAlive > 300*time.Second || c.KeepAlive%time.Second != 0 {
		return fmt.Errorf("virtual: keep-alive of %s, needs whole seconds from 10s to 300s", c.KeepAlive)
	}
	if c.Sample == 0 {
		c.Sample = 10 * time.Second
	}
	if c.Sample < minInterval {
		return fmt.Errorf("virtual: sample interval of %s is shorter than %s, the shortest between two reports", c.Sample, minInterval)
	}
	if c.EventEvery < 0 {
		return fmt.Errorf("virtual: event interval of %s is negative", c.EventEvery)
	}
	if c.Flash == 0 {
		c.Flash = 10 * time.Second
	}
	if c.ReportQoS == 0 {
		c.ReportQoS = 1
	}
	if c.Open == nil {
		c.Open = OpenImage
	}
	if c.MaxText == 0 {
		c.MaxText = 255
	}
	if c.Seed == 0 {
		c.Seed = rand.Uint64()
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Manufacturer == "" {
		c.Manufacturer = "proofmark"
	}
	if c.Firmware == "" {
		c.Firmware = "1.0.0"
	}
	if c.Serial == "" {
		c.Serial = "SN-" + c.DID
	}
	return nil
}

// blueprint is the one that was given, or that of the given spec.
func blueprint(given *Blueprint, spec *miot.Spec) (*Blueprint, error) {
	if given != nil {
		return given, nil
	}
	if spec == nil {
		return nil, errors.New("virtual: needs a spec document")
	}
	return Compile(spec)
}
