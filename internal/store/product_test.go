package store_test

import (
	"testing"

	"github.com/proofmark/proofmark/internal/id"
	"github.com/proofmark/proofmark/registry"
)

var productCases = []conformanceCase{
	{"a product and its first spec come back as they were given", func(t *testing.T, db *storeDB) {
		p, v := db.product(t)
		same(t, get(db.Registry().Product(ctx, p.ID))(t), p)
		same(t, get(db.Registry().ProductByModel(ctx, p.Model))(t), p)
		same(t, get(db.Registry().Spec(ctx, v.ID))(t), v)
	}},
	{"a model belongs to one product", func(t *testing.T, db *storeDB) {
		p, _ := db.product(t)
		other := registry.Product{ID: id.New("prd"), Model: p.Model, CreatedAt: now}
		v := specOf(other, 1)
		wantError(t, db.Registry().CreateProduct(ctx, other, v), registry.ErrExists)
		_, err := db.Registry().Spec(ctx, v.ID) // nothing of the attempt stays
		wantError(t, err, registry.ErrNotFound)
	}},
	{"specs are listed oldest version first, a version is taken once", func(t *testing.T, db *storeDB) {
		p, one := db.product(t)
		ten, two := specOf(p, 10), specOf(p, 2)
		must(t, db.Registry().AddSpec(ctx, ten))
		must(t, db.Registry().AddSpec(ctx, two))
		same(t, get(db.Registry().Specs(ctx, p.ID))(t), []registry.SpecVersion{one, two, ten})
		wantError(t, db.Registry().AddSpec(ctx, specOf(p, 2)), registry.ErrExists)
		wantError(t, db.Registry().AddSpec(ctx, specOf(registry.Product{ID: id.New("prd")}, 1)), registry.ErrNotFound)
	}},
	{"products are listed by id, in pages", func(t *testing.T, db *storeDB) {
		first, _ := db.product(t)
		second, _ := db.product(t)
		third, _ := db.product(t)
		same(t, get(db.Registry().Products(ctx, first.ID, 0))(t), []registry.Product{second, third})
		same(t, get(db.Registry().Products(ctx, first.ID, 1))(t), []registry.Product{second})
	}},
	{"what is not there is not found", func(t *testing.T, db *storeDB) {
		_, err := db.Registry().Product(ctx, "prd_none")
		wantError(t, err, registry.ErrNotFound)
		_, err = db.Registry().ProductByModel(ctx, "none")
		wantError(t, err, registry.ErrNotFound)
		_, err = db.Registry().Spec(ctx, "spv_none")
		wantError(t, err, registry.ErrNotFound)
		same(t, get(db.Registry().Specs(ctx, "prd_none"))(t), []registry.SpecVersion{})
	}},
}
