package web

import (
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/internal/auth"
	"github.com/proofmark/proofmark/registry"
)

// Form is what somebody typed into a form, and what is wrong with it. The template
// shows it with the parts "form" (hidden fields, what is wrong with the whole) and
// "field".
type Form struct {
	Action string // where it is sent
	Prefix string // what the ids of its fields begin with, on a page with several forms
	Key    string // makes one thing of what is sent twice: see Visit.Once
	Rev    int64  // of the row that was shown, where it has one
	Values url.Values
	Errors map[string]string // by field
	Wrong  []string          // with the form as a whole
}

// The hidden fields of forms.
const (
	keyField = "form-key"
	revField = "form-rev"
)

func newForm(action string, values url.Values) *Form {
	return &Form{Action: action, Key: rand.Text(), Values: values, Errors: map[string]string{}}
}

// NewForm makes a form to be filled in, with what stands in it at first: pairs of
// field and value. What was typed into it before the session ended is put back.
func (v *Visit) NewForm(action string, pairs ...string) *Form {
	f := newForm(action, pairsOf(pairs))
	v.restore(f)
	return f
}

func pairsOf(pairs []string) url.Values {
	values := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		values.Add(pairs[i], pairs[i+1])
	}
	return values
}

// mostForm bounds a form without files, in bytes.
const mostForm = 1 << 20

// tooLarge says that more was sent than a form may have.
type tooLarge struct{ most int64 }

func (e *tooLarge) Error() string { return fmt.Sprintf("the form has more than %d bytes", e.most) }

// Form reads the form that was sent: at most 1 MiB, no files.
func (v *Visit) Form() (*Form, error) { return v.FormWithFiles(mostForm) }

// FormWithFiles reads the form that was sent, with files, at most so many bytes in
// all; take brings one of them to the blobs.
func (v *Visit) FormWithFiles(most int64) (*Form, error) {
	v.r.Body = http.MaxBytesReader(v.w, v.r.Body, most)
	err := v.r.ParseForm()
	if err == nil {
		err = v.r.ParseMultipartForm(mostForm) // what is more goes to files of the system's
	}
	if errors.Is(err, http.ErrNotMultipart) {
		err = nil
	}
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return nil, &tooLarge{most}
	case err != nil:
		return nil, fmt.Errorf("%w: %w", errUnreadable, err)
	}
	f := newForm(v.r.URL.Path, v.r.PostForm)
	if v.r.MultipartForm != nil {
		f.Values = url.Values(v.r.MultipartForm.Value)
	}
	for name, values := range f.Values {
		for i, text := range values {
			if !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
				return nil, fmt.Errorf("%w: field %q is no text in UTF-8", errUnreadable, name)
			}
			values[i] = strings.ReplaceAll(text, "\r\n", "\n") // as browsers send line ends
		}
	}
	if key := f.Values.Get(keyField); key != "" && len(key) <= 64 {
		f.Key = key
	}
	f.Rev, _ = strconv.ParseInt(f.Values.Get(revField), 10, 64) // without one: 0, which no row has
	return f, nil
}

// Get is the value of a field, without the blanks around it.
func (f *Form) Get(name string) string { return strings.TrimSpace(f.Values.Get(name)) }

// Raw is the value of a field as it was sent: a password may begin with a blank.
func (f *Form) Raw(name string) string { return f.Values.Get(name) }

// Checked says whether a box was ticked, or this one of several with the name.
func (f *Form) Checked(name string, value ...string) bool {
	for _, have := range f.Values[name] {
		if len(value) == 0 && have != "" || len(value) > 0 && have == value[0] {
			return true
		}
	}
	return false
}

// Refuse says what is wrong with a field; with the form as a whole when its name
// is empty. The first word on a field stays.
func (f *Form) Refuse(field, sentence string) {
	switch {
	case field == "":
		f.Wrong = append(f.Wrong, sentence)
	case f.Errors[field] == "":
		f.Errors[field] = sentence
	}
}

// IDOf is the id of a field: no two of a page are the same.
func (f *Form) IDOf(name string) string {
	if f.Prefix == "" {
		return name
	}
	return anchor(f.Prefix, name)
}

