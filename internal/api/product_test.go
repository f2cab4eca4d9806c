package api_test

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"
	"testing"

	"github.com/proofmark/proofmark/miot"
)

func TestAProductIsRegisteredByItsSpec(t *testing.T) {
	h := build(t)
	made := want[object](h, h.call("POST", "/api/v1/products", `{"name":"Pure 1","spec":`+string(miot.Sample("air-purifier"))+`}`), http.StatusCreated)
	if made["model"] != "aurora-pure1" || made["name"] != "Pure 1" || made["spec_version"] != 1.0 {
		t.Errorf("%v", made)
	}
	if _, ok := made["findings"].([]any); !ok {
		t.Errorf("findings %v, want a list", made["findings"])
	}
	id, _ := made["id"].(string)
	if got := want[object](h, h.call("GET", "/api/v1/products/"+id, nil), http.StatusOK); got["name"] != "Pure 1" {
		t.Errorf("%v", got)
	}
	h.problem(h.call("POST", "/api/v1/products", `{"spec":`+string(miot.Sample("air-purifier"))+`}`), http.StatusConflict, "exists")
}

func TestProductsAreListedPageByPage(t *testing.T) {
	h := build(t)
	for _, s := range []string{"lamp", "vacuum", "gateway"} {
		h.product(s)
	}
	type list struct {
		Products []struct{ ID, Model string }
		Next     string
	}
	first := want[list](h, h.call("GET", "/api/v1/products?limit=2", nil), http.StatusOK)
	if len(first.Products) != 2 || first.Next == "" {
		t.Fatalf("first page: %+v", first)
	}
	second := want[list](h, h.call("GET", "/api/v1/products?limit=2&after="+first.Next, nil), http.StatusOK)
	if len(second.Products) != 1 || second.Next != "" || second.Products[0].Model != "aurora-hub1" {
		t.Errorf("second page: %+v", second)
	}
}

func TestASpecVersionMayOnlyAdd(t *testing.T) {
	h := build(t)
	id := h.product("lamp")
	first := string(miot.Sample("lamp"))
	second := strings.ReplaceAll(first, "aurora-glow2:1", "aurora-glow2:2")
	path := "/api/v1/products/" + id + "/specs"

	narrower := strings.Replace(second, "[1, 100, 1]", "[1, 50, 1]", 1)
	if narrower == second {
		t.Fatal("the sample has changed")
	}
	p := h.problem(h.call("POST", path, narrower), http.StatusUnprocessableEntity, "spec-refused")
	if len(p.Errors) != 1 || !strings.Contains(p.Errors[0].Pointer, "/services/") {
		t.Errorf("%+v", p.Errors)
	}
	h.problem(h.call("POST", path, first), http.StatusConflict, "exists")

	made := want[object](h, h.call("POST", path, second), http.StatusCreated)
	if made["version"] != 2.0 || made["changes"] == nil {
		t.Errorf("%v", made)
	}
	list := want[map[string][]object](h, h.call("GET", path, nil), http.StatusOK)
	if len(list["specs"]) != 2 || list["specs"][1]["id"] != made["id"] {
		t.Errorf("%v", list)
	}

	// The document comes back byte by byte.
	spec := h.call("GET", "/api/v1/specs/"+made["id"].(string), nil)
	sum := sha256.Sum256([]byte(second))
	etag := `"` + hex.EncodeToString(sum[:]) + `"`
	if string(spec.body) != second || spec.Header.Get("ETag") != etag {
		t.Errorf("ETag %s, want %s; %d bytes, want %d", spec.Header.Get("ETag"), etag, len(spec.body), len(second))
	}
	if again := h.call("GET", "/api/v1/specs/"+made["id"].(string), nil, "If-None-Match", etag); again.StatusCode != http.StatusNotModified || len(again.body) > 0 {
		t.Errorf("%s with %d bytes, want 304 without", again.Status, len(again.body))
	}
}

func TestLintTellsWhatIsWrongWithADocument(t *testing.T) {
	h := build(t)
	type result struct {
		Findings []miot.Finding
		Errors   int
	}
	clean := want[result](h, h.call("POST", "/api/v1/specs:lint?profile=certification", miot.Sample("lamp")), http.StatusOK)
	if clean.Errors != 0 {
		t.Errorf("%+v", clean)
	}
	bad := strings.Replace(string(miot.Sample("lamp")), "[1, 100, 1]", "[100, 1, 1]", 1)
	got := want[result](h, h.call("POST", "/api/v1/specs:lint", bad), http.StatusOK)
	if got.Errors == 0 || got.Findings[0].Rule == "" || got.Findings[0].Pointer == "" || got.Findings[0].Mend == "" {
		t.Errorf("%+v", got)
	}
	p := h.problem(h.call("POST", "/api/v1/products", `{"spec":`+bad+`}`), http.StatusUnprocessableEntity, "spec-refused")
	if len(p.Errors) == 0 || p.Errors[0].Rule != got.Findings[0].Rule {
		t.Errorf("%+v", p.Errors)
	}
	h.problem(h.call("POST", "/api/v1/specs:lint", `{"type":`), http.StatusBadRequest, "unreadable")
}
