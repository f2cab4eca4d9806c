package web

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"github.com/proofmark/proofmark/registry"
)

// Forms are those of a page that has several. At most one of them was sent and
// refused: it is shown again with what was typed, the others as they are at first.
type Forms struct {
	base  string // the address of the page; each form is sent to a place below it
	rev   int64  // of the row that the page shows, where it has one
	sent  *Form
	shown bool // sent has its place on the page
}

func newForms(base string) *Forms { return &Forms{base: base} }

// at names the revision of the row that the page shows.
func (fs *Forms) at(rev int64) *Forms {
	fs.rev = rev
	return fs
}

// with is the page's forms after one was refused; f may be nil.
func (fs *Forms) with(f *Form) *Forms {
	fs.sent = f
	return fs
}

// Of is the form that is sent to that place, with what stands in it at first: pairs
// of field and value.
func (fs *Forms) Of(place string, pairs ...string) *Form {
	action := fs.base + "/" + place
	f := fs.sent
	if f != nil && f.Action == action {
		f.Rev = fs.rev // it has seen how things stand now
		fs.shown = true
	} else {
		f = newForm(action, pairsOf(pairs))
		f.Rev = fs.rev
	}
	f.Prefix = anchor(strings.ReplaceAll(place, "/", "-"))
	return f
}

// Refused says whether the form of a place was sent and refused: it is shown, with
// what is wrong, even where it could not be sent any more.
func (fs *Forms) Refused(place string) bool {
	return fs.sent != nil && fs.sent.Action == fs.base+"/"+place
}

// act does what a form of a page wants. A refusal is said in the page, which again
// shows; what somebody else changed meanwhile is, too: the page then shows how
// things stand now.
func (v *Visit) act(again func(*Form) error, do func(f *Form) (to string, err error), places ...Place) error {
	f, err := v.Form()
	if err != nil {
		return err
	}
	return v.actOn(f, again, do, places...)
}

func (v *Visit) actOn(f *Form, again func(*Form) error, do func(f *Form) (to string, err error), places ...Place) error {
	to, err := do(f)
	switch {
	case errors.Is(err, registry.ErrConflict):
		f.Refuse("", v.Say("work.changed"))
	case err != nil && !f.Took(err, places...):
		return err
	case err == nil && f.OK():
		return v.Go(to)
	}
	return again(f)
}

// part answers with a part of a page, for a page that is open.
func (v *Visit) part(page, name string, data any) error {
	b, err := v.pages.site.partOf(page, name, data)
	if err != nil {
		return err
	}
	secure(v.w.Header())
	v.w.Header().Set("Content-Type", "text/html; charset=utf-8")
	v.w.Header().Set("Cache-Control", "no-store")
	_, _ = v.w.Write(b) // the client is gone, or it has it
	return nil
}

// partOf renders one of the templates of a page.
func (s *Site) partOf(page, name string, data any) ([]byte, error) {
	t := s.pages[page]
	if t == nil {
		return nil, fmt.Errorf("web: no page is named %q", page)
	}
	var b bytes.Buffer
	if err := t.ExecuteTemplate(&b, name, data); err != nil {
		return nil, fmt.Errorf("web: part %s of page %s: %w", name, page, err)
	}
	return b.Bytes(), nil
}