// OK says that nothing was refused.
func (f *Form) OK() bool { return len(f.Errors) == 0 && len(f.Wrong) == 0 }

// Place says with which field an error of the domain belongs; with the form as a
// whole when that is empty.
type Place struct {
	Err   error
	Field string
}

// Took puts a refusal of the domain where it belongs, and says whether it was one
// for the form: any other error is the visit's. Limits and the refusals of the
// certificate programme need no place.
func (f *Form) Took(err error, places ...Place) bool {
	if err == nil {
		return false
	}
	for _, p := range places {
		if errors.Is(err, p.Err) {
			f.Refuse(p.Field, sentence(plain(err)))
			return true
		}
	}
	var (
		often   *auth.LimitError
		several certification.Refusals
		one     *certification.Refusal
	)
	switch {
	case errors.As(err, &often):
		f.Refuse("", sentence(often.Error()))
	case errors.As(err, &several):
		for _, r := range several {
			f.Refuse("", sentence(r.Detail))
		}
	case errors.As(err, &one):
		f.Refuse("", sentence(one.Detail))
	default:
		return false
	}
	return true
}

// sentence makes one of an error's text.
func sentence(text string) string {
	r, n := utf8.DecodeRuneInString(text)
	text = string(unicode.ToUpper(r)) + text[n:]
	if strings.HasSuffix(text, ".") || strings.HasSuffix(text, "?") || strings.HasSuffix(text, "!") {
		return text
	}
	return text + "."
}

// plain is an error's text for people: without what a store adds in brackets at its
// end, the database's own words, and without saying first that a request was bad.
func plain(err error) string {
	text := strings.TrimPrefix(err.Error(), registry.ErrBadRequest.Error()+": ")
	if i := strings.Index(text, " ("); i >= 0 && strings.HasSuffix(text, ")") && (strings.Contains(text[i:], "SQLSTATE") || strings.Contains(text[i:], "constraint")) {
		return text[:i]
	}
	return text
}

// Field is a field as the template shows it.
type Field struct {
	Form              *Form
	Name, ID, Label   string
	Type              string // text, password, email, number, date, text-area, select, check, file, …
	Help              string
	Auto, Mode        string // autocomplete, inputmode
	Min, Max, Step    string
	Length, Rows      int
	Required, Code    bool
	Options           []Option
	Accept            string
	Value, Error, Was string
}

// Option is one choice of a select.
type Option struct{ Value, Label string }

// On says whether an option is chosen, or a box ticked.
func (f Field) On(value string) bool { return f.Form.Checked(f.Name, value) }

// DescribedBy are the ids of what explains the field.
func (f Field) DescribedBy() string {
	var ids []string
	if f.Help != "" {
		ids = append(ids, f.ID+"-help")
	}
	if f.Error != "" {
		ids = append(ids, f.ID+"-error")
	}
	return strings.Join(ids, " ")
}

// field makes a Field for the part "field": the form, the field's name and label,
// then pairs of what else is to be said of it.
func field(f *Form, name, label string, pairs ...any) (Field, error) {
	if f == nil {
		return Field{}, fmt.Errorf("field %s: there is no form", name)
	}
	out := Field{Form: f, Name: name, ID: f.IDOf(name), Label: label, Type: "text", Error: f.Errors[name]}
	m, err := dict(pairs...)
	if err != nil {
		return Field{}, err
	}
	for key, value := range m {
		text, isText := value.(string)
		switch key {
		case "options":
			out.Options, _ = value.([]Option)
		case "required":
			out.Required = value == true
		case "code":
			out.Code = value == true
		case "length":
			out.Length, _ = value.(int)
		case "rows":
			out.Rows, _ = value.(int)
		default:
			to := map[string]*string{
				"id": &out.ID, "type": &out.Type, "help": &out.Help, "auto": &out.Auto, "mode": &out.Mode,
				"min": &out.Min, "max": &out.Max, "step": &out.Step, "accept": &out.Accept,
			}[key]
			if to == nil || !isText {
				return Field{}, fmt.Errorf("field %s: %q cannot be %v", name, key, value)
			}
			*to = text
		}
	}
	if out.Type != "password" && out.Type != "file" { // a secret is not shown again
		out.Value = f.Values.Get(name)
	}
	return out, nil
}
