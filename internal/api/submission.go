package api

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/internal/bus"
	"github.com/proofmark/proofmark/internal/media"
	"github.com/proofmark/proofmark/internal/notice"
)

const tagSubmissions = "Submissions"

// OfSubmission is the path of everything that is about one submission.
type OfSubmission struct {
	ID string `path:"id" maxLength:"100" doc:"sub_…"`
}

// ChangesSubmission is the input of what changes one.
type ChangesSubmission struct {
	OfSubmission
	IfMatch
}

// submissionReply is a submission with its revision as ETag.
type submissionReply struct {
	ETag string `header:"ETag"`
	Body certification.Submission
}

// answerSubmission leaves out the spec: it has a path of its own, where its bytes
// are those that were given.
func answerSubmission(s certification.Submission, err error) (*submissionReply, error) {
	if err != nil {
		return nil, stale(err)
	}
	s.Spec = nil
	return &submissionReply{etag(s.Rev), s}, nil
}

type submissionList struct {
	Submissions []certification.Submission `json:"submissions"`
	Next        string                     `json:"next,omitempty" doc:"Give it as after to read on; absent at the end."`
}

// SubmissionEdit is what a vendor says of a submission; what is absent stays.
type SubmissionEdit struct {
	Product     *string                 `json:"product,omitempty" maxLength:"200" doc:"Its name, for people."`
	Hardware    *[]string               `json:"hardware,omitempty" maxItems:"64" doc:"Revisions that the certificate is to name."`
	Firmware    *firmwareGiven          `json:"firmware,omitempty"`
	Platform    *certification.Platform `json:"platform,omitempty" doc:"What the model shares with others of its maker: radio module and platform firmware."`
	Units       *certification.Units    `json:"units,omitempty" doc:"Two units, of which SEC-01 sees that their secrets differ."`
	Spec        json.RawMessage         `json:"spec,omitempty" doc:"A MIoT-Spec-V2 document, kept byte by byte as it stands here."`
	Declaration json.RawMessage         `json:"declaration,omitempty" doc:"An object, or a text that holds YAML (docs/declaration.md)."`
	Regions     *[]string               `json:"regions,omitempty" maxItems:"64" doc:"EU, or countries as two letters of ISO 3166." example:"[\"IN\",\"EU\"]"`
	Previous    *string                 `json:"previous,omitempty" maxLength:"100" doc:"Serial of the certificate that this one follows."`
	Parent      *string                 `json:"parent,omitempty" maxLength:"100" doc:"Serial of the certificate of another model on the same platform (class F)."`
}

type firmwareGiven struct {
	Version string `json:"version" maxLength:"100"`
	SHA256  string `json:"sha256,omitempty" doc:"Of the image; absent where the image is uploaded, which gives it."`
}

func (e SubmissionEdit) edit() certification.Edit {
	out := certification.Edit{
		Product: e.Product, Hardware: e.Hardware, Platform: e.Platform, Units: e.Units, Regions: e.Regions,
		Previous: e.Previous, Parent: e.Parent, Spec: e.Spec, Declaration: e.Declaration,
	}
	if f := e.Firmware; f != nil {
		out.Firmware = &certification.Firmware{Version: f.Version, SHA256: f.SHA256}
	}
	var text string
	if json.Unmarshal(e.Declaration, &text) == nil {
		out.Declaration = []byte(text)
	}
	return out
}

// submissionLimit has room for a spec and a declaration.
const submissionLimit = 4 << 20

