package local

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	mathrand "math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/proofmark/proofmark/certification/suite"
	"github.com/proofmark/proofmark/certification/suite/report"
	"github.com/proofmark/proofmark/miot"
)

// Options are what the command line says. The zero value of each works, but for
// Spec.
type Options struct {
	Spec        string // files
	Declaration string
	Previous    string
	Plan        string
	Cases       []string
	Seed        uint64
	Repeat      int

	DID       string
	Secret    string // made when empty
	Listen    string
	ListenTLS string // in place of Listen
	TLSNames  []string

	Out     string
	Resume  string
	Formats []string

	Virtual bool
	Mutant  string // implies Virtual

	Stdin    *os.File
	Progress io.Writer // where progress goes, and what an operator is asked
	TTY      bool      // Progress and Stdin are a terminal
	Config   string    // folder of this installation, for the authority that devices trust
}

// run is a test that is about to begin.
type run struct {
	Options
	setup suite.Setup
	spec  *miot.Spec
	show  *report.Terminal
}

// prepare reads the files and completes the options.
func prepare(o Options) (*run, error) {
	r := &run{Options: o, show: &report.Terminal{W: o.Progress, TTY: o.TTY}}
	for _, f := range o.Formats {
		if !slices.Contains(report.Formats, f) {
			return nil, fmt.Errorf("report format %q, needs one of %v", f, report.Formats)
		}
	}
	if r.DID == "" {
		r.DID = "device-under-test"
	}
	if err := miot.ValidDID(r.DID); err != nil {
		return nil, err
	}
	r.Virtual = r.Virtual || r.Mutant != ""
	r.setup = suite.Setup{
		Dir: suite.Folder(o.Out), Plan: suite.Plan(o.Plan), Cases: o.Cases, Seed: o.Seed, Repeat: o.Repeat,
		DID: r.DID, Progress: r.show.Tell,
	}
	read := r.begin
	if o.Resume != "" {
		read = r.resume
	}
	if err := read(); err != nil {
		return nil, err
	}
	if r.Secret == "" {
		if o.Resume != "" && !r.Virtual {
			return nil, errors.New("a resumed run needs the device's secret again: no transcript holds it")
		}
		r.Secret = newSecret()
	}
	// SEC-06 gives the device the configured one, to see it go again.
	r.setup.Secrets = map[string]string{"factory": r.Secret, "configured": newSecret()}
	return r, nil
}

// begin reads what a new run starts from.
func (r *run) begin() error {
	if r.Spec == "" {
		return errors.New("needs --spec FILE, the MIoT-Spec-V2 document of the device")
	}
	var err error
	if r.setup.Spec, r.spec, err = readSpec(r.Spec); err != nil {
		return err
	}
	if r.Previous != "" {
		if r.setup.Previous, _, err = readSpec(r.Previous); err != nil {
			return err
		}
	}
	switch {
	case r.Declaration != "":
		r.setup.Declaration, err = readDeclaration(r.Declaration)
	case r.Virtual:
		r.setup.Declaration = suite.Conforming(r.spec, r.DID)
	default:
		err = errors.New("needs --declaration FILE, what the maker says of the device; --init writes one to fill in")
	}
	if r.setup.Seed == 0 {
		r.setup.Seed = uint64(mathrand.Uint32()) // short enough to type again
	}
	if r.Out == "" {
		r.setup.Dir = suite.Folder(filepath.Join("proofmark-test", r.DID+time.Now().Format("-20060102-150405")))
	}
	return err
}

// resume reads what a run was begun with out of its first transcript.
func (r *run) resume() error {
	r.setup.Dir, r.setup.Resume = suite.Folder(r.Resume), true
	segments, err := r.setup.Dir.Segments()
	if err != nil {
		return err
	}
	h := segments[0].Header
	r.DID, r.setup.DID, r.setup.Transport = h.DID, h.DID, h.Transport
	if r.spec, err = miot.Parse(h.Spec); err != nil {
		return err
	}
	r.setup.Declaration = new(suite.Declaration)
	return decode(h.Declaration, r.setup.Declaration)
}

func readSpec(path string) ([]byte, *miot.Spec, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, nil, err
	}
	spec, err := miot.Parse(data)
	var shape *miot.ShapeError
	if errors.As(err, &shape) {
		// DECL-01 says where; the bench cannot do more with it.
		return data, new(miot.Spec), nil
	}
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", path, err)
	}
	return data, spec, nil
}

func readDeclaration(path string) (*suite.Declaration, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	d, err := suite.ReadDeclaration(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return d, nil
}

// newSecret is 256 bits, as a factory's is.
func newSecret() string {
	b := make([]byte, 32)
	_, _ = rand.Read(b) // it never fails
	return hex.EncodeToString(b)
}

// Test runs the suite. The document is nil when nothing was begun; the error may
// be there with a document, when the run ended early.
func Test(ctx context.Context, o Options) (*report.Document, []string, error) {
	r, err := prepare(o)
	if err != nil {
		return nil, nil, err
	}
	end, err := r.attach(ctx)
	if err != nil {
		return nil, nil, err
	}
	defer end()
	rep, ran := suite.Live(ctx, r.setup)
	if rep == nil {
		return nil, nil, ran
	}
	doc := report.New(rep)
	formats := o.Formats
	if !slices.Contains(formats, "json") {
		formats = append(slices.Clone(formats), "json") // judge compares with it
	}
	paths, err := doc.Write(r.setup.Dir, formats...)
	return doc, paths, errors.Join(ran, err)
}
