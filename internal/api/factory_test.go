package api_test

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"filippo.io/age"

	"github.com/proofmark/proofmark/certification/signing"
	"github.com/proofmark/proofmark/internal/api"
	"github.com/proofmark/proofmark/miot"
	"github.com/proofmark/proofmark/registry"
	"github.com/proofmark/proofmark/registry/factory"
)

// plant is a startup with a product, and the key of its factory.
type plant struct {
	*house
	product string
	as      []string
	key     *age.X25519Identity
}

func openFactory(t *testing.T, sample string) *plant {
	t.Helper()
	m := &plant{house: build(t)}
	var org string
	org, m.as = m.startupOf()
	p, _, err := m.registry.CreateProductOf(t.Context(), org, "Pure", miot.Sample(sample))
	if err != nil {
		t.Fatal(err)
	}
	m.product = p.ID
	if m.key, err = age.GenerateX25519Identity(); err != nil {
		t.Fatal(err)
	}
	return m
}

// grant is an operator's.
func (m *plant) grant(units int) {
	m.Helper()
	want[object](m.house, m.call("POST", "/api/v1/products/"+m.product+"/allowance", object{"units": units, "reason": "pilot run"}), http.StatusNoContent)
}

func (m *plant) make(units int) reply {
	m.Helper()
	return m.call("POST", "/api/v1/products/"+m.product+"/batches", object{"units": units, "recipient": m.key.Recipient().String()}, m.as...)
}

type left struct{ Left, Granted, Funded, Made int }

func (m *plant) allowance() left {
	m.Helper()
	return want[left](m.house, m.call("GET", "/api/v1/products/"+m.product+"/allowance", nil, m.as...), http.StatusOK)
}

// open is what the factory does with what it fetched.
func (m *plant) open(sealed []byte) factory.Manifest {
	m.Helper()
	got, err := factory.Open(bytes.NewReader(sealed), m.key, func(jws string) ([]byte, error) {
		j, err := signing.ParseJWS(jws, factory.ManifestType)
		if err != nil {
			return nil, err
		}
		return j.Verify(m.seal.Public())
	})
	if err != nil {
		m.Fatal(err)
	}
	return got
}

func TestABatchOverHTTP(t *testing.T) {
	m := openFactory(t, "air-purifier")
	m.problem(m.make(2), http.StatusConflict, "full") // nothing is allowed yet
	m.grant(5)
	b := want[api.Batch](m.house, m.make(3), http.StatusCreated)
	if b.Units != 3 || b.State != factory.Made || b.Certificate != "PM-1" || b.Product != m.product {
		t.Errorf("%+v", b)
	}
	if got := m.allowance(); got != (left{Left: 2, Granted: 5, Made: 3}) {
		t.Errorf("%+v", got)
	}
	m.problem(m.make(3), http.StatusConflict, "full")

	type delivery struct {
		Batch  api.Batch
		Sealed []byte
	}
	d := want[delivery](m.house, m.call("POST", "/api/v1/batches/"+b.ID+"/manifest", nil, m.as...), http.StatusOK)
	manifest := m.open(d.Sealed)
	if d.Batch.State != factory.Delivered || manifest.Batch != b.ID || manifest.Model != "aurora-pure1" || len(manifest.Units) != 3 {
		t.Errorf("%+v, %+v", d.Batch, manifest)
	}
	if err := m.registry.Login(t.Context(), manifest.Units[0].DID, []byte(manifest.Units[0].Key)); err != nil {
		t.Errorf("a made device does not get in: %v", err)
	}
	m.problem(m.call("POST", "/api/v1/batches/"+b.ID+"/manifest", nil, m.as...), http.StatusConflict, "conflict") // once

	// A lost manifest: its devices go, its units come back, and it is over.
	want[object](m.house, m.call("POST", "/api/v1/batches/"+b.ID+"/revoke", object{"reason": "the file was lost"}, m.as...), http.StatusNoContent)
	if got := m.allowance(); got != (left{Left: 5, Granted: 5}) {
		t.Errorf("after the revocation: %+v", got)
	}
	m.problem(m.call("GET", "/api/v1/devices/"+manifest.Units[0].DID, nil), http.StatusNotFound, "not-found")
	list := want[struct{ Batches []api.Batch }](m.house, m.call("GET", "/api/v1/products/"+m.product+"/batches", nil, m.as...), http.StatusOK)
	if len(list.Batches) != 1 || list.Batches[0].State != factory.Revoked || list.Batches[0].Reason != "the file was lost" || list.Batches[0].RevokedAt == nil {
		t.Errorf("%+v", list)
	}
}