func (a *API) mountSubmissions() {
	startup(a, huma.Operation{
		OperationID: "create-submission", Method: http.MethodPost, Path: "/submissions", Tags: []string{tagSubmissions},
		Summary: "Make a draft", DefaultStatus: http.StatusCreated, MaxBodyBytes: submissionLimit,
		Description: "Of a firmware that is to be certified. Everything may come later; docs/programme.md says what is needed to submit.",
	}, func(ctx context.Context, in *struct {
		Body struct {
			Org string `json:"org" maxLength:"100" doc:"org_… that submits."`
			SubmissionEdit
		}
	},
	) (*submissionReply, error) {
		return answerSubmission(a.programme.CreateSubmission(ctx, partyOf(ctx), in.Body.Org, in.Body.edit()))
	})
	involved(a, huma.Operation{
		OperationID: "list-submissions", Method: http.MethodGet, Path: "/submissions", Tags: []string{tagSubmissions},
		Summary: "List submissions", Description: "Those of the caller's organisations; for reviewers and operators all.",
	}, a.submissions)
	involved(a, huma.Operation{
		OperationID: "get-submission", Method: http.MethodGet, Path: "/submissions/{id}", Tags: []string{tagSubmissions},
		Summary:     "Read a submission, or wait for it",
		Description: "With wait the answer comes when the state is none of those in while, or after that time as it then is. docs/programme.md has a script that submits from a CI and waits.",
	}, a.submission)
	startup(a, huma.Operation{
		OperationID: "edit-submission", Method: http.MethodPatch, Path: "/submissions/{id}", Tags: []string{tagSubmissions},
		Summary: "Edit a draft", MaxBodyBytes: submissionLimit,
	}, func(ctx context.Context, in *struct {
		ChangesSubmission
		Body SubmissionEdit
	},
	) (*submissionReply, error) {
		return changing(in.IfMatch, func(rev int64) (certification.Submission, error) {
			return a.programme.EditSubmission(ctx, partyOf(ctx), in.ID, rev, in.Body.edit())
		})
	})
	startup(a, specBody(huma.Operation{
		OperationID: "put-submission-spec", Method: http.MethodPut, Path: "/submissions/{id}/spec", Tags: []string{tagSubmissions},
		Summary: "Give a draft its spec document", Description: "The body is the document; its SHA-256 is the one that the certificate will name.",
	}), func(ctx context.Context, in *struct {
		ChangesSubmission
		SpecDocument
	},
	) (*submissionReply, error) {
		return changing(in.IfMatch, func(rev int64) (certification.Submission, error) {
			return a.programme.EditSubmission(ctx, partyOf(ctx), in.ID, rev, certification.Edit{Spec: bytes.Clone(in.RawBody)}) // huma takes its buffer back
		})
	})
	involved(a, huma.Operation{
		OperationID: "get-submission-spec", Method: http.MethodGet, Path: "/submissions/{id}/spec", Tags: []string{tagSubmissions},
		Summary: "Read the spec document of a submission", Description: "As it was given.",
	}, func(ctx context.Context, in *OfSubmission) (*huma.StreamResponse, error) {
		s, err := a.programme.Submission(ctx, partyOf(ctx), in.ID)
		if err != nil {
			return nil, err
		}
		return &huma.StreamResponse{Body: func(ctx huma.Context) {
			ctx.SetHeader("Content-Type", "application/json")
			ctx.SetHeader("Cache-Control", "private, no-cache")
			_, _ = ctx.BodyWriter().Write(s.Spec)
		}}, nil
	})
	describeSpec(a.huma.OpenAPI().Paths[prefix+"/submissions/{id}/spec"].Put)
	a.mountMoves()
	a.mountScreening()
}

// changing calls do with the revision that the request names.
func changing(m IfMatch, do func(rev int64) (certification.Submission, error)) (*submissionReply, error) {
	rev, err := m.revision()
	if err != nil {
		return nil, err
	}
	return answerSubmission(do(rev))
}

