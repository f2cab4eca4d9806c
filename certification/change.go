package certification

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/proofmark/proofmark/internal/audit"
	"github.com/proofmark/proofmark/miot"
)

// ChangeStatement is what a vendor says has changed since the certificate that a
// submission follows. It names exactly what it is about, so that it can stand for
// nothing else.
type ChangeStatement struct {
	Submission string           `json:"submission"` // sub_…
	Org        string           `json:"org"`        // org_…
	Follows    string           `json:"follows"`    // serial of the certificate before, or of the parent
	Model      string           `json:"model"`
	Firmware   string           `json:"firmware_sha256"`
	Spec       string           `json:"spec_sha256"`
	Hardware   []string         `json:"hardware"`
	Platform   Platform         `json:"platform"`
	Changes    []DeclaredChange `json:"changes"`
}

// DeclaredChange is one thing that changed.
type DeclaredChange struct {
	Part Part   `json:"part"`
	What string `json:"what"` // in words, for the reviewer
}

// SignedChange is a change statement with what shows whose it is.
type SignedChange struct {
	Statement ChangeStatement `json:"statement"`
	SHA256    string          `json:"sha256"`        // of the statement's bytes as they were given or signed
	JWS       string          `json:"jws,omitempty"` // the strong form
	Key       string          `json:"key,omitempty"` // vky_… that signed it
	By        string          `json:"by"`            // acc_… who gave it; without a JWS, who confirmed it while logged in
	At        time.Time       `json:"at"`
}

// Form says how the statement is signed.
func (s SignedChange) Form() string {
	if s.JWS != "" {
		return "jws"
	}
	return "portal"
}

// ParseChange reads a change statement. Unknown members are refused: what is
// signed must not say more than what is read.
func ParseChange(data []byte) (ChangeStatement, error) {
	var st ChangeStatement
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&st); err != nil {
		return st, badStatement("it cannot be read: %v", err)
	}
	if dec.More() {
		return st, badStatement("something follows after it")
	}
	if len(st.Changes) == 0 || len(st.Changes) > mostWords {
		return st, badStatement("it has %d changes: want 1 to %d", len(st.Changes), mostWords)
	}
	for i, c := range st.Changes {
		switch n := len([]rune(strings.TrimSpace(c.What))); {
		case !slices.Contains(Parts(), c.Part):
			return st, badStatement("changes[%d].part is %.50q: want one of %v", i, c.Part, Parts())
		case n == 0 || n > longestReason:
			return st, badStatement("changes[%d].what has %d characters: want 1 to %d", i, n, longestReason)
		}
	}
	return st, nil
}

func badStatement(format string, args ...any) error {
	return Refuse(ErrInvalid, "statement-form", "change statement: %s", fmt.Sprintf(format, args...))
}

// StatementFor is the statement that a submission needs, but for what changed.
func StatementFor(s Submission) ChangeStatement {
	return ChangeStatement{
		Submission: s.ID, Org: s.Org, Follows: s.follows(), Model: s.Model, Firmware: s.Firmware.SHA256, Spec: s.SpecSHA256,
		Hardware: s.Hardware, Platform: s.Platform, Changes: []DeclaredChange{},
	}
}

// follows is the serial of the certificate that is changed: the one before, or
// the parent.
func (s Submission) follows() string {
	if s.Previous != "" {
		return s.Previous
	}
	return s.Parent
}

// about refuses a statement that is about something else.
func (st ChangeStatement) about(s Submission) error {
	want := StatementFor(s)
	for _, f := range []struct{ name, says, is string }{
		{"submission", st.Submission, want.Submission},
		{"org", st.Org, want.Org},
		{"follows", st.Follows, want.Follows},
		{"model", st.Model, want.Model},
		{"firmware_sha256", st.Firmware, want.Firmware},
		{"spec_sha256", st.Spec, want.Spec},
		{"platform.module", st.Platform.Module, want.Platform.Module},
		{"platform.firmware", st.Platform.Firmware, want.Platform.Firmware},
		{"hardware", strings.Join(slices.Sorted(slices.Values(st.Hardware)), ", "), strings.Join(slices.Sorted(slices.Values(want.Hardware)), ", ")},
	} {
		if f.says != f.is {
			return Refuse(ErrInvalid, "statement-facts", "the change statement has %s %q, submission %s has %q", f.name, f.says, s.ID, f.is)
		}
	}
	return nil
}

