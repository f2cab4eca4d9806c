package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/alecthomas/kong"
	"github.com/mattn/go-isatty"

	"github.com/proofmark/proofmark/certification/suite"
	"github.com/proofmark/proofmark/certification/suite/local"
	"github.com/proofmark/proofmark/certification/suite/report"
)

// TestCmd rehearses certification on the maker's own table.
type TestCmd struct {
	Spec        string   `help:"MIoT-Spec-V2 document of the device." type:"path"`
	Plan        string   `help:"Which cases: ${enum}." enum:"quick,full,soak" default:"quick"`
	Declaration string   `help:"What the maker says of the device, YAML or JSON (docs/declaration.md)." type:"path" xor:"declaration"`
	Init        bool     `help:"Write declaration.yaml to start from, and end." xor:"declaration"`
	Case        []string `help:"Only these cases or groups: READ-01,SESS; may be repeated." sep:","`
	Resume      string   `help:"Go on with the run in this folder." placeholder:"DIR" type:"path"`
	Seed        uint64   `help:"Of everything random; 0 is another each time."`
	Repeat      int      `help:"How often a case that fails may be run again; it then has to pass three times in a row."`
	Previous    string   `help:"Spec of the certified version before." placeholder:"FILE" type:"path"`

	DID       string   `name:"did" help:"Client id and user name of the device." default:"device-under-test"`
	Secret    string   `help:"Its login secret; one is made and shown otherwise."`
	Listen    string   `help:"Address of the bench." default:":1884"`
	ListenTLS string   `name:"listen-tls" help:"Address of the bench over TLS, in place of --listen, such as :8884." placeholder:"ADDRESS"`
	TLSName   []string `name:"tls-name" help:"Names and addresses for the bench's certificate; the first is the server name."`

	Out    string   `help:"Folder of the evidence and the report; a new one in proofmark-test otherwise." placeholder:"DIR" type:"path"`
	Format []string `help:"Forms of the report: html, json, junit." sep:"," default:"html,json,junit"`
	JSON   bool     `name:"json" help:"Print the report as JSON; progress goes to standard error."`

	Virtual bool   `help:"Test a conforming virtual device in this process."`
	Mutant  string `help:"Test a virtual device that breaks one rule." placeholder:"NAME"`
}

// Run tests the device, prints the verdict and says where the report is.
func (c *TestCmd) Run(ctx context.Context, k *kong.Context) error {
	if c.Init {
		if err := local.Init(c.Spec, "declaration.yaml", k.Stdout); err != nil {
			return &exitError{Code: suite.ExitUsage, Err: err}
		}
		return nil
	}
	show := k.Stdout
	if c.JSON {
		show = k.Stderr
	}
	doc, paths, err := local.Test(ctx, c.options(show))
	if doc == nil {
		return &exitError{Code: suite.ExitUsage, Err: err}
	}
	code := doc.ExitCode()
	if err != nil {
		// What ended the run early has no verdict of its own.
		fmt.Fprintln(k.Stderr, "proofmark:", err)
		code = max(code, suite.ExitFail)
		if doc.Verdict != suite.Fail {
			code = suite.ExitOpen
		}
	}
	return c.conclude(k, show, doc, paths, code)
}

func (c *TestCmd) options(show io.Writer) local.Options {
	config, err := os.UserConfigDir()
	if err != nil {
		config = "." // no home: the authority is kept beside the runs
	}
	return local.Options{
		Spec: c.Spec, Declaration: c.Declaration, Previous: c.Previous, Plan: c.Plan, Cases: c.Case, Seed: c.Seed, Repeat: c.Repeat,
		DID: c.DID, Secret: c.Secret, Listen: c.Listen, ListenTLS: c.ListenTLS, TLSNames: c.TLSName,
		Out: c.Out, Resume: c.Resume, Formats: c.Format, Virtual: c.Virtual, Mutant: c.Mutant,
		Stdin: os.Stdin, Progress: show, TTY: terminal(os.Stdin) && terminal(show),
		Config: filepath.Join(config, "proofmark"),
	}
}

// terminal says whether somebody can read and type there.
func terminal(at any) bool {
	f, ok := at.(*os.File)
	return ok && isatty.IsTerminal(f.Fd())
}

func (c *TestCmd) conclude(k *kong.Context, show io.Writer, doc *report.Document, paths []string, code int) error {
	err := doc.WriteSummary(show)
	for _, path := range paths {
		fmt.Fprintln(show, "report:", path)
	}
	return errors.Join(err, finish(k, c.JSON, doc, code))
}
