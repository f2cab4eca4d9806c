package certification

import (
	"context"
	"slices"
)

// RegistryStore is what the public registry reads.
type RegistryStore interface {
	Certificate(ctx context.Context, serial string) (Certificate, error)
	CertificatePage(ctx context.Context, f CertificateFilter) ([]Certificate, error)
}

// CertificateFilter chooses certificates; what is empty does not restrict.
type CertificateFilter struct {
	Words  string // a part of serial, product, model or maker, in any case
	State  CertificateState
	Before string // the last serial of the page before: they come newest first
	Limit  int
}

// CertificateStates are all of them, in the order of a certificate's life.
var CertificateStates = []CertificateState{Active, Suspended, Superseded, Expired, GivenBack, Revoked}

// KnownState says whether there is such a state.
func KnownState(s CertificateState) bool { return slices.Contains(CertificateStates, s) }