// StateChange takes a change statement that a member confirms while logged in.
func (p *Programme) StateChange(ctx context.Context, a Actor, id string, rev int64, statement []byte) (Submission, error) {
	return p.stateChange(ctx, a, id, rev, func(Submission) (SignedChange, error) {
		st, err := ParseChange(statement)
		return SignedChange{Statement: st, SHA256: sumOf(statement)}, err
	})
}

// SignChange takes a change statement as a JWS by a key of the organisation.
func (p *Programme) SignChange(ctx context.Context, a Actor, id string, rev int64, jws string) (Submission, error) {
	return p.stateChange(ctx, a, id, rev, func(sub Submission) (SignedChange, error) { return p.openChange(ctx, sub.Org, jws) })
}

func (p *Programme) stateChange(ctx context.Context, a Actor, id string, rev int64, read func(Submission) (SignedChange, error)) (Submission, error) {
	sub, err := p.own(ctx, a, id, rev)
	if err != nil {
		return sub, err
	}
	if !sub.State.Editable() {
		return sub, Refuse(ErrState, "statement-state", "submission %s is %s: a change statement is given in a draft, or where changes were requested", sub.ID, sub.State)
	}
	signed, err := read(sub)
	if err != nil {
		return sub, err
	}
	if err := signed.Statement.about(sub); err != nil {
		return sub, err
	}
	signed.By, signed.At = a.Account, p.now()
	next := sub
	next.UpdatedAt = signed.At
	if next.Change, err = json.Marshal(signed); err != nil {
		return sub, err
	}
	if sub.State == ChangesRequested { // a draft gets its class when it is submitted
		if err := p.follow(ctx, &next); err != nil {
			return sub, err
		}
	}
	entry, err := audit.New(signed.At, a.Account, "submission.change-stated", sub.ID, sub.Org, signed)
	if err != nil {
		return sub, err
	}
	if err := p.store.SaveSubmission(ctx, sub.State, next, []audit.Entry{entry}, nil); err != nil {
		return sub, err
	}
	next.Rev++
	return next, nil
}

