package signing_test

import (
	"context"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/proofmark/proofmark/certification/signing"
	"github.com/proofmark/proofmark/internal/store"
	"github.com/proofmark/proofmark/internal/store/storetest"
)

var (
	ctx = context.Background()
	now = time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func eachEngine(t *testing.T, test func(t *testing.T, db *store.DB)) {
	for name, url := range map[string]func(t *testing.T) string{
		"sqlite":   func(t *testing.T) string { return storetest.SQLite(t) },
		"postgres": func(t *testing.T) string { return storetest.Postgres(t) },
	} {
		t.Run(name, func(t *testing.T) {
			db, err := store.Open(ctx, url(t))
			must(t, err)
			t.Cleanup(func() { must(t, db.Close()) })
			must(t, db.Migrate(ctx))
			test(t, db)
		})
	}
}

func TestKeysAreMadeOnceAndOnlyTheirOwnerMayReadThem(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *store.DB) {
		dir := filepath.Join(t.TempDir(), "keys")
		first, err := signing.Open(ctx, dir, db.Signing(), now)
		must(t, err)
		again, err := signing.Open(ctx, dir, db.Signing(), now.Add(time.Hour))
		must(t, err)
		for _, p := range signing.Purposes {
			a, err := first.Signer(ctx, p)
			must(t, err)
			b, err := again.Signer(ctx, p)
			must(t, err)
			if a.KeyID() != b.KeyID() {
				t.Errorf("%s: key %s, and after a restart %s", p, a.KeyID(), b.KeyID())
			}
			file := filepath.Join(dir, string(p)+"-"+a.KeyID()+".pem")
			info, err := os.Stat(file)
			must(t, err)
			if info.Mode().Perm() != 0o600 {
				t.Errorf("%s has mode %#o, want 0600", file, info.Mode().Perm())
			}
			must(t, os.Chmod(file, 0o640))
			fresh, err := signing.Open(ctx, dir, db.Signing(), now)
			must(t, err)
			if _, err := fresh.Signer(ctx, p); err == nil || !strings.Contains(err.Error(), "0640") {
				t.Errorf("a key that others may read: %v", err)
			}
			must(t, os.Chmod(file, 0o600))
		}
		ring, err := first.Keyring(ctx)
		must(t, err)
		if len(ring) != 3 {
			t.Errorf("%d keys, want 3", len(ring))
		}
	})
}

func TestNodesThatStartAtOnceAgreeOnOneKey(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *store.DB) {
		dirs := []string{t.TempDir(), t.TempDir(), t.TempDir()}
		nodes := make([]*signing.Keys, len(dirs))
		errs := make([]error, len(dirs))
		var all sync.WaitGroup
		for i, dir := range dirs {
			all.Go(func() { nodes[i], errs[i] = signing.Open(ctx, dir, db.Signing(), now) })
		}
		all.Wait()
		must(t, errors.Join(errs...))
		for _, p := range signing.Purposes {
			holders := 0
			for i, k := range nodes {
				_, err := k.Signer(ctx, p)
				if err == nil {
					holders++
				} else if !errors.Is(err, signing.ErrAbsent) {
					t.Error(err)
				}
				files, err2 := filepath.Glob(filepath.Join(dirs[i], string(p)+"-*.pem"))
				must(t, err2)
				if (len(files) == 1) != (err == nil) {
					t.Errorf("%s: node %d has files %v and signs: %t", p, i, files, err == nil)
				}
			}
			if holders != 1 {
				t.Errorf("%s: %d nodes hold the key, want 1", p, holders)
			}
		}
	})
}

// A new database, such as PostgreSQL after SQLite, takes over the keys that are there.
func TestAFolderLendsItsKeysToANewDatabase(t *testing.T) {
	dir := t.TempDir()
	var ids []string
	eachEngine(t, func(t *testing.T, db *store.DB) {
		k, err := signing.Open(ctx, dir, db.Signing(), now)
		must(t, err)
		s, err := k.Signer(ctx, signing.Log)
		must(t, err)
		ids = append(ids, s.KeyID())
	})
	if len(ids) == 2 && ids[0] != ids[1] {
		t.Errorf("keys %v, want the same", ids)
	}
}

