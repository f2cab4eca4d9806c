package suite

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/proofmark/proofmark/certification/suite/bench"
	"github.com/proofmark/proofmark/certification/suite/transcript"
)

// Setup describes a live run.
type Setup struct {
	Dir    Folder             // of the evidence
	Key    ed25519.PrivateKey // that signs it; nil: one in the folder, made the first time
	Resume bool               // go on with the run of that folder; what it says counts, not what stands here

	Spec        json.RawMessage
	Previous    json.RawMessage // the certified version before; may be nil
	Declaration *Declaration
	Submission  *Submission // may be nil
	Plan        Plan        // Quick by default
	Cases       []string    // ids and groups; all of the plan by default
	SoakHours   int         // of SOAK-01: 0 for all 24, or ShortSoak after a change that allows it
	Seed        uint64

	DID        string
	Secrets    map[string]string // the passwords that the bench accepts, by name: factory, configured
	Transport  string            // bench.TCP by default
	PKI        *bench.PKI        // for TLS
	ServerName string

	// Attach brings the device to the bench and keeps it there until ctx ends:
	// bench.Serve with a listener, or a virtual device.
	Attach func(ctx context.Context, b *bench.Bench) error

	Operator string // who answers questions: terminal, web, virtual; empty: nobody, and such cases are SKIPPED
	Ask      func(ctx context.Context, q bench.Question) (transcript.Answer, error)

	WatchLag bool           // look for stalls of this process: in real time without a listener, which always does
	Repeat   int            // how often a case that fails may be run again
	Ready    time.Duration  // how long the device may take to appear at first; 5 min by default
	Progress func(Progress) // may be called from several goroutines at once
	Logger   *slog.Logger

	create func(n int) (evidence, error) // Dir.create but in tests
	most   int                           // records; maxRecords but in tests
}

// DefaultReady is long enough to power a device and to join it to a network.
const DefaultReady = 5 * time.Minute

// header is record 0 of a new run.
func (s *Setup) header() (transcript.Header, error) {
	h := transcript.Header{
		Suite: Release, Plan: string(s.Plan), SoakHours: s.SoakHours, Seed: s.Seed, DID: s.DID, Transport: s.Transport, Operator: s.Operator,
		Spec: s.Spec, Previous: s.Previous, FirstID: newFirstID(s.Seed, time.Now()),
	}
	if h.Transport == "" {
		h.Transport = bench.TCP
	}
	if s.PKI != nil && h.Transport != bench.TCP {
		if h.ServerName = s.ServerName; h.ServerName == "" {
			h.ServerName = s.PKI.Name()
		}
	}
	if s.Plan == "" {
		h.Plan = string(Quick)
	}
	if s.Declaration == nil {
		return h, errors.New("a run needs a declaration")
	}
	var err error
	if h.Cases, err = Select(Plan(h.Plan), s.Cases); err != nil {
		return h, err
	}
	if len(h.Cases) == 0 {
		return h, fmt.Errorf("plan %s holds no case", h.Plan)
	}
	if h.Declaration, err = json.Marshal(s.Declaration); err != nil {
		return h, fmt.Errorf("declaration: %w", err)
	}
	if s.Submission != nil {
		facts := *s.Submission
		facts.fingerprint(s.Secrets)
		if h.Submission, err = json.Marshal(facts); err != nil {
			return h, fmt.Errorf("submission: %w", err)
		}
	}
	if !json.Valid(s.Spec) {
		return h, errors.New("the spec is no JSON")
	}
	return h, nil
}
