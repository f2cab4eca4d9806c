package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/proofmark/proofmark/certification/suite"
	"github.com/proofmark/proofmark/certification/suite/local"
)

// JudgeCmd gives the verdicts of a run again, from its transcript alone.
type JudgeCmd struct {
	Path string `arg:"" name:"run" help:"Folder of a run, or one transcript." type:"path"`
	JSON bool   `name:"json" help:"Print the report as JSON."`
	Pcap string `help:"Also write what crossed the wire as capture files into this folder." type:"path" placeholder:"DIR"`
}

// Run judges. It ends as test does, or with 4 if the stored report says something else.
func (c *JudgeCmd) Run(k *kong.Context) error {
	judged, err := local.Rejudge(c.Path)
	if err != nil {
		return &exitError{Code: suite.ExitUsage, Err: err}
	}
	if c.Pcap != "" {
		names, err := local.Capture(c.Path, c.Pcap)
		if err != nil {
			return &exitError{Code: suite.ExitUsage, Err: err}
		}
		if !c.JSON {
			fmt.Fprintln(k.Stdout, "captured:", strings.Join(names, ", "))
		}
	}
	if !c.JSON {
		err = judged.WriteSummary(k.Stdout)
		for i, key := range judged.Signed {
			if key == "" {
				key = "nobody"
			}
			fmt.Fprintf(k.Stdout, "transcript %d: signed by %s\n", i+1, key)
		}
		if judged.Cut {
			fmt.Fprintln(k.Stdout, "a transcript ends within a line: its process was killed")
		}
		if len(judged.Differs) > 0 {
			fmt.Fprintf(k.Stdout, "the stored report differs:\n  %s\n", strings.Join(judged.Differs, "\n  "))
		}
	}
	return errors.Join(err, finish(k, c.JSON, judged, judged.ExitCode()))
}
