package factory

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/proofmark/proofmark/internal/id"
	"github.com/proofmark/proofmark/miot"
	"github.com/proofmark/proofmark/registry"
	"github.com/proofmark/proofmark/registry/claims"
)

// Row is one device that was made elsewhere. Secrets never travel: what comes are
// hashes, in hex. Either a secret's salt and hash (HMAC-SHA256 of the secret under
// the salt), or the SHA-256 of its certificate's public key in DER form.
type Row struct {
	DID        string `json:"did"`
	SecretSalt string `json:"secret_salt,omitempty"`
	SecretHash string `json:"secret_hash,omitempty"`
	KeyHash    string `json:"key_sha256,omitempty"`
	ClaimSalt  string `json:"claim_salt,omitempty"` // of the normal form of the claim code; both or none
	ClaimHash  string `json:"claim_hash,omitempty"`
}

// RowError says what is wrong with one line.
type RowError struct {
	Line int // of the file, from 1; in JSON the number of the object
	What string
}

// RowErrors are all that is wrong with a file; nothing of it was stored.
type RowErrors []RowError

// rowErrorsMost is how many are told.
const rowErrorsMost = 50

// Error implements error.
func (e RowErrors) Error() string {
	parts := make([]string, 0, len(e))
	for _, r := range e {
		parts = append(parts, fmt.Sprintf("line %d: %s", r.Line, r.What))
	}
	return strings.Join(parts, "; ")
}

// columns are those of the CSV form, in any order.
var columns = map[string]func(*Row) *string{
	"did":         func(r *Row) *string { return &r.DID },
	"secret_salt": func(r *Row) *string { return &r.SecretSalt },
	"secret_hash": func(r *Row) *string { return &r.SecretHash },
	"key_sha256":  func(r *Row) *string { return &r.KeyHash },
	"claim_salt":  func(r *Row) *string { return &r.ClaimSalt },
	"claim_hash":  func(r *Row) *string { return &r.ClaimHash },
}

// ParseRows reads a file: a JSON array of rows, or CSV whose first line names the
// columns. The line of each row comes with it.
func ParseRows(file []byte) (rows []Row, lines []int, err error) {
	file = bytes.TrimPrefix(file, []byte("\uFEFF"))
	if bytes.HasPrefix(bytes.TrimSpace(file), []byte("[")) {
		d := json.NewDecoder(bytes.NewReader(file))
		d.DisallowUnknownFields()
		if err := d.Decode(&rows); err != nil {
			return nil, nil, fmt.Errorf("%w: the file is no JSON array of devices: %w", registry.ErrBadRequest, err)
		}
		if _, err := d.Token(); !errors.Is(err, io.EOF) {
			return nil, nil, fmt.Errorf("%w: something follows the JSON array", registry.ErrBadRequest)
		}
		for i := range rows {
			lines = append(lines, i+1)
		}
		return rows, lines, nil
	}
	r := csv.NewReader(bytes.NewReader(file))
	r.TrimLeadingSpace = true
	head, err := r.Read()
	if err != nil {
		return nil, nil, fmt.Errorf("%w: the file is neither a JSON array nor CSV with a head: %w", registry.ErrBadRequest, err)
	}
	seen := make(map[string]bool)
	for _, name := range head {
		if columns[name] == nil || seen[name] {
			return nil, nil, fmt.Errorf("%w: column %.40q is unknown or twice", registry.ErrBadRequest, name)
		}
		seen[name] = true
	}
	for {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			return rows, lines, nil
		}
		if err != nil {
			return nil, nil, fmt.Errorf("%w: %w", registry.ErrBadRequest, err)
		}
		if len(rows) == MostUnits {
			return nil, nil, fmt.Errorf("%w: more than %d devices in one file", registry.ErrBadRequest, MostUnits)
		}
		var row Row
		for i, name := range head {
			*columns[name](&row) = strings.TrimSpace(record[i])
		}
		line, _ := r.FieldPos(0)
		rows, lines = append(rows, row), append(lines, line)
	}
}