// mountMoves registers what a vendor does with a submission as a whole.
func (a *API) mountMoves() {
	type withReason struct {
		ChangesSubmission
		Body struct {
			Reason string `json:"reason,omitempty" maxLength:"4000"`
		}
	}
	startup(a, huma.Operation{
		OperationID: "submit-submission", Method: http.MethodPost, Path: "/submissions/{id}/submit", Tags: []string{tagSubmissions},
		Summary: "Submit a draft", Description: "It is screened at once: it goes on to testing, or is a draft again with findings.",
	}, func(ctx context.Context, in *ChangesSubmission) (*submissionReply, error) {
		return changing(in.IfMatch, func(rev int64) (certification.Submission, error) {
			return a.programme.Submit(ctx, partyOf(ctx), in.ID, rev)
		})
	})
	startup(a, huma.Operation{
		OperationID: "withdraw-submission", Method: http.MethodPost, Path: "/submissions/{id}/withdraw", Tags: []string{tagSubmissions},
		Summary: "Withdraw a submission", Description: "Before it is issued. It cannot be taken up again.",
	}, func(ctx context.Context, in *withReason) (*submissionReply, error) {
		return changing(in.IfMatch, func(rev int64) (certification.Submission, error) {
			return a.programme.Withdraw(ctx, partyOf(ctx), in.ID, rev, in.Body.Reason)
		})
	})
	startup(a, huma.Operation{
		OperationID: "reopen-submission", Method: http.MethodPost, Path: "/submissions/{id}/reopen", Tags: []string{tagSubmissions},
		Summary: "Make a submission a draft again", Description: "While it is tested, or where changes were requested, so that it can have another firmware or spec.",
	}, func(ctx context.Context, in *withReason) (*submissionReply, error) {
		return changing(in.IfMatch, func(rev int64) (certification.Submission, error) {
			return a.programme.Reopen(ctx, partyOf(ctx), in.ID, rev, in.Body.Reason)
		})
	})
	startup(a, huma.Operation{
		OperationID: "request-review", Method: http.MethodPost, Path: "/submissions/{id}/request-review", Tags: []string{tagSubmissions},
		Summary: "Hand a tested submission to the reviewers", Description: "Once each case that has to be run has a verdict: GET /submissions/{id}/evidence names those that are missing.",
	}, func(ctx context.Context, in *ChangesSubmission) (*submissionReply, error) {
		return changing(in.IfMatch, func(rev int64) (certification.Submission, error) {
			return a.reviews.Request(ctx, partyOf(ctx), in.ID, rev)
		})
	})
	startup(a, huma.Operation{
		OperationID: "answer-changes", Method: http.MethodPost, Path: "/submissions/{id}/answer", Tags: []string{tagSubmissions},
		Summary: "Answer the changes that were requested", Description: "With documents, statements, or what a further run will show. The same firmware goes on being tested.",
	}, func(ctx context.Context, in *struct {
		ChangesSubmission
		Body struct {
			Answer string `json:"answer" minLength:"1" maxLength:"4000" doc:"What was changed."`
		}
	},
	) (*submissionReply, error) {
		return changing(in.IfMatch, func(rev int64) (certification.Submission, error) {
			return a.programme.Answer(ctx, partyOf(ctx), in.ID, rev, in.Body.Answer)
		})
	})
}

// mountScreening registers what follows from the papers.
func (a *API) mountScreening() {
	involved(a, huma.Operation{
		OperationID: "get-screening", Method: http.MethodGet, Path: "/submissions/{id}/screening", Tags: []string{tagSubmissions},
		Summary: "Read what screening found", Description: "The last time that it was submitted: each finding with its case, place and what to do.",
	}, func(ctx context.Context, in *OfSubmission) (*reply[certification.Screened], error) {
		return answer(a.programme.ScreeningOf(ctx, partyOf(ctx), in.ID))
	})
	involved(a, huma.Operation{
		OperationID: "get-screening-transcript", Method: http.MethodGet, Path: "/submissions/{id}/screening/transcript", Tags: []string{tagSubmissions},
		Summary: "Download the transcript of screening", Description: "The DECL cases as JSON lines, packed and signed: `proofmark judge` gives the same verdicts.",
	}, func(ctx context.Context, in *OfSubmission) (*huma.StreamResponse, error) {
		found, err := a.programme.ScreeningOf(ctx, partyOf(ctx), in.ID)
		if err != nil {
			return nil, err
		}
		return a.serveBlob(ctx, found.Transcript.SHA256, found.Transcript.Name, media.Gzip)
	})
	involved(a, huma.Operation{
		OperationID: "get-requirements", Method: http.MethodGet, Path: "/submissions/{id}/requirements", Tags: []string{tagSubmissions},
		Summary: "Read what has to be run", Description: "By the class of the change, and which cases are inherited from which certificate.",
	}, func(ctx context.Context, in *OfSubmission) (*reply[certification.Requirements], error) {
		s, err := a.programme.Submission(ctx, partyOf(ctx), in.ID)
		return answer(s.Required(), err)
	})
}

