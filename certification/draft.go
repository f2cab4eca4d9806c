package certification

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/proofmark/proofmark/certification/suite"
	"github.com/proofmark/proofmark/internal/audit"
	"github.com/proofmark/proofmark/internal/id"
	"github.com/proofmark/proofmark/miot"
	"github.com/proofmark/proofmark/registry"
)

// submissionRules refuse a submission or a change of one.
var submissionRules = []Rule{
	{"submission-form", "A member of the submission is too long, malformed or there twice; the message names it."},
	{"declaration-form", "The declaration cannot be read: a field is unknown, missing, there twice or of the wrong type (docs/declaration.md)."},
	{"model-owner", "A model belongs to the organisation that registered its product; only its members submit it."},
	{"model-unregistered", "The model has no product yet: register it (POST /api/v1/products) before submitting."},
	{"edit-state", "Only a draft can be edited. Where changes were requested, the name, the regions, documents and the change statement can; for anything else it goes back to draft."},
	{"submission-complete", "To submit, product name, spec, declaration, firmware version and hash, hardware and regions are needed."},
	{"answer-empty", "The answer to the changes that were requested says nothing."},
	{"declaration-facts", "The declaration and the submission name different models, firmware versions or hardware."},
	{"firmware-hash", "The image that was uploaded has another SHA-256 than the submission declares."},
	{"previous-certificate", "The certificate that this one follows must be the organisation's own, of the same model, and active or suspended."},
	{"previous-or-parent", "A submission follows a certificate of the same model, or one of another model on the same platform, not both."},
}

// Edit is what a vendor says of a submission. What is nil stays as it is.
type Edit struct {
	Product     *string
	Hardware    *[]string
	Firmware    *Firmware
	Platform    *Platform
	Spec        []byte // a MIoT-Spec-V2 document
	Declaration []byte // YAML or JSON
	Units       *Units
	Regions     *[]string
	Previous    *string
	Parent      *string
}

// CreateSubmission makes a draft for an organisation of the actor's.
func (p *Programme) CreateSubmission(ctx context.Context, a Actor, org string, e Edit) (Submission, error) {
	if err := asMember(a, org); err != nil {
		return Submission{}, err
	}
	now := p.now()
	sub := Submission{ID: id.New("sub"), Org: org, State: Draft, Round: 1, Rev: 1, CreatedBy: a.Account, CreatedAt: now, UpdatedAt: now}
	if err := p.apply(ctx, &sub, e); err != nil {
		return Submission{}, err
	}
	entry, err := audit.New(now, a.Account, "submission.created", sub.ID, org, nil)
	if err != nil {
		return Submission{}, err
	}
	return sub, p.store.CreateSubmission(ctx, sub, []audit.Entry{entry}, nil)
}

// EditSubmission changes a draft that the actor saw at revision rev.
func (p *Programme) EditSubmission(ctx context.Context, a Actor, id string, rev int64, e Edit) (Submission, error) {
	sub, err := p.own(ctx, a, id, rev)
	if err != nil {
		return sub, err
	}
	switch {
	case !sub.State.Editable():
		return sub, Refuse(ErrState, "edit-state", "submission %s is %s: only a draft can be edited", sub.ID, sub.State)
	case sub.State == ChangesRequested && e.beyondWords():
		return sub, Refuse(ErrState, "edit-state", "changes of submission %s were requested: its name, regions, documents and change statement can be edited; for the rest make it a draft again", sub.ID)
	}
	if err := p.apply(ctx, &sub, e); err != nil {
		return sub, err
	}
	sub.UpdatedAt = p.now()
	err = p.store.SaveSubmission(ctx, sub.State, sub, nil, nil)
	sub.Rev++
	return sub, err
}

// beyondWords says whether the edit changes what was tested.
func (e Edit) beyondWords() bool {
	return e.Hardware != nil || e.Firmware != nil || e.Platform != nil || e.Units != nil || e.Spec != nil || e.Declaration != nil || e.Previous != nil || e.Parent != nil
}

// apply takes over what was said, as far as each can be judged by itself.
func (p *Programme) apply(ctx context.Context, sub *Submission, e Edit) error {
	set(&sub.Product, e.Product)
	set(&sub.Hardware, e.Hardware)
	set(&sub.Firmware, e.Firmware)
	set(&sub.Platform, e.Platform)
	if e.Units != nil {
		sub.Units = e.Units
	}
	set(&sub.Regions, e.Regions)
	set(&sub.Previous, e.Previous)
	set(&sub.Parent, e.Parent)
	if err := sub.checkForm(); err != nil {
		return err
	}
	if e.Declaration != nil {
		read, err := suite.ReadDeclaration(e.Declaration)
		if err != nil {
			return Refuse(ErrInvalid, "declaration-form", "%v", err)
		}
		if sub.Declaration, err = json.Marshal(read); err != nil {
			return fmt.Errorf("declaration: %w", err)
		}
	}
	if e.Spec == nil {
		return nil
	}
	if err := sub.setSpec(e.Spec); err != nil {
		return err
	}
	owner, err := p.store.ModelOwner(ctx, sub.Model)
	switch {
	case errors.Is(err, registry.ErrNotFound):
		return nil // it has to be registered before it is submitted
	case err == nil && owner != sub.Org:
		return notTheirs(sub)
	}
	return err
}

