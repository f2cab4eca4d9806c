package web

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/certification/rig"
	"github.com/proofmark/proofmark/certification/suite"
	"github.com/proofmark/proofmark/certification/suite/transcript"
	"github.com/proofmark/proofmark/internal/bus"
	"github.com/proofmark/proofmark/internal/media"
	"github.com/proofmark/proofmark/registry"
)

func (s *Startups) mountRun(p *Pages, involved Access) {
	const at = "/runs/{run}"
	p.Get(at, involved, func(v *Visit) error { return s.showRun(v, nil) })
	p.Get(at+"/live", involved, s.followRun)
	p.Get(at+"/transcripts/{number}", involved, s.transcript)
	for place, do := range map[string]func(context.Context, certification.Actor, string) (certification.Run, error){"resume": s.Rig.Resume, "cancel": s.Rig.Cancel} {
		p.Post(at+"/"+place, involved, func(v *Visit) error {
			return v.act(func(f *Form) error { return s.showRun(v, f) }, func(*Form) (string, error) {
				run, err := do(v.Context(), v.party(), v.Param("run"))
				return "/runs/" + run.ID, err
			})
		})
	}
	p.Post(at+"/questions/{question}", involved, s.answerQuestion)
}

// runPage is what is known of a run now.
func (s *Startups) runPage(v *Visit) (*RunPage, error) {
	ctx, who := v.Context(), v.party()
	run, err := s.Rig.Run(ctx, who, v.Param("run"))
	if err != nil {
		return nil, err
	}
	sub, err := s.Programme.Submission(ctx, who, run.Submission)
	if err != nil {
		return nil, err
	}
	p := &RunPage{
		Page: Page{Title: v.Say("run.title", run.Plan, run.Attempt) + " · " + sub.Product, Wide: true}, Run: run, Product: sub.Product + " " + sub.Firmware.Version,
		Back: "/submissions/" + sub.ID + "#runs", Ended: run.State.Ended(), MayAct: who.Of(run.Org) || who.Operator,
		Forms: newForms("/runs/" + run.ID),
	}
	if !who.Of(sub.Org) && who.Reviewer {
		p.Back = "/review/submissions/" + sub.ID + "#runs"
	}
	p.Live = !p.Ended
	p.Page.Live = p.Live
	counts, _ := rig.Counts(run, sub, suite.Release)
	left := run.Summary != nil && len(run.Summary.Open) > 0
	p.MayResume = counts && (run.State == certification.RunInterrupted || run.State == certification.RunFinished && left)
	p.MayCancel = certification.MayMove(certification.RunMoves, run.State, certification.RunCancelled, certification.ByVendor)
	text, err := s.Rig.Progress(ctx, who, run.ID)
	if err == nil {
		err = json.Unmarshal(text, &p.Progress)
	}
	if err != nil {
		return nil, err
	}
	if p.Questions, err = s.Rig.Questions(ctx, who, run.ID); err != nil {
		return nil, err
	}
	return p, nil
}

func (s *Startups) showRun(v *Visit, sent *Form) error {
	p, err := s.runPage(v)
	if err != nil {
		return err
	}
	p.Forms.with(sent)
	ctx, who := v.Context(), v.party()
	if p.Files, err = s.Rig.Files(ctx, who, p.Run.ID); err != nil {
		return err
	}
	outcomes, err := s.Rig.RunOutcomes(ctx, who, p.Run.ID)
	if err != nil {
		return err
	}
	p.Groups = groupsOf(p.Run, p.Progress, outcomes)
	if p.MayAct && !p.Ended && who.Of(p.Run.Org) {
		access, err := s.Rig.Access(ctx, who, p.Run.Submission)
		var refused *certification.Refusal
		switch {
		case err == nil:
			p.Access = &access
		case !errors.As(err, &refused): // it has just left testing
			return err
		}
	}
	if sent != nil {
		return v.Again("run", p)
	}
	return v.Show("run", p)
}

// followRun sends the parts of a run's page as they change.
func (s *Startups) followRun(v *Visit) error {
	id := v.Param("run")
	if _, err := s.Rig.Run(v.Context(), v.party(), id); err != nil {
		return err
	}
	var was rig.RunProgress
	return v.follow(s.Bus, []string{rig.ProgressTopic(id)}, func(m bus.Message, send func(event, page, part string, data any) error) (bool, error) {
		p, err := s.runPage(v)
		if err != nil {
			return false, err
		}
		now, before := p.Progress, was
		if m.Subject != "" {
			now = rig.RunProgress{}
			if err := json.Unmarshal(m.Data, &now); err != nil {
				return false, err
			}
		} else if now.State == before.State && before.Run != "" {
			return false, nil // nothing that the messages did not tell
		}
		was = now
		p.Progress, p.Run.State = now, now.State
		if err := send("now", "run", "run-now", p); err != nil {
			return false, err
		}
		if !slices.Equal(before.Open, now.Open) || before.Run == "" {
			if err := send("questions", "run", "run-questions", p); err != nil {
				return false, err
			}
		}
		if err := sendCases(send, before, now); err != nil {
			return false, err
		}
		if now.State.Ended() || now.State == certification.RunQueued && before.Run != "" {
			return true, send("ended", "run", "run-now", p)
		}
		return false, nil
	})
}