func TestARotationEndsOneKeyAndBeginsTheNext(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *store.DB) {
		dir := t.TempDir()
		k, err := signing.Open(ctx, dir, db.Signing(), now)
		must(t, err)
		running, err := signing.Open(ctx, dir, db.Signing(), now) // as a service that runs meanwhile
		must(t, err)
		before, err := running.Signer(ctx, signing.Certificate)
		must(t, err)
		at := now.Add(time.Hour)
		if _, _, err := k.Rotate(ctx, signing.Rotation{Purpose: signing.Certificate, At: at, Actor: "acc_1", Compromised: now}); err == nil {
			t.Error("a revocation without a reason was done")
		}
		old, next, err := k.Rotate(ctx, signing.Rotation{Purpose: signing.Certificate, At: at, Actor: "acc_1"})
		must(t, err)
		after, err := running.Signer(ctx, signing.Certificate)
		must(t, err)
		if old.ID != before.KeyID() || next.ID != after.KeyID() || old.ID == next.ID {
			t.Errorf("from %s to %s; signed with %s before and %s after", old.ID, next.ID, before.KeyID(), after.KeyID())
		}
		ring, err := k.Keyring(ctx)
		must(t, err)
		for _, x := range []struct {
			id   string
			at   time.Time
			want error
		}{
			{old.ID, now, nil},
			{old.ID, at.Add(-time.Microsecond), nil},
			{old.ID, at, signing.ErrKeyTime},
			{next.ID, at, nil},
			{next.ID, at.Add(-time.Microsecond), signing.ErrKeyTime},
			{"nobody", at, signing.ErrUnknownKey},
		} {
			if _, err := ring.Find(signing.Certificate, x.id, x.at); !errors.Is(err, x.want) {
				t.Errorf("key %s at %s: %v, want %v", x.id, x.at, err, x.want)
			}
		}
		if _, err := ring.Find(signing.Log, next.ID, at); !errors.Is(err, signing.ErrUnknownKey) {
			t.Errorf("a key for another purpose: %v", err)
		}

		var all sync.WaitGroup
		errs := make([]error, 4)
		for i := range errs {
			all.Go(func() {
				_, _, errs[i] = k.Rotate(ctx, signing.Rotation{Purpose: signing.Status, At: at, Actor: "acc_1"})
			})
		}
		all.Wait()
		for _, err := range errs {
			if err != nil && !errors.Is(err, signing.ErrEnded) {
				t.Error(err)
			}
		}
		if _, err := k.Signer(ctx, signing.Status); err != nil {
			t.Error(err)
		}
		files, err := filepath.Glob(filepath.Join(dir, "status-*.pem"))
		must(t, err)
		ring, err = k.Keyring(ctx)
		must(t, err)
		published := 0
		for _, key := range ring {
			if key.Purpose == signing.Status {
				published++
			}
		}
		if len(files) != published {
			t.Errorf("%d key files, %d keys published", len(files), published)
		}
	})
}

