package store

import (
	"database/sql"
	"encoding/json"
	"math"
	"strings"
	"unicode/utf8"
)

// text makes s storable in PostgreSQL: what a device sent may hold broken UTF-8
// or, once unescaped, NUL, and one such string must not fail the batch of
// everybody else's. Each becomes U+FFFD.
func text(s string) string {
	if utf8.ValidString(s) && strings.IndexByte(s, 0) < 0 {
		return s
	}
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
}

// raw is a JSON column's value; an absent one is the empty string.
func raw(s string) json.RawMessage {
	if s == "" {
		return nil
	}
	return json.RawMessage(s)
}

// blob never is NULL.
func blob(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

// optional is a reference that may be missing.
func optional(id string) sql.NullString { return sql.NullString{String: id, Valid: id != ""} }

// most is a LIMIT; 0 means all.
func most(limit int) int32 {
	if limit <= 0 || limit > math.MaxInt32 {
		return math.MaxInt32
	}
	return int32(limit)
}