// Check says how many devices a file has, or everything that is wrong with it;
// nothing is stored. Whether a did is taken shows only at the import.
func (s *Service) Check(ctx context.Context, product string, file []byte) (int, error) {
	_, units, err := s.read(ctx, product, file)
	return len(units), err
}

// Import registers devices of one product that were made elsewhere: all, or none
// with everything that is wrong.
func (s *Service) Import(ctx context.Context, by, product, reason string, file []byte) (Batch, error) {
	p, units, err := s.read(ctx, product, file)
	if err != nil {
		return Batch{}, err
	}
	now := s.Now()
	b := Batch{ID: id.New("bat"), ProductID: p.ID, Units: int64(len(units)), State: Imported, Reason: reason, CreatedBy: by, CreatedAt: now}
	c, err := change(now, by, "batch.imported", b, p, reason, map[string]any{"model": p.Model, "units": b.Units, "reason": reason})
	if err == nil {
		err = s.Store.Import(ctx, b, units, c)
	}
	return b, err
}

// read makes devices of a file's rows.
func (s *Service) read(ctx context.Context, product string, file []byte) (registry.Product, []Unit, error) {
	p, spec, err := s.product(ctx, product)
	if err != nil {
		return p, nil, err
	}
	rows, lines, err := ParseRows(file)
	if err != nil {
		return p, nil, err
	}
	if len(rows) == 0 || len(rows) > MostUnits {
		return p, nil, fmt.Errorf("%w: %d devices; want 1 to %d in a file", registry.ErrBadRequest, len(rows), MostUnits)
	}
	now := s.Now()
	units := make([]Unit, 0, len(rows))
	var wrong RowErrors
	seen := make(map[string]int, len(rows))
	for i, row := range rows {
		u, err := row.unit(p, spec, now)
		if err == nil && seen[row.DID] > 0 {
			err = fmt.Errorf("did %s is on line %d as well", row.DID, seen[row.DID])
		}
		seen[row.DID] = lines[i]
		if err != nil && len(wrong) < rowErrorsMost {
			wrong = append(wrong, RowError{lines[i], err.Error()})
		}
		units = append(units, u)
	}
	if len(wrong) > 0 {
		return p, nil, wrong
	}
	return p, units, nil
}

func (r Row) unit(p registry.Product, spec registry.SpecVersion, now time.Time) (Unit, error) {
	if err := miot.ValidDID(r.DID); err != nil {
		return Unit{}, err
	}
	u := Unit{Device: registry.Device{DID: r.DID, ProductID: p.ID, SpecID: spec.ID, Name: r.DID, CreatedAt: now}}
	u.Key = registry.Credential{ID: id.New("crd"), DID: r.DID, State: registry.CredentialActive, CreatedAt: now}
	var err error
	switch {
	case r.KeyHash != "" && r.SecretHash == "" && r.SecretSalt == "":
		u.Key.Kind = registry.KindKey
		u.Key.Hash, err = hash("key_sha256", r.KeyHash, 32, 32)
	case r.KeyHash == "":
		u.Key.Kind = registry.KindFactory
		if u.Key.Salt, err = hash("secret_salt", r.SecretSalt, 16, 64); err == nil {
			u.Key.Hash, err = hash("secret_hash", r.SecretHash, 32, 32)
		}
	default:
		err = errors.New("has both a key and a secret; want one")
	}
	if err != nil || r.ClaimHash == "" && r.ClaimSalt == "" {
		return u, err
	}
	c := claims.Code{DID: r.DID, CreatedAt: now}
	if c.Salt, err = hash("claim_salt", r.ClaimSalt, 16, 64); err == nil {
		c.Hash, err = hash("claim_hash", r.ClaimHash, 32, 32)
	}
	u.Code = &c
	return u, err
}

func hash(name, text string, least, most int) ([]byte, error) {
	b, err := hex.DecodeString(text)
	if err != nil || len(b) < least || len(b) > most {
		if least == most {
			return nil, fmt.Errorf("%s is not %d bytes in hex", name, least)
		}
		return nil, fmt.Errorf("%s is not %d to %d bytes in hex", name, least, most)
	}
	return b, nil
}
