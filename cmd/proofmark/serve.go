package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/proofmark/proofmark/internal/app"
)

// ServeCmd runs the service until it is interrupted.
type ServeCmd struct {
	Data     string `default:"data" help:"Folder for the database, keys, certificates and tokens." type:"path"`
	Database string `help:"postgres://… ; default: SQLite in the data folder." placeholder:"URL"`
	NATS     string `name:"nats" help:"nats://… ; lets several processes work as one gateway." placeholder:"URL"`

	HTTP    string `name:"http" default:":8080" help:"Listen address of the API and of MQTT on WebSocket (/mqtt)."`
	MQTT    string `name:"mqtt" default:"127.0.0.1:1883" help:"Listen address of plain MQTT: for development."`
	MQTTS   string `name:"mqtts" default:":8883" help:"Listen address of MQTT over TLS; off: none."`
	Metrics string `default:"127.0.0.1:9464" help:"Listen address of Prometheus metrics; off: none."`

	Bench      string   `default:":1884" help:"Listen address of the benches that test submissions' devices; off: none."`
	BenchTLS   string   `name:"bench-tls" default:":8884" help:"Likewise over TLS."`
	BenchPorts string   `name:"bench-ports" default:"off" help:"Ports of single runs, such as 21000-21099, for devices that cannot be given a name of their own (docs/runs.md)."`
	BenchName  []string `name:"bench-name" help:"Names and addresses by which devices reach the benches; the first is the best. Default: this machine's."`
	BenchRuns  int      `name:"bench-runs" default:"32" help:"Runs at a time on this node."`

	TLSCert     string   `name:"tls-cert" help:"Certificate (PEM); default: one made in the data folder." type:"existingfile"`
	TLSKey      string   `name:"tls-key" help:"Its private key (PEM)." type:"existingfile"`
	TLSClientCA string   `name:"tls-client-ca" help:"CA of device certificates (PEM); default: the one made in the data folder." type:"existingfile"`
	TLSName     []string `name:"tls-name" help:"Further names and addresses for the certificate made in the data folder."`

	NodeLease time.Duration `name:"node-lease" default:"15s" hidden:"" help:"How long this node speaks for its devices without renewing."`

	Demo      bool   `help:"Fill the data folder with a sample world and move it."`
	LogLevel  string `name:"log-level" default:"info" enum:"debug,info,warn,error" help:"Least level that is logged: ${enum}."`
	LogFormat string `name:"log-format" default:"text" enum:"text,json" help:"Form of the log on standard error: ${enum}."`
}

// stopWithin is how long an interrupted service may take to store what is
// queued and to take leave of its devices.
const stopWithin = 15 * time.Second

// Run implements the command.
func (c *ServeCmd) Run(ctx context.Context) error {
	log, err := logger(c.LogLevel, c.LogFormat)
	if err != nil {
		return err
	}
	a, err := app.New(app.Config{
		Data: c.Data, Database: c.Database, NATS: c.NATS,
		HTTP: c.HTTP, MQTT: c.MQTT, MQTTS: c.MQTTS, Metrics: c.Metrics,
		Bench: c.Bench, BenchTLS: c.BenchTLS, BenchPorts: c.BenchPorts, BenchNames: c.BenchName, BenchRuns: c.BenchRuns,
		TLSCert: c.TLSCert, TLSKey: c.TLSKey, TLSClientCA: c.TLSClientCA, TLSNames: c.TLSName,
		Demo: c.Demo, Lease: c.NodeLease, Version: release(), Log: log,
	})
	if err != nil {
		return &exitError{Code: 2, Err: err}
	}
	if err := a.Start(ctx); err != nil {
		return err
	}
	var ended error
	if c.Demo {
		ended = a.StartDemo(ctx, os.Stdout)
	}
	if ended == nil {
		select {
		case <-ctx.Done():
			log.Info("stopping")
		case ended = <-a.Failed():
		}
	}
	stop, cancel := context.WithTimeout(context.Background(), stopWithin)
	defer cancel()
	if err := a.Stop(stop); err != nil {
		log.Error("not everything ended in good order", "err", err)
	}
	return ended
}

func logger(level, format string) (*slog.Logger, error) {
	var l slog.Level
	if err := l.UnmarshalText([]byte(level)); err != nil {
		return nil, fmt.Errorf("log level %q: %w", level, err)
	}
	o := &slog.HandlerOptions{Level: l}
	if format == "json" {
		return slog.New(slog.NewJSONHandler(os.Stderr, o)), nil
	}
	return slog.New(slog.NewTextHandler(os.Stderr, o)), nil
}
