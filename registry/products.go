package registry

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"github.com/proofmark/proofmark/internal/id"
	"github.com/proofmark/proofmark/miot"
)

// SpecRefused says that a spec document cannot be used; Findings tell why.
type SpecRefused struct{ Findings []miot.Finding }

func (e *SpecRefused) Error() string {
	if len(e.Findings) == 0 {
		return "spec refused"
	}
	f := e.Findings[0]
	msg := fmt.Sprintf("spec refused: %s at %s: %s", f.Rule, f.Pointer, f.Message)
	if n := len(e.Findings) - 1; n > 0 {
		msg += fmt.Sprintf(" (and %d more)", n)
	}
	return msg
}

// readSpec parses and lints a document. Errors refuse it, warnings do not.
func readSpec(document []byte) (SpecVersion, string, error) {
	spec, err := miot.Parse(document)
	if err != nil {
		return SpecVersion{}, "", fmt.Errorf("%w: %w", ErrBadRequest, err)
	}
	var bad []miot.Finding
	for _, f := range miot.Lint(spec) {
		if f.Severity == miot.SeverityError {
			bad = append(bad, f)
		}
	}
	if len(bad) > 0 {
		return SpecVersion{}, "", &SpecRefused{bad}
	}
	urn, err := spec.URN()
	if err != nil || urn.Model == "" {
		return SpecVersion{}, "", fmt.Errorf("%w: type %s names no vendor-product and version", ErrBadRequest, quote(spec.Type))
	}
	sum := sha256.Sum256(document)
	return SpecVersion{
		ID: id.New("spv"), Version: urn.Version, URN: spec.Type,
		SHA256: hex.EncodeToString(sum[:]), Document: document,
	}, urn.Model, nil
}

// CreateProduct registers a product that is nobody's yet.
func (r *Registry) CreateProduct(ctx context.Context, name string, document []byte) (Product, SpecVersion, error) {
	return r.CreateProductOf(ctx, "", name, document)
}

// CreateProductOf registers a product of an organisation by its first spec
// document. ErrExists when the vendor-product is taken, by whomever.
func (r *Registry) CreateProductOf(ctx context.Context, org, name string, document []byte) (Product, SpecVersion, error) {
	s, model, err := readSpec(document)
	if err != nil {
		return Product{}, SpecVersion{}, err
	}
	name = strings.TrimSpace(name)
	if name == "" {
		name = model
	}
	p := Product{ID: id.New("prd"), Model: model, Name: name, Org: org, CreatedAt: r.now()}
	s.ProductID, s.CreatedAt = p.ID, p.CreatedAt
	if err := r.store.CreateProduct(ctx, p, s); err != nil {
		return Product{}, SpecVersion{}, err
	}
	return p, s, nil
}

// AddSpec adds a version of a product's spec. It must be of the same
// vendor-product, of a higher version than all before, and only add to the last.
func (r *Registry) AddSpec(ctx context.Context, productID string, document []byte) (SpecVersion, miot.Changes, error) {
	p, err := r.store.Product(ctx, productID)
	if err != nil {
		return SpecVersion{}, miot.Changes{}, err
	}
	s, model, err := readSpec(document)
	if err != nil {
		return SpecVersion{}, miot.Changes{}, err
	}
	if model != p.Model {
		return SpecVersion{}, miot.Changes{}, fmt.Errorf("%w: spec is of %s, product %s is %s", ErrBadRequest, model, p.ID, p.Model)
	}
	versions, err := r.store.Specs(ctx, productID)
	if err != nil {
		return SpecVersion{}, miot.Changes{}, err
	}
	if len(versions) == 0 {
		return SpecVersion{}, miot.Changes{}, fmt.Errorf("product %s has no spec: %w", p.ID, ErrNotFound)
	}
	last := versions[len(versions)-1]
	if s.Version <= last.Version {
		return SpecVersion{}, miot.Changes{}, fmt.Errorf("%w: spec version %d, the last one is %d", ErrExists, s.Version, last.Version)
	}
	changes, err := compare(last.Document, document)
	if err != nil {
		return SpecVersion{}, miot.Changes{}, err
	}
	if !changes.Additive() {
		return SpecVersion{}, changes, fmt.Errorf("%w: a new spec version may only add to version %d", ErrBadRequest, last.Version)
	}
	s.ProductID, s.CreatedAt = p.ID, r.now()
	return s, changes, r.store.AddSpec(ctx, s)
}

func compare(before, after []byte) (miot.Changes, error) {
	a, errA := miot.Parse(before)
	b, errB := miot.Parse(after)
	if err := errors.Join(errA, errB); err != nil {
		return miot.Changes{}, err
	}
	return miot.Diff(a, b), nil
}

// Product returns one product.
func (r *Registry) Product(ctx context.Context, id string) (Product, error) {
	return r.store.Product(ctx, id)
}

// ProductByModel returns the product of a vendor-product.
func (r *Registry) ProductByModel(ctx context.Context, model string) (Product, error) {
	return r.store.ProductByModel(ctx, model)
}

// Products lists products in the order of their ids, after the given one.
func (r *Registry) Products(ctx context.Context, after string, limit int) ([]Product, error) {
	return r.store.Products(ctx, after, limit)
}

// ProductsOf lists the products of an organisation in the order of their ids.
func (r *Registry) ProductsOf(ctx context.Context, org, after string, limit int) ([]Product, error) {
	return r.store.ProductsOf(ctx, org, after, limit)
}

// GiveProduct makes a product that is nobody's the organisation's; ErrNotFound
// where there is none such.
func (r *Registry) GiveProduct(ctx context.Context, id, org string) error {
	return r.store.GiveProduct(ctx, id, org)
}

// Spec returns one stored spec version.
func (r *Registry) Spec(ctx context.Context, id string) (SpecVersion, error) {
	return r.store.Spec(ctx, id)
}

// Specs lists a product's spec versions, the oldest first.
func (r *Registry) Specs(ctx context.Context, productID string) ([]SpecVersion, error) {
	if _, err := r.store.Product(ctx, productID); err != nil {
		return nil, err
	}
	return r.store.Specs(ctx, productID)
}
