package store_test

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"filippo.io/age"

	"github.com/proofmark/proofmark/registry"
	"github.com/proofmark/proofmark/registry/factory"
)

// plant is a factory service on a real store, for one product.
func plant(t *testing.T, db *storeDB) (*factory.Service, registry.Product) {
	p, _ := db.product(t)
	return factory.New(factory.Options{
		Store: db.Factory(), Products: db.Registry(), Issuer: "https://proofmark.example", Now: func() time.Time { return now },
		Certificates: func(context.Context, string, string) (string, error) { return "crt_1", nil },
		Sign:         func(_ context.Context, payload []byte) (string, error) { return "signed " + string(payload), nil },
	}), p
}

func verified(jws string) ([]byte, error) {
	payload, ok := strings.CutPrefix(jws, "signed ")
	if !ok {
		return nil, registry.ErrBadRequest
	}
	return []byte(payload), nil
}

var factoryCases = []conformanceCase{
	{"a manifest is for the factory's eyes, is handed over once, and opens its devices", func(t *testing.T, db *storeDB) {
		s, p := plant(t, db)
		key := get(age.GenerateX25519Identity())(t)
		get(s.Grant(ctx, "acc_1", p.ID, 5, "pilot run"))(t)
		b := get(s.Make(ctx, "acc_1", p.ID, 3, key.Recipient().String()))(t)
		same(t, get(s.Store.Batch(ctx, b.ID))(t), b)
		_, sealed, err := s.Deliver(ctx, "acc_1", b.ID)
		must(t, err)
		m := get(factory.Open(bytes.NewReader(sealed), key, verified))(t)
		same(t, []any{m.Batch, m.Model, m.Certificate, m.Issuer, len(m.Units)}, []any{b.ID, p.Model, "crt_1", "https://proofmark.example", 3})
		other := get(age.GenerateX25519Identity())(t)
		if _, err := factory.Open(bytes.NewReader(sealed), other, verified); err == nil {
			t.Error("another key opens it")
		}
		u := m.Units[0]
		c := get(db.Registry().Credentials(ctx, u.DID))(t)[0]
		if !bytes.Equal(registry.HashSecret(c.Salt, []byte(u.Key)), c.Hash) || c.Kind != registry.KindFactory {
			t.Errorf("%+v", c)
		}
		// Nothing of it is left here, and asking again is recorded.
		_, _, err = s.Deliver(ctx, "acc_2", b.ID)
		wantError(t, err, registry.ErrConflict)
		var n int
		must(t, db.Pool().QueryRowContext(ctx, "SELECT COUNT(*) FROM audit_entry WHERE subject = $1 AND action = 'batch.refused' AND actor = 'acc_2'", b.ID).Scan(&n))
		same(t, n, 1)
		var left []byte
		must(t, db.Pool().QueryRowContext(ctx, "SELECT sealed FROM factory_batch WHERE id = $1", b.ID).Scan(&left))
		same(t, len(left), 0)
		// Its label claims it.
		d := newDesk(t, db)
		ann, home := d.lives()
		d.online[u.DID] = true
		same(t, string(get(d.Claim(ctx, d.wants(ann, home, u.DID, u.Code)))(t).Basis), "grey") // no shipment has it
		wantError(t, s.Revoke(ctx, "acc_1", b.ID, "lost"), registry.ErrInUse)
	}},
	{"no more are made than were allowed, however many ask at once", func(t *testing.T, db *storeDB) {
		s, p := plant(t, db)
		to := get(age.GenerateX25519Identity())(t).Recipient().String()
		_, err := s.Make(ctx, "acc_1", p.ID, 1, to)
		wantError(t, err, registry.ErrFull)
		get(s.Grant(ctx, "acc_1", p.ID, 10, "pilot run"))(t)
		made := 0
		for _, err := range together(6, func(int) error { return second(s.Make(ctx, "acc_1", p.ID, 3, to)) }) {
			if err == nil {
				made++
				continue
			}
			wantError(t, err, registry.ErrFull)
		}
		same(t, made, 3)
		left, q, _, err := s.Allowance(ctx, p.ID)
		must(t, err)
		same(t, []any{left, q}, []any{int64(1), factory.Quota{Granted: 10, Made: 9}})
		wantError(t, second(s.Grant(ctx, "acc_1", p.ID, -11, "too many")), registry.ErrConflict)
		wantError(t, second(s.Grant(ctx, "acc_1", p.ID, 5, " ")), registry.ErrBadRequest)
		wantError(t, second(s.Make(ctx, "acc_1", p.ID, factory.MostUnits+1, to)), registry.ErrBadRequest)
		wantError(t, second(s.Make(ctx, "acc_1", p.ID, 1, "ssh-ed25519 AAAA")), registry.ErrBadRequest)
	}},
	{"a lost manifest is revoked with its devices, and made again", func(t *testing.T, db *storeDB) {
		s, p := plant(t, db)
		key := get(age.GenerateX25519Identity())(t)
		get(s.Grant(ctx, "acc_1", p.ID, 2, "pilot run"))(t)
		b := get(s.Make(ctx, "acc_1", p.ID, 2, key.Recipient().String()))(t)
		_, sealed, err := s.Deliver(ctx, "acc_1", b.ID)
		must(t, err)
		m := get(factory.Open(bytes.NewReader(sealed), key, verified))(t)
		must(t, s.Revoke(ctx, "acc_1", b.ID, "the disk was lost"))
		wantError(t, s.Revoke(ctx, "acc_1", b.ID, "again"), registry.ErrConflict)
		wantError(t, second(db.Registry().Device(ctx, m.Units[0].DID)), registry.ErrNotFound)
		get(s.Make(ctx, "acc_1", p.ID, 2, key.Recipient().String()))(t)
	}},
	{"an import is all or nothing, and says which line is wrong", func(t *testing.T, db *storeDB) {
		s, p := plant(t, db)
		salt, sum := strings.Repeat("ab", 16), strings.Repeat("cd", 32)
		file := "did,secret_salt,secret_hash,key_sha256\n"
		for i := range 3 {
			file += fmt.Sprintf("%s-%d,%s,%s,\n", p.ID[10:], i, salt, sum)
		}
		bad := file + "app.x," + salt + "," + sum + ",\nok-1," + salt + ",zz,\n" + p.ID[10:] + "-0," + salt + "," + sum + ",\nok-2," + salt + "," + sum + "," + sum + "\n"
		_, err := s.Import(ctx, "acc_1", p.ID, "from the old plant", []byte(bad))
		var rows factory.RowErrors
		wantAs(t, err, &rows)
		lines := make([]int, len(rows))
		for i, r := range rows {
			lines[i] = r.Line
		}
		same(t, lines, []int{5, 6, 7, 8})
		b := get(s.Import(ctx, "acc_1", p.ID, "from the old plant", []byte(file)))(t)
		same(t, []any{b.Units, b.State}, []any{int64(3), factory.Imported})
		_, imported, err := db.Claims().Made(ctx, p.ID[10:]+"-1")
		must(t, err)
		same(t, imported, true)
		json := fmt.Sprintf(`[{"did":"%s-9","key_sha256":"%s"},{"did":"%s-2","key_sha256":"%s"}]`, p.ID[10:], sum, p.ID[10:], sum)
		wantError(t, second(s.Import(ctx, "acc_1", p.ID, "more", []byte(json))), registry.ErrExists)
		wantError(t, second(db.Registry().Device(ctx, p.ID[10:]+"-9")), registry.ErrNotFound)
		for _, junk := range []string{"", "did,did\n", "did,password\nx,y\n", "[{\"did\":1}]", "[] []", "did\n\"x", "did\n"} {
			wantError(t, second(s.Import(ctx, "acc_1", p.ID, "junk", []byte(junk))), registry.ErrBadRequest)
		}
	}},
}