func TestABatchIsOfItsMakerAndOfACertifiedModel(t *testing.T) {
	m := openFactory(t, "air-purifier")
	m.grant(5)
	_, other := m.startupOf()
	b := want[api.Batch](m.house, m.make(1), http.StatusCreated)
	for _, path := range []string{"/products/" + m.product + "/allowance", "/products/" + m.product + "/batches"} {
		m.problem(m.call("GET", "/api/v1"+path, nil, other...), http.StatusNotFound, "not-found")
	}
	m.problem(m.call("POST", "/api/v1/batches/"+b.ID+"/manifest", nil, other...), http.StatusNotFound, "not-found")
	m.problem(m.call("POST", "/api/v1/batches/"+b.ID+"/revoke", object{"reason": "not mine"}, other...), http.StatusNotFound, "not-found")
	m.problem(m.call("POST", "/api/v1/batches/bat_none/manifest", nil, m.as...), http.StatusNotFound, "not-found")
	m.problem(m.call("POST", "/api/v1/products/"+m.product+"/allowance", object{"units": 1, "reason": "my own"}, m.as...), http.StatusForbidden, "forbidden")
	for _, recipient := range []string{"", "age1x", "ssh-ed25519 AAAA"} {
		r := m.call("POST", "/api/v1/products/"+m.product+"/batches", object{"units": 1, "recipient": recipient}, m.as...)
		if r.StatusCode != http.StatusBadRequest && r.StatusCode != http.StatusUnprocessableEntity {
			t.Errorf("sealed to %q: %s", recipient, r.Status)
		}
	}
	bare := openFactory(t, "lamp")
	bare.grant(5)
	bare.problem(bare.make(1), http.StatusForbidden, "forbidden")
}

func TestAnImportIsWholeOrNothing(t *testing.T) {
	m := openFactory(t, "air-purifier")
	row := func(did, secret string) string {
		salt := bytes.Repeat([]byte{7}, 16)
		return fmt.Sprintf("%s,%s,%s", did, hex.EncodeToString(salt), hex.EncodeToString(registry.HashSecret(salt, []byte(secret))))
	}
	send := func(file string, as ...string) reply {
		return m.call("POST", "/api/v1/products/"+m.product+"/devices:import", object{"reason": "made before", "file": file}, as...)
	}
	const head = "did,secret_salt,secret_hash\n"
	bad := send(head + row("old-1", "a") + "\n" + row("old-1", "b") + "\nold-3,zz,11\n")
	p := want[api.Problem](m.house, bad, bad.StatusCode)
	if bad.StatusCode/100 != 4 || !strings.Contains(string(bad.body), "old-1") || !strings.Contains(string(bad.body), "secret_salt") {
		t.Errorf("%s: %+v", bad.Status, p)
	}
	if err := m.registry.Login(t.Context(), "old-1", []byte("a")); err == nil {
		t.Error("half a file was taken")
	}
	m.problem(send(head+row("old-1", "a")+"\n", m.as...), http.StatusForbidden, "forbidden")
	b := want[api.Batch](m.house, send(head+row("old-1", "a")+"\n"+row("old-2", "b")+"\n"), http.StatusCreated)
	if b.State != factory.Imported || b.Units != 2 {
		t.Errorf("%+v", b)
	}
	if err := m.registry.Login(t.Context(), "old-2", []byte("b")); err != nil {
		t.Errorf("an imported device does not get in: %v", err)
	}
}
