package web

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"

	"github.com/go-chi/chi/v5"

	"github.com/proofmark/proofmark/internal/auth"
)

// Visit is one request for a page: whose it is, and how it is answered.
type Visit struct {
	Actor auth.Actor // nobody when its Account is empty

	pages  *Pages
	person *Person
	id     string // req_…
	client auth.Client
	notes  []Note // for the page of this very answer
	w      http.ResponseWriter
	r      *http.Request
}

type visitKey struct{}

// visitOf is the visit of a request; nil where the pages' front did not stand
// before it.
func visitOf(ctx context.Context) *Visit {
	v, _ := ctx.Value(visitKey{}).(*Visit)
	return v
}

// Context is the request's.
func (v *Visit) Context() context.Context { return v.r.Context() }

// Client is where the request comes from.
func (v *Visit) Client() auth.Client { return v.client }

// Param is a part of the path, as {id} in the pattern.
func (v *Visit) Param(name string) string { return chi.URLParam(v.r, name) }

// Query is a value of the address, at most 500 characters of it.
func (v *Visit) Query(name string) string { return clipped(v.r.URL.Query().Get(name), 500) }

// Say gives a text of the catalogue.
func (v *Visit) Say(key string, args ...any) string { return v.pages.site.Say(key, args...) }

// Header is that of the answer.
func (v *Visit) Header() http.Header { return v.w.Header() }

// Show answers with a page.
func (v *Visit) Show(name string, p Pager) error { return v.show(http.StatusOK, name, p) }

// Again answers with the page of a form that was refused: the form says why.
func (v *Visit) Again(name string, p Pager) error {
	return v.show(http.StatusUnprocessableEntity, name, p)
}

func (v *Visit) show(status int, name string, p Pager) error {
	v.pages.site.Render(v.w, v.r, status, name, p)
	return nil
}

// Go sends the browser to another page of ours, after a change. It returns nil, so
// that a handler can end with it.
func (v *Visit) Go(path string) error {
	v.w.Header().Set("Cache-Control", "no-store")
	http.Redirect(v.w, v.r, auth.LocalPath(path), http.StatusSeeOther)
	return nil
}

// Note says something above the page that comes next, after Go. Kinds are good,
// bad, warn and info.
func (v *Visit) Note(kind, text string) {
	v.put(notesKey, append(v.kept(notesKey), Note{kind, text}))
}

// note says something above the page of this answer.
func (v *Visit) note(kind, text string) { v.notes = append(v.notes, Note{kind, text}) }

// say says above the page what is wrong with a form that is not on it.
func (v *Visit) say(f *Form) {
	for _, sentence := range f.Wrong {
		v.note("bad", sentence)
	}
}

const (
	notesKey = "notes"
	typedKey = "typed"
)

func (v *Visit) kept(key string) (out []Note) {
	_ = json.Unmarshal([]byte(v.pages.browsers.GetString(v.Context(), key)), &out) // nothing was kept
	return out
}

// put keeps something in the session; nobody's session begins with it.
func (v *Visit) put(key string, value any) {
	b, err := json.Marshal(value)
	if err != nil {
		panic(err) // what we keep are texts
	}
	v.pages.browsers.Put(v.Context(), key, string(b))
}

// complete adds to a page what the visit knows: who visits, when, and what there is
// to say.
func (v *Visit) complete(p *Page) {
	if p.Now.IsZero() {
		p.Now = v.pages.now()
	}
	if p.Person == nil {
		p.Person = v.person
	}
	p.Notes = append(append(v.notes, v.kept(notesKey)...), p.Notes...)
	if v.pages.browsers.Exists(v.Context(), notesKey) {
		v.pages.browsers.Remove(v.Context(), notesKey)
	}
}

// back is the page of ours that a form was sent from, or this page itself.
func (v *Visit) back() string {
	if v.r.Method == http.MethodGet || v.r.Method == http.MethodHead {
		return v.r.URL.RequestURI()
	}
	from, err := url.Parse(v.r.Referer())
	if err != nil || from.Host != v.r.Host {
		return "/"
	}
	return auth.LocalPath(from.RequestURI())
}

// logInPath is the page to log in at, and to come back from.
func logInPath(next string) string {
	if next = auth.LocalPath(next); next == "/" {
		return auth.LogInPage
	}
	return auth.LogInPage + "?next=" + url.QueryEscape(next)
}

// typed is what somebody had typed when it turned out that the session was over.
type typed struct {
	Action string
	Values url.Values
}

// mostKept bounds what is kept of it, in bytes.
const mostKept = 64 << 10

// keep puts what was typed aside until they have logged in. Secrets and files are
// not kept.
func (v *Visit) keep() {
	if v.r.Method != http.MethodPost || v.r.ContentLength > mostKept || v.r.ParseForm() != nil || len(v.r.PostForm) == 0 {
		return
	}
	for name := range v.r.PostForm {
		for _, secret := range []string{"password", "secret", "code", "token"} {
			if strings.Contains(name, secret) {
				delete(v.r.PostForm, name)
			}
		}
	}
	v.put(typedKey, typed{v.r.URL.Path, v.r.PostForm})
}

// restore gives back what was typed into the form before, once.
func (v *Visit) restore(f *Form) {
	text := v.pages.browsers.GetString(v.Context(), typedKey)
	if text == "" {
		return
	}
	var was typed
	if json.Unmarshal([]byte(text), &was) != nil || was.Action != f.Action {
		return
	}
	v.pages.browsers.Remove(v.Context(), typedKey)
	for name, values := range was.Values {
		if name != keyField && name != revField {
			f.Values[name] = values
		}
	}
	v.note("info", v.Say("form.restored"))
}
