package certification

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/proofmark/proofmark/internal/audit"
	"github.com/proofmark/proofmark/internal/id"
	"github.com/proofmark/proofmark/internal/media"
	"github.com/proofmark/proofmark/registry"
)

// documentRules refuse a document. Those about the file itself are internal/media's.
var documentRules = []Rule{
	{"document-kind", "Documents are of the kinds that are listed below."},
	{"document-state", "Documents come and go in a draft, and where changes were requested; afterwards they are evidence."},
	{"document-missing", "Screening wants a document of each kind that is required, and its file."},
	{"units-missing", "SEC-01 compares two units: without a second one it is skipped."},
	{"document-count", "A submission has at most 100 documents."},
	{"firmware-tested", "The image of what is tested cannot be exchanged: make the submission a draft again."},
	{"sbom-form", "A bill of materials is SPDX 2 or 3, or CycloneDX, as JSON, and names at least one component."},
}

// The kinds of documents that the programme itself looks at.
const (
	FirmwareImage = "firmware"
	BillOfGoods   = "sbom"
	Disclosure    = "disclosure"
)

// DocumentKind is what a document is for, and as what it may come.
type DocumentKind struct {
	Kind     string
	Required bool // screening asks for it
	Accept   []media.Kind
	What     string
}

// DocumentKinds are those that a submission may have.
var DocumentKinds = []DocumentKind{
	{FirmwareImage, false, []media.Kind{media.Firmware, media.Gzip, media.ZIP}, "the image itself: its SHA-256 is then computed here"},
	{BillOfGoods, true, media.SBOMs, "the software bill of materials (SEC-09)"},
	{Disclosure, true, media.Documents, "the policy for the disclosure of vulnerabilities (SEC-09)"},
	{"photo", false, media.Pictures, "pictures of the product and of its board"},
	{"statement", false, media.Documents, "statements of the maker, such as about debug ports"},
	{"manual", false, media.Documents, "the manual"},
	{"label", false, media.Documents, "the label and the packaging"},
	{"pcap", false, media.Evidence, "a capture of traffic"},
	{"scan", false, media.Evidence, "the output of a port scan"},
	{"other", false, media.Documents, "whatever else a reviewer should see"},
}

const mostDocuments = 100

// Taken is a file that was received: it is stored under its hash, its bytes are
// what its name says, and nothing names it yet.
type Taken struct {
	Name   string // as it was given
	SHA256 string
	Size   int64
	Kind   media.Kind
}

// Upload adds a document to a submission that the actor saw at revision rev. The
// file is only received, as one of the kinds that are accepted, once it is known
// that the actor may add it.
func (p *Programme) Upload(ctx context.Context, a Actor, subID string, rev int64, kind string, receive func(ctx context.Context, accept []media.Kind) (Taken, error)) (Document, Submission, error) {
	sub, err := p.own(ctx, a, subID, rev)
	if err != nil {
		return Document{}, sub, err
	}
	k := slices.IndexFunc(DocumentKinds, func(k DocumentKind) bool { return k.Kind == kind })
	if k < 0 {
		return Document{}, sub, Refuse(ErrInvalid, "document-kind", "document kind %q: want one of %s", kind, kindNames())
	}
	if err = mayChange(sub, kind); err == nil {
		err = p.hasRoom(ctx, sub)
	}
	if err != nil {
		return Document{}, sub, err
	}
	file, err := receive(ctx, DocumentKinds[k].Accept)
	if err == nil {
		err = p.suits(ctx, sub, kind, file)
	}
	if err != nil {
		return Document{}, sub, err
	}
	d := Document{
		ID: id.New("doc"), Org: sub.Org, Submission: sub.ID, Kind: kind, Name: file.Name, Media: file.Kind.Type(), Size: file.Size,
		SHA256: file.SHA256, By: a.Account, At: p.now(),
	}
	if kind == FirmwareImage {
		sub.Firmware.SHA256 = d.SHA256
	}
	entry, err := audit.New(d.At, a.Account, "document.added", d.ID, d.Org, d)
	if err != nil {
		return Document{}, sub, err
	}
	sub.UpdatedAt = d.At
	if err := p.store.AddDocument(ctx, sub, d, []audit.Entry{entry}); err != nil {
		return Document{}, sub, err
	}
	sub.Rev++
	return d, sub, nil
}

