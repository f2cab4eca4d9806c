package store

import (
	"context"
	"fmt"

	"github.com/proofmark/proofmark/internal/store/dbgen"
	"github.com/proofmark/proofmark/internal/store/micros"
	"github.com/proofmark/proofmark/registry"
)

func (s registryStore) CreateProduct(ctx context.Context, p registry.Product, first registry.SpecVersion) error {
	if first.ProductID != p.ID {
		return fmt.Errorf("product %s: its first spec %s names product %q: %w", p.ID, first.ID, first.ProductID, registry.ErrConflict)
	}
	err := s.transact(ctx, func(q *dbgen.Queries) error {
		err := q.InsertProduct(ctx, dbgen.InsertProductParams{
			ID: p.ID, Model: p.Model, Name: text(p.Name), Org: p.Org, CreatedAt: micros.Of(p.CreatedAt),
		})
		if err != nil {
			return err
		}
		return insertSpec(ctx, q, first)
	})
	return s.wrap(ctx, err, "create product %s of model %q", p.ID, p.Model)
}

func (s registryStore) AddSpec(ctx context.Context, v registry.SpecVersion) error {
	err := s.writer.statement(ctx, func(q *dbgen.Queries) error { return insertSpec(ctx, q, v) })
	return s.wrap(ctx, err, "add version %d to product %s", v.Version, v.ProductID)
}

func insertSpec(ctx context.Context, q *dbgen.Queries, v registry.SpecVersion) error {
	return q.InsertSpec(ctx, dbgen.InsertSpecParams{
		ID: v.ID, ProductID: v.ProductID, Version: v.Version, URN: v.URN, SHA256: v.SHA256,
		Document: blob(v.Document), CreatedAt: micros.Of(v.CreatedAt),
	})
}

func (s registryStore) Product(ctx context.Context, id string) (registry.Product, error) {
	p, err := s.read.Product(ctx, id)
	return product(p), s.wrap(ctx, err, "product %s", id)
}

func (s registryStore) ProductByModel(ctx context.Context, model string) (registry.Product, error) {
	p, err := s.read.ProductByModel(ctx, model)
	return product(p), s.wrap(ctx, err, "product of model %q", model)
}

func (s registryStore) Products(ctx context.Context, after string, limit int) ([]registry.Product, error) {
	rows, err := s.read.Products(ctx, dbgen.ProductsParams{After: after, Most: most(limit)})
	return list(rows, product), s.wrap(ctx, err, "products after %q", after)
}

func (s registryStore) ProductsOf(ctx context.Context, org, after string, limit int) ([]registry.Product, error) {
	rows, err := s.read.ProductsOf(ctx, dbgen.ProductsOfParams{Org: org, After: after, Most: most(limit)})
	return list(rows, product), s.wrap(ctx, err, "products of %s after %q", org, after)
}

func (s registryStore) GiveProduct(ctx context.Context, id, org string) error {
	err := s.exec(ctx, func(q *dbgen.Queries) (int64, error) {
		return q.GiveProduct(ctx, dbgen.GiveProductParams{ID: id, Org: org})
	})
	return s.wrap(ctx, err, "product %s that is nobody's", id)
}

func (s registryStore) Spec(ctx context.Context, id string) (registry.SpecVersion, error) {
	v, err := s.read.Spec(ctx, id)
	return specVersion(v), s.wrap(ctx, err, "spec version %s", id)
}

func (s registryStore) Specs(ctx context.Context, productID string) ([]registry.SpecVersion, error) {
	rows, err := s.read.Specs(ctx, productID)
	return list(rows, specVersion), s.wrap(ctx, err, "spec versions of product %s", productID)
}

func product(p dbgen.Product) registry.Product {
	return registry.Product{ID: p.ID, Model: p.Model, Name: p.Name, Org: p.Org, CreatedAt: p.CreatedAt.Time()}
}

func specVersion(v dbgen.SpecVersion) registry.SpecVersion {
	return registry.SpecVersion{
		ID: v.ID, ProductID: v.ProductID, Version: v.Version, URN: v.URN, SHA256: v.SHA256,
		Document: v.Document, CreatedAt: v.CreatedAt.Time(),
	}
}

// list turns rows into the domain's values.
func list[Row, Value any](rows []Row, value func(Row) Value) []Value {
	values := make([]Value, len(rows))
	for i, r := range rows {
		values[i] = value(r)
	}
	return values
}
