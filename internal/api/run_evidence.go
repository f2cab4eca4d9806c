package api

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/certification/rig"
	"github.com/proofmark/proofmark/certification/suite/report"
	"github.com/proofmark/proofmark/certification/suite/transcript"
	"github.com/proofmark/proofmark/internal/media"
	"github.com/proofmark/proofmark/registry"
)

// runRecord is a line of a transcript.
type runRecord struct {
	Seq     int             `json:"seq" doc:"Its number in the transcript."`
	At      int64           `json:"at_ns" doc:"Nanoseconds since the transcript began."`
	Kind    string          `json:"kind" doc:"packet, bytes, open, tls, close of the wire; begin, end, do, timeout, answer, note, lag of the bench."`
	Case    string          `json:"case,omitempty"`
	Attempt int             `json:"attempt,omitempty"`
	Conn    int             `json:"conn,omitempty" doc:"Counts the device's connections from 1."`
	Dir     string          `json:"dir,omitempty" doc:"in: from the device, out: to it."`
	Name    string          `json:"name,omitempty" doc:"Type of a packet, name of an action, who ended a connection."`
	Text    string          `json:"text,omitempty"`
	Data    json.RawMessage `json:"data,omitempty" doc:"Decoded."`
	Hex     string          `json:"hex,omitempty" doc:"The bytes, secrets as asterisks."`
}

func recordOf(r *transcript.Record) runRecord {
	return runRecord{
		r.Seq, int64(r.At), string(r.Kind), r.Case, r.Attempt, r.Conn, string(r.Dir), r.Name, r.Text, r.Data, hex.EncodeToString(r.Raw),
	}
}

// TranscriptPath names a transcript of a run.
type TranscriptPath struct {
	RunPath
	Number int `path:"number" minimum:"1" maximum:"10000" doc:"Which of the run's transcripts: 1, and one more after each resumption."`
}

func (a *API) mountRunEvidence() {
	involved(a, huma.Operation{
		OperationID: "get-evidence", Method: http.MethodGet, Path: "/submissions/{id}/evidence", Tags: []string{"Runs"},
		Summary: "What stands for each case of a submission",
		Description: "Over all runs on its firmware, spec and declaration with this release of the suite, whatever became of them. " +
			"A FAIL is outweighed only by three passes in a row. Each outcome names the run, the transcript and the records that it comes from.",
	}, func(ctx context.Context, in *OfSubmission) (*reply[rig.Dossier], error) {
		return answer(a.rig.Dossier(ctx, partyOf(ctx), in.ID))
	})
	type records struct {
		Records []runRecord `json:"records"`
		Total   int         `json:"total" doc:"Records of the transcript."`
		Next    int         `json:"next,omitempty" doc:"from of the next page."`
	}
	involved(a, huma.Operation{
		OperationID: "list-records", Method: http.MethodGet, Path: "/runs/{run}/transcripts/{number}/records", Tags: []string{"Runs"},
		Summary: "Read a transcript: every packet, step and fault",
	}, func(ctx context.Context, in *struct {
		TranscriptPath
		From  int    `query:"from" minimum:"0" doc:"The first record."`
		Limit int    `query:"limit" minimum:"1" maximum:"1000" default:"100"`
		Case  string `query:"case" maxLength:"20" doc:"Only what happened within this case." example:"WRITE-03"`
		Dir   string `query:"dir" enum:"in,out" doc:"Only what crossed the wire so."`
		Topic string `query:"topic" maxLength:"200" doc:"Only packets on a topic that contains this."`
		Kind  string `query:"kind" maxLength:"20" doc:"Only records of this kind."`
	},
	) (*reply[records], error) {
		page, err := a.rig.Records(ctx, partyOf(ctx), in.Run, in.Number, rig.Filter{
			From: in.From, Limit: in.Limit, Case: in.Case, Dir: transcript.Direction(in.Dir), Topic: in.Topic, Kind: transcript.Kind(in.Kind),
		})
		if err != nil {
			return nil, err
		}
		return answer(records{each(page.Records, recordOf), page.Total, page.Next}, nil)
	})
	involved(a, huma.Operation{
		OperationID: "get-transcript", Method: http.MethodGet, Path: "/runs/{run}/transcripts/{number}", Tags: []string{"Runs"},
		Summary:     "Download a transcript",
		Description: "JSON lines, gzip, with the signature as its last line. `proofmark judge` reads it.",
	}, func(ctx context.Context, in *TranscriptPath) (*huma.StreamResponse, error) {
		run, err := a.rig.Run(ctx, partyOf(ctx), in.Run)
		if err != nil {
			return nil, err
		}
		if in.Number > len(run.Transcripts) {
			return nil, fmt.Errorf("transcript %d of run %s, which has %d: %w", in.Number, run.ID, len(run.Transcripts), registry.ErrNotFound)
		}
		e := run.Transcripts[in.Number-1]
		return a.serveBlob(ctx, e.SHA256, run.ID+"-"+e.Name, media.Gzip)
	})
	involved(a, huma.Operation{
		OperationID: "get-capture", Method: http.MethodGet, Path: "/runs/{run}/transcripts/{number}/pcap", Tags: []string{"Runs"},
		Summary:     "Download a transcript as a capture file",
		Description: "What went through TLS is shown as it was inside; secrets are asterisks.",
	}, a.capture)
	a.mountRunReports()
}

