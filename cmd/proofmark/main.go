// Command proofmark is the whole service in one binary: the gateway, the
// certification suite, and the tools around them.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/alecthomas/kong"
)

// commands is the command line. Every flag is also an environment variable:
// --nats is PROOFMARK_NATS.
type commands struct {
	Serve    ServeCmd    `cmd:"" help:"Run the service: MQTT, HTTP API, metrics."`
	Test     TestCmd     `cmd:"" help:"Test a device as certification does: plan quick, full or soak."`
	Judge    JudgeCmd    `cmd:"" help:"Give the verdicts of a run again, from its transcript alone."`
	Simulate SimulateCmd `cmd:"" help:"Run a virtual device of any spec, conforming or broken in a chosen way."`
	Spec     SpecCmd     `cmd:"" help:"Check, show and compare MIoT-Spec-V2 documents."`
	Bench    BenchCmd    `cmd:"" help:"Measure the gateway and other MQTT brokers, on this machine."`
	Migrate  MigrateCmd  `cmd:"" help:"Bring the database schema up to date, or show where it stands."`
	Cert     CertCmd     `cmd:"" help:"Verify and show certificates, offline."`
	Firmware FirmwareCmd `cmd:"" help:"Make vendor keys, and sign firmware images: on your own machine."`
	Factory  FactoryCmd  `cmd:"" help:"At the factory: open a batch's manifest, and print its labels."`
	Admin    AdminCmd    `cmd:"" help:"People and the audit log, on the database itself: operators, roles, blocks."`
	Version  VersionCmd  `cmd:"" help:"Print the version."`
}

func main() {
	os.Exit(run(os.Args[1:]))
}

// run is main with its arguments and exit code in the open. The first interrupt
// ends a command in good order; the second ends the process at once.
func run(args []string) int {
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer cancel()
	context.AfterFunc(ctx, cancel)

	var c commands
	parser, err := kong.New(
		&c, kong.Name("proofmark"), kong.UsageOnError(), kong.DefaultEnvars("PROOFMARK"),
		kong.Description("IoT device gateway and ecosystem certification for the home-app protocol (MIoT-Spec-V2)."),
		kong.BindTo(ctx, (*context.Context)(nil)),
	)
	if err != nil {
		fmt.Fprintln(os.Stderr, "proofmark:", err)
		return 2
	}
	k, err := parser.Parse(args)
	if err != nil {
		parser.Errorf("%s", err)
		return 2
	}
	return exitCode(k.Run())
}

// exitCode prints what went wrong and says how the process ends.
func exitCode(err error) int {
	if err == nil {
		return 0
	}
	if msg := err.Error(); msg != "" {
		fmt.Fprintln(os.Stderr, "proofmark:", msg)
	}
	var e *exitError
	if errors.As(err, &e) {
		return e.Code
	}
	return 1
}

// VersionCmd prints what this binary was built from.
type VersionCmd struct{}

// Run implements the command.
func (VersionCmd) Run(k *kong.Context) error {
	_, err := fmt.Fprintln(k.Stdout, "proofmark", release())
	return err
}

// version is set by the Makefile; a plain go build leaves it to the build info.
var version = "dev"

// release is the version of this binary.
func release() string {
	if version != "dev" {
		return version
	}
	if b, ok := debug.ReadBuildInfo(); ok && b.Main.Version != "" && b.Main.Version != "(devel)" {
		return b.Main.Version
	}
	return version
}