func (a *API) submissions(ctx context.Context, in *struct {
	Page
	Org   string `query:"org" maxLength:"100"`
	State string `query:"state" enum:",draft,submitted,screening,testing,review,changes-requested,approved,issuing,certified,rejected,withdrawn"`
	Model string `query:"model" maxLength:"100" example:"aurora-pure1"`
},
) (*reply[submissionList], error) {
	found, err := a.programme.Submissions(ctx, partyOf(ctx), certification.SubmissionFilter{
		Org: in.Org, State: certification.SubmissionState(in.State), Model: in.Model, After: in.After, Limit: in.Limit + 1,
	})
	var list submissionList
	same := func(s certification.Submission) certification.Submission { return s }
	list.Submissions, list.Next = cut(found, in.Limit, same, func(s certification.Submission) string { return s.ID })
	return answer(list, err)
}

const (
	longestWait = time.Minute
	// lookAgain is how often a wait reads the submission by itself: the bus may lose
	// a message, the store does not.
	lookAgain = 2 * time.Second
)

func (a *API) submission(ctx context.Context, in *struct {
	OfSubmission
	Wait  string `query:"wait" maxLength:"10" doc:"How long at most, up to 60s." example:"30s"`
	While string `query:"while" maxLength:"200" doc:"States to wait in, separated by commas; the present one when absent." example:"submitted,screening"`
},
) (*submissionReply, error) {
	who := partyOf(ctx)
	s, err := a.programme.Submission(ctx, who, in.ID)
	if err != nil || in.Wait == "" {
		return answerSubmission(s, err)
	}
	wait, err := time.ParseDuration(in.Wait)
	if err != nil || wait < 0 || wait > longestWait {
		return nil, newProblem(kindInvalid, "wait is "+in.Wait+": want a duration of at most 60s, such as 30s")
	}
	while := []string{string(s.State)}
	if in.While != "" {
		while = strings.Split(in.While, ",")
	}
	return answerSubmission(a.await(ctx, who, in.ID, wait, while))
}

// await reads a submission until its state is none of those, or the time is up.
func (a *API) await(ctx context.Context, who certification.Actor, id string, wait time.Duration, while []string) (certification.Submission, error) {
	moved := make(chan struct{}, 1)
	sub, err := a.bus.Subscribe(notice.Topic("submission.*"), func(m bus.Message) {
		var n notice.Notice
		if json.Unmarshal(m.Data, &n) == nil && n.Subject == id {
			select {
			case moved <- struct{}{}:
			default:
			}
		}
	})
	if err != nil {
		return certification.Submission{}, err
	}
	defer func() { _ = sub.Unsubscribe() }()
	until := time.NewTimer(wait)
	defer until.Stop()
	again := time.NewTicker(lookAgain)
	defer again.Stop()
	for over := false; ; {
		s, err := a.programme.Submission(ctx, who, id)
		if err != nil || over || !slices.Contains(while, string(s.State)) {
			return s, err
		}
		select {
		case <-moved:
		case <-again.C:
		case <-until.C:
			over = true
		case <-ctx.Done():
			return s, ctx.Err()
		}
	}
}
