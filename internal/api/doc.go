// Package api is the JSON interface over HTTP: /api/v1 for operators and
// programs, /app/v2 for home apps (protocol §6), and the probes /healthz and
// /readyz.
//
// It owns how things look from outside (paths, JSON, problems, event streams,
// CSV) and who may ask. It decides nothing about devices: each handler calls the
// registry and puts the answer into JSON.
//
// The flow of a request:
//
//	front (request id, headers, log, panics) → authenticate (token → caller)
//	→ huma (path, query and body against the operation's schema)
//	→ operator, watcher or member (may this caller?) → the handler → registry
//	→ JSON, or problemOf(err) → application/problem+json
//
// A file is named as its feature is in registry and in internal/store.
package api
