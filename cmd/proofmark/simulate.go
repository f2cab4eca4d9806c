package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"github.com/proofmark/proofmark/certification/virtual"
	"github.com/proofmark/proofmark/miot"
)

// SimulateCmd runs one virtual device until it is interrupted.
type SimulateCmd struct {
	Spec        string            `help:"Spec document of the device." type:"path"`
	DID         string            `name:"did" help:"Its did."`
	Secret      string            `help:"Its login secret."`
	Broker      string            `help:"tcp:// mqtt:// ssl:// mqtts:// ws:// or wss:// URL." default:"mqtt://127.0.0.1:1883"`
	Sub         map[string]string `help:"A sub-device that it speaks for, DID=FILE; may be repeated."`
	CA          string            `name:"ca" help:"PEM file of the authorities to trust instead of the system's." type:"path"`
	KeepAlive   time.Duration     `name:"keepalive" help:"10s to 300s." default:"60s"`
	Sample      time.Duration     `help:"How often sensors are read." default:"10s"`
	Events      time.Duration     `help:"An event by itself about so often; 0 is never." default:"0s"`
	Firmware    string            `help:"Version that it says it runs." default:"1.0.0"`
	Seed        uint64            `help:"Of everything random; 0 is another each time."`
	Mutant      string            `help:"Break exactly one behaviour; see --list-mutants."`
	ListMutants bool              `help:"Print one mutant a line: name, case ids, sentence."`
	Verbose     bool              `short:"v" help:"Log every message."`
}

// Run runs the device.
func (c *SimulateCmd) Run(ctx context.Context, k *kong.Context) error {
	if c.ListMutants {
		for _, m := range virtual.Mutants() {
			fmt.Fprintf(k.Stdout, "%s\t%s\t%s\n", m.Name, strings.Join(m.Cases, ","), m.Sentence)
		}
		return nil
	}
	config, err := c.config()
	if err != nil {
		return &exitError{Code: 2, Err: err}
	}
	device, err := virtual.New(config)
	if err != nil {
		return &exitError{Code: 2, Err: err}
	}
	return device.Run(ctx)
}

func (c *SimulateCmd) config() (virtual.Config, error) {
	level := slog.LevelInfo
	if c.Verbose {
		level = slog.LevelDebug
	}
	config := virtual.Config{
		DID: c.DID, Secret: c.Secret, Broker: c.Broker, KeepAlive: c.KeepAlive, Sample: c.Sample, EventEvery: c.Events,
		Firmware: c.Firmware, Seed: c.Seed,
		Logger: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: level})),
	}
	if c.Mutant != "" {
		mutants := virtual.Mutants()
		at := slices.IndexFunc(mutants, func(m virtual.Mutant) bool { return m.Name == c.Mutant })
		if at < 0 {
			return config, fmt.Errorf("unknown mutant %s", c.Mutant)
		}
		mutants[at].Apply(&config)
	}
	if c.Spec == "" || c.DID == "" || c.Secret == "" {
		return config, errors.New("simulate needs --spec, --did and --secret")
	}
	var err error
	if config.Spec, err = readSimulated(c.Spec); err != nil {
		return config, err
	}
	for did, file := range c.Sub {
		spec, err := readSimulated(file)
		if err != nil {
			return config, err
		}
		config.SubDevices = append(config.SubDevices, virtual.SubDevice{DID: did, Spec: spec})
	}
	slices.SortFunc(config.SubDevices, func(a, b virtual.SubDevice) int { return strings.Compare(a.DID, b.DID) })
	config.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
	if c.CA != "" {
		pem, err := os.ReadFile(c.CA)
		if err != nil {
			return config, err
		}
		config.TLS.RootCAs = x509.NewCertPool()
		if !config.TLS.RootCAs.AppendCertsFromPEM(pem) {
			return config, fmt.Errorf("%s holds no PEM certificate", c.CA)
		}
	}
	config.Fetch = virtual.FetchHTTPS(config.TLS)
	return config, nil
}

func readSimulated(file string) (*miot.Spec, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	spec, err := miot.Parse(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return spec, nil
}
