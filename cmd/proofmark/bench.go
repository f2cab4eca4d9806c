package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/alecthomas/kong"

	"github.com/proofmark/proofmark/internal/bench"
	"github.com/proofmark/proofmark/internal/bench/connections"
	"github.com/proofmark/proofmark/internal/bench/ingest"
	"github.com/proofmark/proofmark/internal/bench/rtt"
	"github.com/proofmark/proofmark/internal/bench/start"
	"github.com/proofmark/proofmark/internal/bench/target"
)

// BenchCmd measures the gateway and other brokers with one load generator in one run, on loopback only.
type BenchCmd struct {
	Ingest       benchIngest       `cmd:"" help:"QoS 1 reports, acknowledged ones counted: the gateway, bare mochi and mosquitto by turns."`
	Connections  benchConnections  `cmd:"" help:"Memory and rate of idle, subscribed connections."`
	RTT          benchRTT          `cmd:"" name:"rtt" help:"Command round trips, one at a time: HTTP to device and back, and bare MQTT."`
	Start        benchStart        `cmd:"" help:"Time from exec to ready, and memory then."`
	Certify      benchCertify      `cmd:"" help:"Many devices under test at once: what the load does to their verdicts."`
	Certificates benchCertificates `cmd:"" help:"Certificates issued, log included, on SQLite and PostgreSQL."`
	Fleet        benchFleet        `cmd:"" help:"A fleet of several models that reports once a minute, with the apps of its homes: nothing may be lost."`
	Orders       benchOrders       `cmd:"" help:"Orders of one hot campaign over HTTP, against a transaction for every order."`
	Progress     benchProgress     `cmd:"" help:"How far a campaign is: requests against a bare handler, and one change to many who watch."`
	Pages        benchPages        `cmd:"" help:"Every page of the sample world under 50 users: the time from request to last byte."`
	ServerMochi  benchServerMochi  `cmd:"" hidden:"" help:"Bare mochi, for the benches to start."`
}

// benchTargets are the flags of a bench that compares brokers.
type benchTargets struct {
	Target   []string `help:"Targets to measure, the first against the others: proofmark, proofmark-postgres, mochi, mosquitto, url." sep:","`
	URL      string   `name:"url" help:"Measure a broker that runs already, instead of the gateway: mqtt://127.0.0.1:PORT."`
	User     string   `help:"User name for --url; {did} stands for the device's did."`
	Pass     string   `help:"Password for --url; {did} stands for the device's did."`
	Database string   `help:"Measure the gateway on a new database of this PostgreSQL server too: postgres://…"`
	Spec     []byte   `type:"filecontent" help:"Spec document of the devices instead of the sample air purifier."`
	Seconds  float64  `help:"Time of the whole bench." default:"45"`
	JSON     bool     `name:"json" help:"Print one JSON object."`
}

// measure runs a bench on these targets and prints its result.
func (c *benchTargets) measure(k *kong.Context, run func(target.Setup) (*bench.Result, error)) error {
	setup := target.Setup{
		Targets: c.Target, Time: time.Duration(c.Seconds * float64(time.Second)),
		URL: c.URL, Username: c.User, Password: c.Pass, Database: c.Database, Spec: c.Spec, Log: benchLog,
	}
	result, err := run(setup)
	return printBench(k, c.JSON, result, err)
}

func benchLog(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }

func printBench(k *kong.Context, asJSON bool, result *bench.Result, err error) error {
	switch {
	case err != nil:
		return err
	case asJSON:
		return finish(k, true, result, 0)
	}
	return result.WriteTable(k.Stdout)
}

type benchIngest struct {
	benchTargets
	Devices  int           `help:"Devices that report." default:"200"`
	Window   int           `help:"Unacknowledged reports per device." default:"10"`
	Rounds   int           `help:"Runs of each target, by turns." default:"3"`
	App      bool          `help:"Add an app that is subscribed to all devices at QoS 1."`
	AppPause time.Duration `help:"How long that app rests after each message."`
}

// Run measures ingest.
func (c *benchIngest) Run(ctx context.Context, k *kong.Context) error {
	return c.measure(k, func(s target.Setup) (*bench.Result, error) {
		return ingest.Run(ctx, ingest.Options{
			Setup: s, Devices: c.Devices, Window: c.Window, Rounds: c.Rounds, App: c.App, AppPause: c.AppPause,
		})
	})
}

type benchConnections struct {
	benchTargets
	Count int `help:"Connections to hold." default:"20000"`
}

// Run measures idle connections.
func (c *benchConnections) Run(ctx context.Context, k *kong.Context) error {
	return c.measure(k, func(s target.Setup) (*bench.Result, error) {
		return connections.Run(ctx, connections.Options{Setup: s, Count: c.Count})
	})
}

type benchRTT struct {
	benchTargets
	Rounds int `help:"Runs of each target, by turns." default:"3"`
}

// Run measures round trips.
func (c *benchRTT) Run(ctx context.Context, k *kong.Context) error {
	return c.measure(k, func(s target.Setup) (*bench.Result, error) {
		return rtt.Run(ctx, rtt.Options{Setup: s, Rounds: c.Rounds})
	})
}

type benchStart struct {
	Rounds int  `help:"Pairs of starts: on an empty data folder, and again." default:"5"`
	JSON   bool `name:"json" help:"Print one JSON object."`
}

// Run measures starts of this program.
func (c *benchStart) Run(ctx context.Context, k *kong.Context) error {
	result, err := start.Run(ctx, start.Options{Rounds: c.Rounds, Log: benchLog})
	return printBench(k, c.JSON, result, err)
}

type benchServerMochi struct {
	Listen string `required:"" help:"Loopback address."`
}

// Run serves until it is told to end.
func (c *benchServerMochi) Run(ctx context.Context) error { return target.ServeMochi(ctx, c.Listen) }
