package certification

import (
	"slices"
	"time"
)

// classes in the order of their strength: of several that apply the last stands
// for the change. None is a first certification: everything runs.
var classes = []ChangeClass{ClassA, ClassB, ClassD, ClassC, ClassE, ClassF, ""}

// Stronger says whether a is a stronger class than b. The empty class, a first
// certification, is the strongest.
func Stronger(a, b ChangeClass) bool { return slices.Index(classes, a) > slices.Index(classes, b) }

// Classification is how the class of a change came about.
type Classification struct {
	Class   ChangeClass   `json:"class"`   // the strongest of those that apply; empty: everything runs, as at first
	Applies []ChangeClass `json:"applies"` // all of them: what each requires runs
	Reasons []ClassReason `json:"reasons"`
	Signed  string        `json:"signed,omitempty"` // how the statement is signed: "jws", "portal"; empty: there is none

	// A reviewer confirms the class or raises it.
	ConfirmedBy string    `json:"confirmed_by,omitempty"` // acc_…
	ConfirmedAt time.Time `json:"confirmed_at,omitzero"`
	Note        string    `json:"note,omitempty"`
}

// ClassReason says why a class applies.
type ClassReason struct {
	Class ChangeClass `json:"class"`
	Why   string      `json:"why"`
}

// Confirmed says whether a reviewer has seen the class, where there is one.
func (s Submission) Confirmed() bool {
	return s.Classification == nil || !s.Classification.ConfirmedAt.IsZero()
}

// changeRules refuse a change statement, or what follows from it.
var changeRules = []Rule{
	{"statement-form", "The change statement is JSON with the members that docs/programme.md lists, and names at least one part that changed."},
	{"statement-signature", "A signed statement is a JWS (EdDSA, typ proofmark-change) by a key that the organisation registered and did not revoke. Class F needs one."},
	{"statement-facts", "The statement is about another submission, certificate, firmware, spec, hardware or platform than this one."},
	{"statement-contradicts", "The statement says that something changed which did not: an image, a spec or a hardware revision that is the certified one."},
	{"statement-state", "A change statement is given in a draft, or where changes were requested."},
	{"spec-additive", "A new version of a spec only adds to the certified one (DECL-08)."},
	{"spec-version", "What is exchanged may change only with the spec's version, and that grows by one."},
	{"similarity-statement", "Class F rests on a signed statement that says how the new model differs from its parent."},
	{"similarity-parent", "The parent is an active certificate of the organisation, of another model, whose own platform cases were run."},
	{"similarity-platform", "Parent and new model name the same module and platform firmware, and nothing of the platform was changed."},
	{"class-lowered", "A reviewer may raise the class of a change, never lower it below what the statement and the facts demand."},
	{"class-none", "The submission follows no certificate: there is no class to confirm."},
	{"class-state", "A class is confirmed while the submission is tested or reviewed."},
	{"key-form", "A vendor's key is an Ed25519 public key, as PEM (SubjectPublicKeyInfo) or JWK (OKP)."},
	{"key-private", "A private key was sent. It was not kept; make a new one, for this one has left your house."},
	{"key-revoked", "The key is revoked."},
}
