package registry

import "time"

// Product is a model that a startup makes: one vendor-product name, described by
// one MIoT-Spec-V2 document per version.
type Product struct {
	ID        string // prd_…
	Model     string // vendor-product of the spec's URN, unique, such as "aurora-pure1"
	Name      string
	Org       string // org_… whose model it is: only its members submit it for certification; empty: nobody's yet
	CreatedAt time.Time
}

// SpecVersion is one stored version of a product's spec document. Documents are
// never changed: a device points at the version it was made for.
type SpecVersion struct {
	ID        string // spv_…
	ProductID string
	Version   int    // the URN's version, unique per product, from 1
	URN       string // the device type
	SHA256    string // of Document, hex
	Document  []byte // as it was given
	CreatedAt time.Time
}