func set[T any](to *T, said *T) {
	if said != nil {
		*to = *said
	}
}

// setSpec takes a document whose form is right; screening judges the rest.
func (s *Submission) setSpec(document []byte) error {
	spec, err := miot.Parse(document)
	if err != nil {
		return err
	}
	bad := slices.DeleteFunc(miot.Lint(spec), func(f miot.Finding) bool { return f.Severity != miot.SeverityError })
	if len(bad) > 0 {
		return &registry.SpecRefused{Findings: bad}
	}
	urn, err := spec.URN()
	if err != nil {
		return err // a rule of the linter
	}
	sum := sha256.Sum256(document)
	s.Spec, s.SpecSHA256, s.SpecURN, s.Model = document, hex.EncodeToString(sum[:]), spec.Type, urn.Model
	return nil
}

func notTheirs(s *Submission) error {
	return Refuse(ErrForbidden, "model-owner", "model %s is not of organisation %s", s.Model, s.Org)
}

const (
	longestName = 200 // characters of a product's name
	longestWord = 100 // of a version, a revision, a module
	mostWords   = 64  // of a list
)

var (
	hexSHA256 = regexp.MustCompile(`^[0-9a-f]{64}$`)
	// A region is a country of ISO 3166, or EU.
	regionForm = regexp.MustCompile(`^[A-Z]{2}$`)
)

// checkForm refuses what no one could mean; what is empty may still come.
func (s *Submission) checkForm() error {
	for _, w := range []struct {
		name, value string
		most        int
	}{
		{"product", s.Product, longestName},
		{"firmware.version", s.Firmware.Version, longestWord},
		{"platform.module", s.Platform.Module, longestWord},
		{"platform.firmware", s.Platform.Firmware, longestWord},
		{"previous", s.Previous, longestWord},
		{"parent", s.Parent, longestWord},
	} {
		if err := checkWords(w.name, w.value, w.most); err != nil {
			return err
		}
	}
	if h := s.Firmware.SHA256; h != "" && !hexSHA256.MatchString(h) {
		return Refuse(ErrInvalid, "submission-form", "firmware.sha256 is %.70q: want 64 lower-case hexadecimal digits", h)
	}
	if err := s.checkUnits(); err != nil {
		return err
	}
	if err := checkList("hardware", s.Hardware, func(w string) bool { return w != "" }, "a revision of at least one character"); err != nil {
		return err
	}
	return checkList("regions", s.Regions, regionForm.MatchString, "EU, or a country as two letters of ISO 3166, such as IN")
}

// checkUnits refuses units that no one could mean.
func (s *Submission) checkUnits() error {
	if s.Units == nil {
		return nil
	}
	second := s.Units.Second
	for _, w := range []struct{ name, value string }{{"units.second.did", second.DID}, {"units.second.serial", second.Serial}} {
		if err := checkWords(w.name, w.value, longestWord); err != nil {
			return err
		}
		if w.value == "" {
			return Refuse(ErrInvalid, "submission-form", "%s is empty: want that of another unit", w.name)
		}
	}
	for _, h := range []struct{ name, value string }{{"units.secret_sha256", s.Units.SecretSHA256}, {"units.second.secret_sha256", second.SecretSHA256}} {
		if !hexSHA256.MatchString(h.value) {
			return Refuse(ErrInvalid, "submission-form", "%s is %.70q: want 64 lower-case hexadecimal digits", h.name, h.value)
		}
	}
	return nil
}

func checkList(name string, list []string, fits func(string) bool, want string) error {
	if len(list) > mostWords {
		return Refuse(ErrInvalid, "submission-form", "%s has %d members: want at most %d", name, len(list), mostWords)
	}
	for i, w := range list {
		at := fmt.Sprintf("%s[%d]", name, i)
		if err := checkWords(at, w, longestWord); err != nil {
			return err
		}
		switch {
		case !fits(w):
			return Refuse(ErrInvalid, "submission-form", "%s is %q: want %s", at, w, want)
		case slices.Contains(list[:i], w):
			return Refuse(ErrInvalid, "submission-form", "%s is %q: it is there twice", at, w)
		}
	}
	return nil
}

func checkWords(name, value string, most int) error {
	if n := len([]rune(value)); n > most {
		return Refuse(ErrInvalid, "submission-form", "%s has %d characters: want at most %d", name, n, most)
	}
	if value != strings.TrimSpace(value) || strings.ContainsFunc(value, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return Refuse(ErrInvalid, "submission-form", "%s is %q: want printable characters, and no space at either end", name, value)
	}
	return nil
}
