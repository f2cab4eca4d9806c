package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/certification/suite/transcript"
	"github.com/proofmark/proofmark/internal/media"
)

func (a *API) mountRunQuestions() {
	type questions struct {
		Questions []runQuestion `json:"questions"`
	}
	involved(a, huma.Operation{
		OperationID: "list-run-questions", Method: http.MethodGet, Path: "/runs/{run}/questions", Tags: []string{"Runs"},
		Summary: "List what a run asks, and asked, a person at the device",
	}, func(ctx context.Context, in *RunPath) (*reply[questions], error) {
		found, err := a.rig.Questions(ctx, partyOf(ctx), in.Run)
		return answer(questions{each(found, questionOf)}, err)
	})
	startup(a, huma.Operation{
		OperationID: "answer-run-question", Method: http.MethodPost, Path: "/runs/{run}/questions/{question}", Tags: []string{"Runs"},
		Summary: "Answer a question of a run",
		Description: "The case goes on at once: where a question says \"answer in that moment\", limits count from the answer. " +
			"Who answers had a hand in the run, and cannot approve the submission. `skip` leaves the case open; it is asked again when the run is resumed.",
	}, func(ctx context.Context, in *struct {
		RunPath
		Question string `path:"question" maxLength:"50"`
		Body     struct {
			Answer string `json:"answer" enum:"done,yes,no,skip" doc:"yes or no to a question of kind confirm, photo or upload, else done."`
			Note   string `json:"note,omitempty" maxLength:"2000"`
			File   string `json:"file,omitempty" maxLength:"64" doc:"SHA-256 of a file of the run: the photo, capture or scan that is asked for."`
		}
	},
	) (*reply[runQuestion], error) {
		q, err := a.rig.Answer(ctx, partyOf(ctx), in.Run, in.Question,
			transcript.Answer{Answer: in.Body.Answer, Note: in.Body.Note, File: in.Body.File})
		return answer(questionOf(q), err)
	})
	startup(a, a.takesFile(huma.Operation{
		OperationID: "add-run-file", Method: http.MethodPost, Path: "/runs/{run}/files", Tags: []string{"Runs"},
		DefaultStatus: http.StatusCreated,
		Summary:       "Give a file that an answer is to name",
		Description:   "A photo, a capture of the radio (pcap), the output of a port scan, a document.",
	}), func(ctx context.Context, in *struct {
		RunPath
		Upload
	},
	) (*reply[certification.RunFile], error) {
		if err := a.rig.MayOperate(ctx, partyOf(ctx), in.Run); err != nil {
			return nil, err
		}
		f, err := a.receive(ctx, &in.Upload, media.Evidence...)
		if err != nil {
			return nil, err
		}
		return answer(a.rig.KeepFile(ctx, partyOf(ctx), in.Run, certification.RunFile{
			Name: f.Name, Media: string(f.Kind), SHA256: f.SHA256, Size: f.Size,
		}))
	})
	type files struct {
		Files []certification.RunFile `json:"files"`
	}
	involved(a, huma.Operation{
		OperationID: "list-run-files", Method: http.MethodGet, Path: "/runs/{run}/files", Tags: []string{"Runs"},
		Summary: "List the files that were given for answers",
	}, func(ctx context.Context, in *RunPath) (*reply[files], error) {
		found, err := a.rig.Files(ctx, partyOf(ctx), in.Run)
		return answer(files{each(found, func(f certification.RunFile) certification.RunFile { return f })}, err)
	})
	involved(a, huma.Operation{
		OperationID: "get-run-file", Method: http.MethodGet, Path: "/runs/{run}/files/{sha256}", Tags: []string{"Runs"},
		Summary: "Download one of them",
	}, func(ctx context.Context, in *struct {
		RunPath
		SHA256 string `path:"sha256" maxLength:"64"`
	},
	) (*huma.StreamResponse, error) {
		f, err := a.rig.File(ctx, partyOf(ctx), in.Run, in.SHA256)
		if err != nil {
			return nil, err
		}
		return a.serveBlob(ctx, f.SHA256, f.Name, media.Kind(f.Media))
	})
}