func (a *API) capture(ctx context.Context, in *TranscriptPath) (*huma.StreamResponse, error) {
	write, err := a.rig.Capture(ctx, partyOf(ctx), in.Run, in.Number)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer // whole or not at all: half a capture would look like one
	if err := write(&b); err != nil {
		return nil, err
	}
	return &huma.StreamResponse{Body: func(ctx huma.Context) {
		r, w := unwrap(ctx)
		h := w.Header()
		h.Set("Content-Type", media.Pcap.Type())
		h.Set("Content-Disposition", disposition(fmt.Sprintf("%s-transcript-%d.pcap", in.Run, in.Number)))
		sandboxed(h, "default-src 'none'")
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(b.Bytes()))
	}}, nil
}

// sandboxed keeps a browser from running what it is shown, and pages of others from
// using it.
func sandboxed(h http.Header, policy string) {
	h.Set("Content-Security-Policy", "sandbox; "+policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cache-Control", "private, no-cache") // who may see it changes
}

func (a *API) mountRunReports() {
	reportOf := func(ctx context.Context, id string, which func(certification.Run) certification.Evidence) (certification.Run, certification.Evidence, error) {
		run, err := a.rig.Run(ctx, partyOf(ctx), id)
		e := which(run)
		if err == nil && e.SHA256 == "" {
			err = fmt.Errorf("report of run %s, which is %s and has none yet: %w", run.ID, run.State, registry.ErrNotFound)
		}
		return run, e, err
	}
	involved(a, huma.Operation{
		OperationID: "get-report", Method: http.MethodGet, Path: "/runs/{run}/report", Tags: []string{"Runs"},
		Summary:     "Read a run's report",
		Description: "One HTML file without scripts; it is shown in a sandbox.",
		Responses: map[string]*huma.Response{"200": {Description: "The report", Content: map[string]*huma.MediaType{
			"text/html": {Schema: &huma.Schema{Type: huma.TypeString}},
		}}},
	}, func(ctx context.Context, in *struct {
		RunPath
		Download bool `query:"download" doc:"As a file."`
	},
	) (*streamed, error) {
		run, e, err := reportOf(ctx, in.Run, func(run certification.Run) certification.Evidence { return run.Report })
		if err != nil {
			return nil, err
		}
		file, _, err := a.blobs.Open(ctx, e.SHA256)
		if err != nil {
			return nil, err
		}
		return &streamed{func(ctx huma.Context) {
			defer file.Close()
			r, w := unwrap(ctx)
			h := w.Header()
			h.Set("Content-Type", "text/html; charset=utf-8")
			if in.Download {
				h.Set("Content-Disposition", disposition(run.ID+"-report.html"))
			}
			sandboxed(h, report.Policy)
			http.ServeContent(w, r, "", time.Time{}, file)
		}}, nil
	})
	involved(a, huma.Operation{
		OperationID: "get-report-json", Method: http.MethodGet, Path: "/runs/{run}/report.json", Tags: []string{"Runs"},
		Summary: "Download a run's report for programs",
	}, func(ctx context.Context, in *RunPath) (*huma.StreamResponse, error) {
		run, e, err := reportOf(ctx, in.Run, func(run certification.Run) certification.Evidence { return run.ReportJSON })
		if err != nil {
			return nil, err
		}
		return a.serveBlob(ctx, e.SHA256, run.ID+"-report.json", media.JSON)
	})
}

func (a *API) mountRunJudgements() {
	type judgements struct {
		Judgements []certification.Judgement `json:"judgements"`
	}
	involved(a, huma.Operation{
		OperationID: "judge-run", Method: http.MethodPost, Path: "/runs/{run}/judgements", Tags: []string{"Runs"},
		DefaultStatus: http.StatusAccepted,
		Summary:       "Judge a run again, from its transcripts alone",
		Description:   "By the suite as it is now. The judgement says whether the stored report says the same, and who signed the transcripts.",
	}, func(ctx context.Context, in *RunPath) (*reply[certification.Judgement], error) {
		return answer(a.rig.AskJudgement(ctx, partyOf(ctx), in.Run))
	})
	involved(a, huma.Operation{
		OperationID: "list-judgements", Method: http.MethodGet, Path: "/runs/{run}/judgements", Tags: []string{"Runs"},
		Summary: "List the judgements of a run",
	}, func(ctx context.Context, in *RunPath) (*reply[judgements], error) {
		found, err := a.rig.Judgements(ctx, partyOf(ctx), in.Run)
		return answer(judgements{each(found, func(j certification.Judgement) certification.Judgement { return j })}, err)
	})
}
