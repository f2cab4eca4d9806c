package certification

import "slices"

// SubmissionState is where a submission stands.
type SubmissionState string

// The states of a submission.
const (
	Draft            SubmissionState = "draft"
	Submitted        SubmissionState = "submitted"
	Screening        SubmissionState = "screening"
	Testing          SubmissionState = "testing"
	InReview         SubmissionState = "review"
	ChangesRequested SubmissionState = "changes-requested"
	Approved         SubmissionState = "approved"
	Issuing          SubmissionState = "issuing"
	Certified        SubmissionState = "certified" // final
	Rejected         SubmissionState = "rejected"  // final
	Withdrawn        SubmissionState = "withdrawn" // final
)

// CertificateState is what holds of a certificate now.
type CertificateState string

// The states of a certificate.
const (
	Active     CertificateState = "active"
	Suspended  CertificateState = "suspended"
	Superseded CertificateState = "superseded"
	Expired    CertificateState = "expired"
	GivenBack  CertificateState = "withdrawn" // its holder gave it back
	Revoked    CertificateState = "revoked"   // final
)

// Mover is who may make a move.
type Mover string

// Who moves.
const (
	ByVendor    Mover = "vendor"    // a member of the submitting organisation
	ByReviewer  Mover = "reviewer"  // without a tie to it
	ByOperator  Mover = "operator"  //
	ByProgramme Mover = "programme" // a job, when the condition is true
)

// Move is one row of a table of states.
type Move[S comparable] struct {
	From, To S
	By       []Mover
	When     string // in words, for docs/programme.md
}

// SubmissionMoves is the one table of what may become of a submission.
var SubmissionMoves = []Move[SubmissionState]{
	{Draft, Submitted, []Mover{ByVendor}, "it is complete: spec, declaration, firmware version and hash"},
	{Submitted, Screening, []Mover{ByProgramme}, "a worker has taken it"},
	{Screening, Testing, []Mover{ByProgramme}, "no DECL case fails and all required documents are there; class A goes on without a run"},
	{Screening, Draft, []Mover{ByProgramme}, "screening found faults; they are listed"},
	{Testing, InReview, []Mover{ByVendor, ByProgramme}, "the required runs have finished on this firmware with this release of the suite; class A requires none, and the programme moves it"},
	{Testing, Draft, []Mover{ByVendor}, "the vendor takes it back to mend it; its runs stay as evidence of that firmware"},
	{InReview, Approved, []Mover{ByReviewer}, "the second of two approvals, and no open case"},
	{InReview, ChangesRequested, []Mover{ByReviewer}, "with what has to change"},
	{InReview, Testing, []Mover{ByProgramme, ByReviewer}, "a run is stale (another firmware hash or suite release) or has to be repeated"},
	{InReview, Rejected, []Mover{ByReviewer}, "with the reason"},
	{ChangesRequested, Testing, []Mover{ByVendor}, "answered: documents, statements, or a further run"},
	{ChangesRequested, Draft, []Mover{ByVendor}, "answered with another firmware or spec: screened again"},
	{Approved, Issuing, []Mover{ByProgramme}, "Prepare stored the intended certificate"},
	{Approved, InReview, []Mover{ByReviewer, ByProgramme}, "an approval is taken back, or what it rested on is no longer true"},
	{Issuing, Certified, []Mover{ByProgramme}, "the certificate is stored and its inclusion in the log verified"},
	{Draft, Withdrawn, []Mover{ByVendor}, ""},
	{Submitted, Withdrawn, []Mover{ByVendor}, ""},
	{Screening, Withdrawn, []Mover{ByVendor}, ""},
	{Testing, Withdrawn, []Mover{ByVendor}, ""},
	{InReview, Withdrawn, []Mover{ByVendor}, ""},
	{ChangesRequested, Withdrawn, []Mover{ByVendor}, ""},
	{Approved, Withdrawn, []Mover{ByVendor}, "before it is issued"},
}

// CertificateMoves is the one table of what may become of a certificate.
var CertificateMoves = []Move[CertificateState]{
	{Active, Suspended, []Mover{ByReviewer, ByOperator, ByProgramme}, "a reason; or a condition's date passed unmet; or field health, confirmed by a person"},
	{Suspended, Active, []Mover{ByReviewer, ByOperator}, "the cause is mended, and says how; it has not expired"},
	{Active, Superseded, []Mover{ByProgramme}, "a certificate that follows it was issued"},
	{Suspended, Superseded, []Mover{ByProgramme}, "likewise: the new one mends the cause"},
	{Active, Expired, []Mover{ByProgramme}, "its last day has passed"},
	{Suspended, Expired, []Mover{ByProgramme}, "likewise"},
	{Active, GivenBack, []Mover{ByVendor}, "its holder gives it back"},
	{Suspended, GivenBack, []Mover{ByVendor}, "likewise"},
	{Active, Revoked, []Mover{ByReviewer, ByOperator}, "with the reason; two people"},
	{Suspended, Revoked, []Mover{ByReviewer, ByOperator}, "likewise"},
	{Superseded, Revoked, []Mover{ByReviewer, ByOperator}, "likewise"},
	{Expired, Revoked, []Mover{ByReviewer, ByOperator}, "likewise"},
	{GivenBack, Revoked, []Mover{ByReviewer, ByOperator}, "likewise"},
}

// MayMove says whether the table has the move for this mover.
func MayMove[S comparable](table []Move[S], from, to S, by Mover) bool {
	return slices.ContainsFunc(table, func(m Move[S]) bool {
		return m.From == from && m.To == to && slices.Contains(m.By, by)
	})
}

// Final says whether the table has no way out of the state.
func Final[S comparable](table []Move[S], s S) bool {
	return !slices.ContainsFunc(table, func(m Move[S]) bool { return m.From == s })
}
