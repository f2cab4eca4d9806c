package main

import (
	"fmt"
	"os"

	"github.com/alecthomas/kong"

	"github.com/proofmark/proofmark/miot"
)

// SpecCmd works on MIoT-Spec-V2 documents, without account or device.
type SpecCmd struct {
	Lint specLint `cmd:"" help:"Check documents. Exit 0 without errors (warnings allowed), 1 with errors, 2 if a file cannot be read."`
	Show specShow `cmd:"" help:"Print what a document describes."`
	Diff specDiff `cmd:"" help:"Compare two versions. Exit 0 if the new one only adds, 1 if it breaks, 2 if a file cannot be read."`
}

type specLint struct {
	Files         []string `arg:"" name:"file" help:"Spec documents."`
	Certification bool     `help:"As strict as certification: a missing service 1 is an error."`
	JSON          bool     `name:"json" help:"Print JSON."`
}

// linted is one file's result; Error is set where the file could not be read.
type linted struct {
	File     string         `json:"file"`
	Error    string         `json:"error,omitempty"`
	Findings []miot.Finding `json:"findings,omitzero"`
}

// Run checks each file and tells all findings.
func (c *specLint) Run(k *kong.Context) error {
	profile, code := miot.LintDefault, 0
	if c.Certification {
		profile = miot.LintForCertification
	}
	all := make([]linted, len(c.Files))
	for i, file := range c.Files {
		all[i] = linted{File: file}
		data, err := os.ReadFile(file)
		if err == nil {
			all[i].Findings, err = miot.LintDocument(data, profile)
		}
		errors := miot.Errors(all[i].Findings)
		summary := fmt.Sprintf("%d errors, %d warnings", errors, len(all[i].Findings)-errors)
		if err != nil {
			all[i].Error, code, summary = err.Error(), 2, "cannot be read: "+err.Error()
		} else if errors > 0 {
			code = max(code, 1)
		}
		for j := 0; j < len(all[i].Findings) && !c.JSON; j++ {
			fmt.Fprintf(k.Stdout, "%s: %s\n", file, all[i].Findings[j])
		}
		if !c.JSON {
			fmt.Fprintf(k.Stdout, "%s: %s\n", file, summary)
		}
	}
	return finish(k, c.JSON, all, code)
}

type specShow struct {
	File string `arg:"" help:"Spec document."`
	JSON bool   `name:"json" help:"Print JSON, members in the published order."`
}

// Run prints the document as a table.
func (c *specShow) Run(k *kong.Context) error {
	spec, err := readSpec(c.File)
	if err != nil {
		return err
	}
	if !c.JSON {
		return spec.WriteTable(k.Stdout)
	}
	return finish(k, true, spec, 0)
}

type specDiff struct {
	Old  string `arg:"" help:"The certified document."`
	New  string `arg:"" help:"The one that is to follow it."`
	JSON bool   `name:"json" help:"Print JSON."`
}

// Run tells all changes, and by its exit code whether they only add.
func (c *specDiff) Run(k *kong.Context) error {
	older, err := readSpec(c.Old)
	if err != nil {
		return err
	}
	newer, err := readSpec(c.New)
	if err != nil {
		return err
	}
	changes, code := append(miot.Changes{}, miot.Diff(older, newer)...), 0
	if !changes.Additive() {
		code = 1
	}
	for i := 0; i < len(changes) && !c.JSON; i++ {
		fmt.Fprintln(k.Stdout, changes[i])
	}
	return finish(k, c.JSON, map[string]any{"additive": code == 0, "changes": changes}, code)
}

// readSpec reads a document for a command that needs all of it.
func readSpec(file string) (spec *miot.Spec, err error) {
	data, err := os.ReadFile(file)
	if err == nil {
		spec, err = miot.Parse(data)
	}
	if err != nil {
		return nil, &exitError{Code: 2, Err: fmt.Errorf("%s: %w", file, err)}
	}
	return spec, nil
}
