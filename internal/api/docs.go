package api

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"

	"github.com/go-chi/chi/v5"
)

// docsPath is where the reference page lies; the types of problems point there.
const docsPath = "/api/docs"

// docsPolicy lets the page use its own style sheet and nothing else: no script,
// no request to anywhere.
const docsPolicy = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

var (
	//go:embed page/docs.html
	docsHTML string
	//go:embed page/docs.css
	docsCSS []byte

	docsTemplate = template.Must(template.New("docs").Parse(docsHTML))
)

// mountDocs mounts the OpenAPI document and the page that shows it. They are
// made once: no operation is added after New.
func (a *API) mountDocs(r chi.Router) {
	asJSON, err := json.MarshalIndent(a.huma.OpenAPI(), "", "  ")
	if err != nil {
		panic(fmt.Sprintf("OpenAPI document: %v", err)) // built from our own types only
	}
	asYAML, err := a.huma.OpenAPI().YAML()
	if err != nil {
		panic(fmt.Sprintf("OpenAPI document: %v", err))
	}
	var page bytes.Buffer
	if err := docsTemplate.Execute(&page, a.reference()); err != nil {
		panic(fmt.Sprintf("reference page: %v", err))
	}
	static(r, "/api/openapi.json", "application/json", asJSON)
	static(r, "/api/openapi.yaml", "application/yaml", asYAML)
	static(r, docsPath, "text/html; charset=utf-8", page.Bytes())
	static(r, docsPath+".css", "text/css; charset=utf-8", docsCSS)
}

// static serves bytes that do not change while the process lives.
func static(r chi.Router, path, contentType string, content []byte) {
	sum := sha256.Sum256(content)
	etag := `"` + hex.EncodeToString(sum[:16]) + `"`
	serve := func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Type", contentType)
		h.Set("Cache-Control", "no-cache")
		h.Set("ETag", etag)
		h.Set("Content-Security-Policy", docsPolicy)
		if r.Header.Get("If-None-Match") == etag {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		_, _ = w.Write(content) // the client is gone, or it has it
	}
	r.Get(path, serve)
	r.Head(path, serve)
}
