package store

import "github.com/proofmark/proofmark/registry"

// Registry is what the registry keeps.
func (db *DB) Registry() registry.Store { return registryStore{db} }

type registryStore struct{ *DB }

var _ registry.Store = registryStore{}