func TestPublishedKeysReadBack(t *testing.T) {
	key, err := signing.Throwaway()
	must(t, err)
	ring := signing.Keyring{
		{ID: key.KeyID(), Purpose: signing.Log, Public: key.Public(), CreatedAt: now, EndedAt: now.Add(time.Hour), RevokedAt: now.Add(time.Minute), Reason: "lost"},
	}
	b, err := ring.MarshalJWKS("proofmark.example/log")
	must(t, err)
	for _, member := range []string{`"kty": "OKP"`, `"crv": "Ed25519"`, `"alg": "EdDSA"`, `"purpose": "log"`, `"note_verifier": "proofmark.example/log+`, `"revocation_reason": "lost"`} {
		if !strings.Contains(string(b), member) {
			t.Errorf("%s lacks %s", b, member)
		}
	}
	if strings.Contains(string(b), `"d"`) {
		t.Error("a private key is published")
	}
	back, err := signing.ParseKeys(b)
	must(t, err)
	if len(back) != 1 || back[0].ID != ring[0].ID || back[0].Purpose != signing.Log || !back[0].EndedAt.Equal(ring[0].EndedAt) || !back[0].RevokedAt.Equal(ring[0].RevokedAt) {
		t.Errorf("%+v", back)
	}
	der, err := x509.MarshalPKIXPublicKey(key.Public())
	must(t, err)
	fromPEM, err := signing.ParseKeys(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
	must(t, err)
	if _, err := fromPEM.Find(signing.Certificate, key.KeyID(), now); err != nil {
		t.Error(err)
	}
	for name, text := range map[string]string{
		"nothing":           "",
		"an empty set":      `{"keys":[]}`,
		"another kind":      `{"keys":[{"kty":"oct","k":"AAAA"}]}`,
		"a wrong name":      strings.Replace(string(b), key.KeyID(), "x"+key.KeyID()[1:], 1),
		"PEM of a stranger": "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
	} {
		if name == "a wrong name" && strings.HasPrefix(key.KeyID(), "x") {
			continue
		}
		if _, err := signing.ParseKeys([]byte(text)); !errors.Is(err, signing.ErrKeys) {
			t.Errorf("%s: %v, want ErrKeys", name, err)
		}
	}
}

// Everything that makes two spellings of one JWS, or two readings, is refused.
func TestAJWSHasOneForm(t *testing.T) {
	key, err := signing.Throwaway()
	must(t, err)
	good, err := signing.SignJWS(key, "thing", []byte(`{"a":1}`))
	must(t, err)
	j, err := signing.ParseJWS(good, "thing")
	must(t, err)
	payload, err := j.Verify(key.Public())
	if err != nil || string(payload) != `{"a":1}` || j.KeyID != key.KeyID() {
		t.Fatalf("%s, %v", payload, err)
	}
	parts := strings.Split(good, ".")
	header := func(text string) string {
		return base64.RawURLEncoding.EncodeToString([]byte(text)) + "." + parts[1] + "." + parts[2]
	}
	kid := `"kid":"` + key.KeyID() + `"`
	_, stranger, err := ed25519.GenerateKey(nil)
	must(t, err)
	hs, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.HS256, Key: []byte(strings.Repeat("k", 32))}, (&jose.SignerOptions{}).WithType("thing").WithHeader("kid", key.KeyID()))
	must(t, err)
	hmac, err := hs.Sign([]byte(`{"a":1}`))
	must(t, err)
	hmacText, err := hmac.CompactSerialize()
	must(t, err)
	for name, text := range map[string]string{
		"another type":             strings.Replace(good, parts[0], base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"EdDSA",`+kid+`,"typ":"other"}`)), 1),
		"alg none":                 header(`{"alg":"none",` + kid + `,"typ":"thing"}`),
		"alg HS256":                hmacText,
		"no kid":                   header(`{"alg":"EdDSA","typ":"thing"}`),
		"crit":                     header(`{"alg":"EdDSA","crit":["exp"],"exp":1,` + kid + `,"typ":"thing"}`),
		"its own key":              header(`{"alg":"EdDSA","jwk":{"kty":"OKP"},` + kid + `,"typ":"thing"}`),
		"members in another order": header(`{"typ":"thing","alg":"EdDSA",` + kid + `}`),
		"a member twice":           header(`{"alg":"EdDSA","alg":"EdDSA",` + kid + `,"typ":"thing"}`),
		"padding":                  good + "=",
		"a fourth part":            good + ".AAAA",
		"a space":                  good + " ",
		"JSON form":                `{"payload":"` + parts[1] + `","protected":"` + parts[0] + `","signature":"` + parts[2] + `"}`,
		"no signature":             parts[0] + "." + parts[1] + ".",
		"nothing":                  "",
	} {
		j, err := signing.ParseJWS(text, "thing")
		if err == nil {
			_, err = j.Verify(key.Public())
		}
		if !errors.Is(err, signing.ErrSignature) {
			t.Errorf("%s: %v, want ErrSignature", name, err)
		}
	}
	if _, err := j.Verify(stranger.Public().(ed25519.PublicKey)); !errors.Is(err, signing.ErrSignature) {
		t.Errorf("under another key: %v", err)
	}
}

func TestAKeyFileThatIsNoneIsNamed(t *testing.T) {
	db, err := store.Open(ctx, storetest.SQLite(t))
	must(t, err)
	t.Cleanup(func() { must(t, db.Close()) })
	must(t, db.Migrate(ctx))
	dir := t.TempDir()
	must(t, os.WriteFile(filepath.Join(dir, "log-abc.pem"), []byte("no key"), 0o600))
	if _, err := signing.Open(ctx, dir, db.Signing(), now); err == nil || !strings.Contains(err.Error(), "log-abc.pem") || errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v, want an error that names the file", err)
	}
}

func FuzzJWS(f *testing.F) {
	key, err := signing.Throwaway()
	must(f, err)
	good, err := signing.SignJWS(key, "thing", []byte(`{"a":1}`))
	must(f, err)
	f.Add(good)
	f.Add("e30.e30.")
	f.Fuzz(func(t *testing.T, text string) {
		j, err := signing.ParseJWS(text, "thing")
		if err != nil {
			return
		}
		if _, err := j.Verify(key.Public()); err == nil && text != good {
			t.Fatalf("%q was not signed, but verifies", text)
		}
	})
}

func FuzzKeys(f *testing.F) {
	f.Add([]byte(`{"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		ring, err := signing.ParseKeys(data)
		if err == nil && len(ring) == 0 {
			t.Fatal("no error, and no key")
		}
	})
}