// suits refuses a file whose content is wrong for what it is to be here.
func (p *Programme) suits(ctx context.Context, sub Submission, kind string, file Taken) error {
	switch kind {
	case FirmwareImage:
		if declared := sub.Firmware.SHA256; declared != "" && declared != file.SHA256 {
			return Refuse(ErrInvalid, "firmware-hash", "the image %q has the SHA-256 %s, the submission declares %s", file.Name, file.SHA256, declared)
		}
	case BillOfGoods:
		f, ref, err := p.files.Open(ctx, file.SHA256)
		if err != nil {
			return err
		}
		defer f.Close()
		data, err := io.ReadAll(io.NewSectionReader(f, 0, ref.Size)) // bounded by its kind
		if err != nil {
			return err
		}
		_, err = ReadBill(data)
		return err
	}
	return nil
}

// mayChange refuses where documents are evidence by now.
func mayChange(sub Submission, kind string) error {
	switch {
	case !sub.State.Editable():
		return Refuse(ErrState, "document-state", "submission %s is %s: documents change in a draft, and where changes were requested", sub.ID, sub.State)
	case kind == FirmwareImage && sub.State != Draft:
		return Refuse(ErrState, "firmware-tested", "submission %s is %s: its image is what was tested", sub.ID, sub.State)
	}
	return nil
}

func (p *Programme) hasRoom(ctx context.Context, sub Submission) error {
	docs, err := p.store.Documents(ctx, sub.ID)
	if err == nil && len(docs) >= mostDocuments {
		return Refuse(ErrInvalid, "document-count", "submission %s has %d documents: want at most %d", sub.ID, len(docs), mostDocuments)
	}
	return err
}

func kindNames() string {
	names := make([]string, len(DocumentKinds))
	for i, k := range DocumentKinds {
		names[i] = k.Kind
	}
	return strings.Join(names, ", ")
}

// RemoveDocument takes a document away from a submission. The file itself stays
// while anything else names it.
func (p *Programme) RemoveDocument(ctx context.Context, a Actor, subID string, rev int64, docID string) (Submission, error) {
	sub, err := p.own(ctx, a, subID, rev)
	if err != nil {
		return sub, err
	}
	d, err := p.document(ctx, sub, docID)
	if err != nil {
		return sub, err
	}
	if err := mayChange(sub, d.Kind); err != nil {
		return sub, err
	}
	now := p.now()
	entry, err := audit.New(now, a.Account, "document.removed", d.ID, d.Org, d)
	if err != nil {
		return sub, err
	}
	sub.UpdatedAt = now
	if err := p.store.RemoveDocument(ctx, sub, d, []audit.Entry{entry}); err != nil {
		return sub, err
	}
	sub.Rev++
	return sub, nil
}

// Documents lists what belongs to a submission.
func (p *Programme) Documents(ctx context.Context, a Actor, subID string) ([]Document, error) {
	if _, err := p.Submission(ctx, a, subID); err != nil {
		return nil, err
	}
	return p.store.Documents(ctx, subID)
}

// Document reads one of a submission.
func (p *Programme) Document(ctx context.Context, a Actor, subID, docID string) (Document, error) {
	sub, err := p.Submission(ctx, a, subID)
	if err != nil {
		return Document{}, err
	}
	return p.document(ctx, sub, docID)
}

func (p *Programme) document(ctx context.Context, sub Submission, id string) (Document, error) {
	d, err := p.store.Document(ctx, id)
	if err == nil && d.Submission != sub.ID {
		return Document{}, fmt.Errorf("document %s of submission %s: %w", id, sub.ID, registry.ErrNotFound)
	}
	return d, err
}

// newest is the last document of a kind.
func newest(docs []Document, kind string) (Document, bool) {
	for _, d := range slices.Backward(docs) {
		if d.Kind == kind {
			return d, true
		}
	}
	return Document{}, false
}
