package certification

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/proofmark/proofmark/internal/audit"
	"github.com/proofmark/proofmark/internal/blob"
	"github.com/proofmark/proofmark/internal/id"
	"github.com/proofmark/proofmark/internal/media"
	"github.com/proofmark/proofmark/registry"
)

// documentRules refuse a document. Those about the file itself are internal/media's.
var documentRules = []Rule{
	{"document-kind", "Documents are of the kinds that are listed below."},
	{"document-state", "Documents come and go in a draft, and where changes were requested; afterwards they are evidence."},
	{"document-missing", "Screening wants a document of each kind that is required, and its file."},
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

// Upload keeps a document of a submission that the actor saw at revision rev. What
// the file is, is told by its bytes; media.Refusal says what is wrong with it.
func (p *Programme) Upload(ctx context.Context, a Actor, subID string, rev int64, kind, name string, content io.Reader) (Document, Submission, error) {
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
	d := Document{ID: id.New("doc"), Org: sub.Org, Submission: sub.ID, Kind: kind, Name: name, By: a.Account, At: p.now()}
	accept := DocumentKinds[k].Accept
	ref, err := p.files.Put(ctx, content, media.Limit(accept), func(c blob.Content, size int64) error {
		m, err := media.Inspect(name, c, size, accept)
		if err != nil {
			return err
		}
		d.Media = m.Kind.Type()
		if kind == BillOfGoods {
			return checkBill(c, size)
		}
		return nil
	})
	if err != nil {
		return Document{}, sub, err
	}
	d.SHA256, d.Size = ref.SHA256, ref.Size
	if kind == FirmwareImage {
		switch sub.Firmware.SHA256 {
		case "":
			sub.Firmware.SHA256 = d.SHA256
		case d.SHA256:
		default:
			return Document{}, sub, Refuse(ErrInvalid, "firmware-hash", "the image %q has the SHA-256 %s, the submission declares %s", name, d.SHA256, sub.Firmware.SHA256)
		}
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

// checkBill reads a bill of materials. media has seen that it is not too large.
func checkBill(c blob.Content, size int64) error {
	b, err := io.ReadAll(io.NewSectionReader(c, 0, size))
	if err != nil {
		return err
	}
	_, err = ReadBill(b)
	return err
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

// OpenDocument reads one; the caller closes the file.
func (p *Programme) OpenDocument(ctx context.Context, a Actor, subID, docID string) (Document, blob.File, error) {
	sub, err := p.Submission(ctx, a, subID)
	if err != nil {
		return Document{}, nil, err
	}
	d, err := p.document(ctx, sub, docID)
	if err != nil {
		return d, nil, err
	}
	f, _, err := p.files.Open(ctx, d.SHA256)
	return d, f, err
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