func sumOf(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// ChangeOf is the statement that was given with a submission; nil: none.
func ChangeOf(s Submission) (*SignedChange, error) {
	if len(s.Change) == 0 {
		return nil, nil
	}
	c := new(SignedChange)
	if err := json.Unmarshal(s.Change, c); err != nil {
		return nil, fmt.Errorf("change statement of submission %s: %w", s.ID, err)
	}
	return c, nil
}

// classify determines the class of the change since the certificate.
func (p *Programme) classify(ctx context.Context, s *Submission, before Certificate) error {
	if err := followable(s, before); err != nil {
		return err
	}
	then, err := p.store.Submission(ctx, before.Submission)
	if err != nil {
		return fmt.Errorf("submission of certificate %s: %w", before.Serial, err)
	}
	facts, err := FactsOf(before, then, *s)
	if err != nil {
		return err
	}
	change, err := p.checkedChange(ctx, s)
	if err != nil {
		return err
	}
	var st *ChangeStatement
	signed := ""
	if change != nil {
		st, signed = &change.Statement, change.Form()
	}
	c, err := Classify(st, facts)
	if err != nil {
		return err
	}
	if c.Class == ClassF && signed != "jws" {
		return Refuse(ErrInvalid, "statement-signature", "class F inherits evidence: its statement must be a JWS by a key of the organisation, not %s", signed)
	}
	c.Signed = signed
	s.Class, s.Classification = c.Class, &c
	return nil
}

// checkedChange is the submission's statement, checked anew: the submission may
// have been edited, and the key revoked, since it was given.
func (p *Programme) checkedChange(ctx context.Context, s *Submission) (*SignedChange, error) {
	change, err := ChangeOf(*s)
	if err != nil || change == nil {
		return nil, err
	}
	if change.JWS != "" {
		if _, err := p.openChange(ctx, s.Org, change.JWS); err != nil {
			return nil, err
		}
	}
	return change, change.Statement.about(*s)
}

// followable refuses a certificate that nothing can follow.
func followable(s *Submission, before Certificate) error {
	if s.Parent != "" {
		switch {
		case before.State != Active:
			return Refuse(ErrInvalid, "similarity-parent", "parent %s is %s: want an active certificate", before.Serial, before.State)
		case before.Model == s.Model:
			return Refuse(ErrInvalid, "similarity-parent", "parent %s is of the same model %s: name it as previous", before.Serial, s.Model)
		case before.Parent != "":
			return Refuse(ErrInvalid, "similarity-parent", "parent %s inherited its platform cases from %s: name that one", before.Serial, before.Parent)
		case s.Platform.Module == "" || s.Platform.Firmware == "":
			return Refuse(ErrInvalid, "similarity-platform", "submission %s names no platform module and firmware to compare with the parent's", s.ID)
		}
		return nil
	}
	switch {
	case before.State != Active && before.State != Suspended:
		return Refuse(ErrInvalid, "previous-certificate", "certificate %s is %s: only an active or suspended one can be followed", before.Serial, before.State)
	case before.Model != s.Model:
		return Refuse(ErrInvalid, "previous-certificate", "certificate %s is of model %s, the submission of %s: name it as parent if the platform is the same", before.Serial, before.Model, s.Model)
	}
	return nil
}

// FactsOf compares a submission with the certificate that it follows and the
// submission that led to that.
func FactsOf(before Certificate, then, now Submission) (Facts, error) {
	f := Facts{
		Firmware: !slices.ContainsFunc(before.Firmware, func(w Firmware) bool { return w.SHA256 == now.Firmware.SHA256 }),
		Module:   then.Platform.Module != now.Platform.Module,
		Platform: then.Platform.Firmware != now.Platform.Firmware,
		Model:    before.Model != now.Model,
	}
	for _, h := range now.Hardware {
		if !slices.Contains(before.Hardware, h) {
			f.NewHardware = append(f.NewHardware, h)
		}
	}
	if f.Model {
		return f, nil
	}
	f.SpecWords = before.SpecSHA256 != now.SpecSHA256
	older, errOlder := miot.Parse(then.Spec)
	newer, errNewer := miot.Parse(now.Spec)
	if err := errors.Join(errOlder, errNewer); err != nil {
		return f, fmt.Errorf("compare the specs of certificate %s and submission %s: %w", before.Serial, now.ID, err)
	}
	for _, c := range miot.Diff(older, newer) {
		switch {
		case c.Breaking:
			f.SpecBreaks = append(f.SpecBreaks, c.What+": "+c.Why)
		case c.Kind == miot.Added:
			f.SpecAdds = append(f.SpecAdds, c.What)
		}
	}
	a, errOlder := older.URN()
	b, errNewer := newer.URN()
	f.SpecStep = b.Version - a.Version
	return f, errors.Join(errOlder, errNewer)
}

// Papers are what a run of a submission is judged by beside the submission itself:
// its documents, and the spec of the certificate that it follows, where it does.
func (p *Programme) Papers(ctx context.Context, s Submission) (docs []Document, previous json.RawMessage, err error) {
	if docs, err = p.store.Documents(ctx, s.ID); err != nil {
		return nil, nil, err
	}
	previous, err = p.previousSpec(ctx, s)
	return docs, previous, err
}

// previousSpec is the document of the certificate that is followed, nil if none.
func (p *Programme) previousSpec(ctx context.Context, s Submission) ([]byte, error) {
	if s.Previous == "" {
		return nil, nil
	}
	before, err := p.store.Certificate(ctx, s.Previous)
	if err != nil {
		return nil, err
	}
	then, err := p.store.Submission(ctx, before.Submission)
	return then.Spec, err
}