// sendCases replaces the lines of the cases that something happened to.
func sendCases(send func(event, page, part string, data any) error, before, now rig.RunProgress) error {
	line := func(id string, verdict suite.Verdict, message string) error {
		step := CaseStep{ID: id, Verdict: verdict, Message: message, Current: verdict == "", OOB: true}
		if c, err := suite.Lookup(id); err == nil {
			step.Title = c.Title
		}
		return send("case", "run", "run-case", step)
	}
	if now.Case != "" && now.Case != before.Case && len(now.Last) == 0 {
		if err := line(now.Case, "", ""); err != nil {
			return err
		}
	}
	if slices.Equal(before.Last, now.Last) || len(now.Last) == 0 {
		return nil
	}
	var verdict suite.Verdict
	message := ""
	for _, last := range now.Last {
		if h := suite.Heavier(verdict, last.Verdict); h != verdict {
			verdict, message = h, last.Message
		}
	}
	id, _, _ := strings.Cut(now.Last[0].ID, "[")
	return line(id, verdict, message)
}

func (s *Startups) answerQuestion(v *Visit) error {
	f, err := v.FormWithFiles(mostUploaded)
	if err != nil {
		return err
	}
	return v.actOn(f, func(f *Form) error { return s.showRun(v, f) }, func(f *Form) (string, error) {
		ctx, who, id := v.Context(), v.party(), v.Param("run")
		if err := s.Rig.MayOperate(ctx, who, id); err != nil {
			return "", err
		}
		a := transcript.Answer{Answer: f.Get("answer"), Note: f.Get("note")}
		file, err := v.take(s.Blobs, f, media.Evidence)
		switch {
		case err == nil:
			if _, err := s.Rig.KeepFile(ctx, who, id, certification.RunFile{Name: file.Name, Media: string(file.Kind), SHA256: file.SHA256, Size: file.Size}); err != nil {
				return "", err
			}
			a.File = file.SHA256
		case !errors.Is(err, errNoFile): // a question that wants none, or the operator has none
			return "", err
		}
		_, err = s.Rig.Answer(ctx, who, id, v.Param("question"), a)
		return "/runs/" + id, err
	}, filePlaces...)
}

const recordsPerPage = 60

// transcript shows a page of the records of a run.
func (s *Startups) transcript(v *Visit) error {
	ctx, who := v.Context(), v.party()
	run, err := s.Rig.Run(ctx, who, v.Param("run"))
	if err != nil {
		return err
	}
	number, err := strconv.Atoi(v.Param("number"))
	if err != nil {
		return registry.ErrNotFound
	}
	p := &TranscriptPage{
		Page: Page{Title: v.Say("transcript.title") + " · " + v.Say("run.title", run.Plan, run.Attempt), Wide: true}, Run: run, Number: number, Kinds: recordKinds,
		Case: v.Query("case"), Dir: v.Query("dir"), Kind: transcript.Kind(v.Query("kind")), Topic: v.Query("topic"),
	}
	from, _ := strconv.Atoi(v.Query("from")) // from the beginning, unless it is a number
	page, err := s.Rig.Records(ctx, who, run.ID, number, rig.Filter{
		From: max(0, from), Limit: recordsPerPage, Case: p.Case, Dir: transcript.Direction(p.Dir), Kind: p.Kind, Topic: p.Topic,
	})
	if spoiled(err) {
		p.Broken, err = sentence(err.Error()), nil
	}
	if err != nil {
		return err
	}
	p.Cases, p.Total = page.Cases, page.Total
	for _, r := range page.Records {
		p.Records = append(p.Records, recordView(r))
	}
	link := func(from int) string {
		q := url.Values{}
		for name, value := range map[string]string{"case": p.Case, "dir": p.Dir, "kind": string(p.Kind), "topic": p.Topic, "from": strconv.Itoa(from)} {
			if value != "" && value != "0" {
				q.Set(name, value)
			}
		}
		return "?" + q.Encode()
	}
	if page.Next > 0 {
		p.Next = link(page.Next)
	}
	if from > 0 {
		p.First = link(0)
	}
	return v.Show("transcript", p)
}
