package web

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"html/template"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"
)

//go:embed static
var staticFiles embed.FS

// assets are the files under static/. Each is served under a name that holds its
// hash, so that a browser may keep it for ever.
type assets struct {
	byName map[string]*asset // site.css
	byPath map[string]*asset // /static/site.0123456789abcdef.css
}

type asset struct {
	path    string
	media   string
	content []byte
	packed  []byte // gzip, where that is smaller
}

const assetPrefix = "/static/"

// bundles are made of several files, so that a page asks for one.
var bundles = map[string][]string{
	"live.js": {"vendor/htmx/htmx.min.js", "vendor/htmx/sse.min.js", "page.js"},
}

func readAssets() (*assets, error) {
	a := &assets{byName: map[string]*asset{}, byPath: map[string]*asset{}}
	err := fs.WalkDir(staticFiles, "static", func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := staticFiles.ReadFile(file)
		if err != nil {
			return err
		}
		return a.add(strings.TrimPrefix(file, "static/"), content)
	})
	for name, parts := range bundles {
		var whole []byte
		for _, part := range parts {
			if a.byName[part] == nil {
				return nil, fmt.Errorf("web: %s is made of %s, which is not there", name, part)
			}
			whole = append(append(whole, a.byName[part].content...), ";\n"...)
		}
		err = errors.Join(err, a.add(name, whole))
	}
	return a, err
}

func (a *assets) add(name string, content []byte) (err error) {
	f := &asset{path: hashed(name, content), media: mime.TypeByExtension(path.Ext(name)), content: content}
	if f.media == "" {
		f.media = "text/plain; charset=utf-8" // a licence
	}
	if f.packed, err = pack(content); err != nil {
		return err
	}
	a.byName[name], a.byPath[f.path] = f, f
	return nil
}

// hashed puts the content's hash before the last ending.
func hashed(name string, content []byte) string {
	sum := sha256.Sum256(content)
	ext := path.Ext(name)
	return assetPrefix + strings.TrimSuffix(name, ext) + "." + hex.EncodeToString(sum[:8]) + ext
}

func pack(content []byte) ([]byte, error) {
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := z.Write(content); err != nil {
		return nil, err
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	if b.Len() >= len(content) {
		return nil, nil
	}
	return b.Bytes(), nil
}

// url is where an asset is found.
func (a *assets) url(name string) (string, error) {
	f := a.byName[name]
	if f == nil {
		return "", fmt.Errorf("no asset is named %q", name)
	}
	return f.path, nil
}

// ServeHTTP serves /static/….
func (a *assets) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f := a.byPath[r.URL.Path]
	if f == nil {
		http.NotFound(w, r)
		return
	}
	h := w.Header()
	h.Set("Content-Type", f.media)
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Vary", "Accept-Encoding")
	content := f.content
	if f.packed != nil && strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		h.Set("Content-Encoding", "gzip")
		content = f.packed
	}
	if r.Method != http.MethodHead {
		_, _ = w.Write(content)
	}
}

// inline is an asset as a part of the page, for what is too small for a request of its own.
func (a *assets) inline(name string) (template.URL, error) {
	f := a.byName[name]
	if f == nil {
		return "", fmt.Errorf("web: there is no %s", name)
	}
	return template.URL("data:" + f.media + ";base64," + base64.StdEncoding.EncodeToString(f.content)), nil
}

// Favicon serves the icon to browsers that ask for it without being told of it, as
// on pages that are not ours.
func (s *Site) Favicon() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		icon := s.assets.byName["icon.svg"]
		w.Header().Set("Content-Type", icon.media)
		w.Header().Set("Cache-Control", "public, max-age=86400")
		_, _ = w.Write(icon.content)
	})
}

// Assets serves what the pages refer to, under /static/.
func (s *Site) Assets() http.Handler { return s.assets }
