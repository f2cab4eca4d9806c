package app_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"github.com/proofmark/proofmark/internal/app"
	"github.com/proofmark/proofmark/internal/pgtest"
	"github.com/proofmark/proofmark/miot"
	"github.com/proofmark/proofmark/registry"
	"github.com/proofmark/proofmark/registry/claims"
)

// Devices that were made elsewhere come in by a file of hashes. They are let in by
// their own keys and claimed by their own labels, and count against no allowance.
func TestDevicesThatWereMadeElsewhere(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) { importDevices(t, "sqlite:"+filepath.Join(t.TempDir(), "proofmark.db")) })
	t.Run("postgres", func(t *testing.T) { importDevices(t, pgtest.Database(t, pgtest.URL(t))) })
}

func importDevices(t *testing.T, database string) {
	s := startOn(t, app.Config{Database: database})
	ann := s.resident("Ann")
	var home struct{ ID string }
	ann.do("POST", "/homes", map[string]string{"name": "Lake Road"}, &home)
	var p struct{ ID string }
	s.call("POST", "/api/v1/products", map[string]any{"name": "Pure", "spec": json.RawMessage(miot.Sample("air-purifier"))}, &p)
	s.call("POST", "/api/v1/products/"+p.ID+"/allowance", map[string]any{"units": 3, "reason": "a pilot run"}, nil)
	type left struct{ Left, Granted, Funded, Made int }
	allowance := func() (l left) {
		t.Helper()
		s.call("GET", "/api/v1/products/"+p.ID+"/allowance", nil, &l)
		return l
	}
	before := allowance()

	// What the other factory kept: secrets and codes went into devices and onto labels.
	salt := bytes.Repeat([]byte{7}, 16)
	code, label := claims.NewCode("old-1", time.Now())
	x := hex.EncodeToString
	file := "did,secret_salt,secret_hash,key_sha256,claim_salt,claim_hash\n" +
		fmt.Sprintf("old-1,%s,%s,,%s,%s\n", x(salt), x(registry.HashSecret(salt, []byte("first"))), x(code.Salt), x(code.Hash)) +
		fmt.Sprintf("old-2,%s,%s,,,\n", x(salt), x(registry.HashSecret(salt, []byte("second")))) +
		fmt.Sprintf("old-3,,,%s,,\n", x(bytes.Repeat([]byte{9}, 32)))
	send := func(file string) (int, string) {
		t.Helper()
		return s.ask("POST", "/api/v1/products/"+p.ID+"/devices:import", s.OperatorToken(), map[string]string{"reason": "made by the old factory", "file": file})
	}
	status, answer := send(file)
	var batch struct {
		ID, State, Reason string
		Units             int
	}
	must(t, json.Unmarshal([]byte(answer), &batch))
	if status != http.StatusCreated || batch.State != "imported" || batch.Units != 3 || batch.Reason != "made by the old factory" {
		t.Fatalf("%d %s", status, answer)
	}
	if got := allowance(); got != before {
		t.Errorf("allowance %+v, was %+v: an import is beyond it", got, before)
	}
	if status, answer := send("did,key_sha256\nold-4," + x(salt) + x(salt) + "\nold-3," + x(salt) + x(salt) + "\n"); status != http.StatusConflict {
		t.Errorf("a did that is there already: %d %s", status, answer)
	}
	if status, answer := s.ask("GET", "/api/v1/devices/old-4", s.OperatorToken(), nil); status != http.StatusNotFound {
		t.Errorf("half of that file was taken: %d %s", status, answer)
	}
	if status, answer := s.ask("POST", "/api/v1/batches/"+batch.ID+"/manifest", s.OperatorToken(), nil); status != http.StatusConflict {
		t.Errorf("an import has no manifest: %d %s", status, answer)
	}

	// Only its own key opens each, and its label claims it.
	for did, wrong := range map[string]string{"old-1": "second", "old-3": x(bytes.Repeat([]byte{9}, 32))} {
		if code := s.dial(t).connect(did, wrong); code != 0x86 {
			t.Errorf("%s with %q: CONNACK %#x", did, wrong, code)
		}
	}
	claim := map[string]string{"did": "old-1", "code": label, "home": home.ID}
	if status, answer := s.ask("POST", "/api/v1/claims", ann.token, claim); status != http.StatusConflict {
		t.Errorf("claimed while it is offline: %d %s", status, answer)
	}
	for did, secret := range map[string]string{"old-1": "first", "old-2": "second"} {
		s.virtual(did, secret)
		s.eventually("/api/v1/devices/"+did+"/presence", func(p map[string]any) bool { return p["online"] == true })
	}
	if status, answer := s.ask("POST", "/api/v1/claims", ann.token, map[string]string{"did": "old-2", "code": label, "home": home.ID}); status != http.StatusUnprocessableEntity {
		t.Errorf("claimed by another's label: %d %s", status, answer)
	}
	var claimed struct{ Basis, Account string }
	ann.do("POST", "/claims", claim, &claimed)
	if claimed.Basis != "retail" || claimed.Account != ann.account {
		t.Errorf("%+v", claimed)
	}
	// One that came without a label gets its code from an operator.
	var later struct{ Code string }
	s.call("POST", "/api/v1/devices/old-2/claim-code", nil, &later)
	ann.do("POST", "/claims", map[string]string{"did": "old-2", "code": later.Code, "home": home.ID}, nil)
	var set struct{ Code int }
	status, answer = s.ask("POST", "/app/v2/miotspec/prop/set", ann.token, map[string]any{"params": []any{map[string]any{"did": "old-2", "siid": 2, "piid": 1, "value": true}}})
	if must(t, json.Unmarshal([]byte(answer), &set)); status != http.StatusOK || set.Code != 0 {
		t.Errorf("its owner commands it: %d %s", status, answer)
	}
	if status, answer := s.ask("POST", "/api/v1/batches/"+batch.ID+"/revoke", s.OperatorToken(), map[string]string{"reason": "a mistake"}); status != http.StatusConflict {
		t.Errorf("revoked with devices in homes: %d %s", status, answer)
	}
	if got := allowance(); got != before {
		t.Errorf("allowance at the end %+v, was %+v", got, before)
	}
}

// ask gives the status and the body of any answer.
func (s *service) ask(method, path, token string, in any) (int, string) {
	s.t.Helper()
	body, err := json.Marshal(in)
	must(s.t, err)
	r, err := http.NewRequestWithContext(s.t.Context(), method, "http://"+s.Addresses().HTTP+path, bytes.NewReader(body))
	must(s.t, err)
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(r)
	must(s.t, err)
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	must(s.t, err)
	return resp.StatusCode, string(b)
}
