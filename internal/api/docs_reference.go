package api

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// reference is the OpenAPI document as the page shows it.
type reference struct {
	Title, Version string
	Groups         []refGroup
	Problems       []refProblem
}

type refGroup struct {
	Name, Anchor string
	Operations   []refOperation
}

type refOperation struct {
	ID, Method, Path, Summary, Description, Scope string
	Parameters                                    []refField
	Body                                          []refField
	Answers                                       []refAnswer
}

type refAnswer struct {
	Status, Description string
	Types               []string
	Fields              []refField
}

// refField is one member; its name is a path such as items[].siid.
type refField struct {
	Name, In, Type, Doc string
	Required            bool
}

type refProblem struct {
	Name, Title, When string
	Status            int
}

func (a *API) reference() reference {
	doc := a.huma.OpenAPI()
	r := reference{Title: doc.Info.Title, Version: doc.Info.Version}
	groups := make(map[string]*refGroup)
	var order []string
	for path, item := range doc.Paths {
		for _, op := range []*huma.Operation{item.Get, item.Post, item.Put, item.Patch, item.Delete} {
			if op == nil {
				continue
			}
			name := op.Tags[0]
			if groups[name] == nil {
				groups[name] = &refGroup{Name: name, Anchor: strings.ToLower(strings.ReplaceAll(name, " ", "-"))}
				order = append(order, name)
			}
			groups[name].Operations = append(groups[name].Operations, describe(doc, path, op))
		}
	}
	slices.SortFunc(order, func(x, y string) int { return cmp.Compare(tagOrder(x), tagOrder(y)) })
	for _, name := range order {
		g := groups[name]
		slices.SortFunc(g.Operations, func(x, y refOperation) int {
			return cmp.Or(cmp.Compare(x.Path, y.Path), cmp.Compare(x.Method, y.Method))
		})
		r.Groups = append(r.Groups, *g)
	}
	for _, k := range kinds {
		r.Problems = append(r.Problems, refProblem{k.name, k.title, k.when, k.status})
	}
	return r
}

// tagOrder is the order of the story: who, what, which, then what it does.
func tagOrder(tag string) int {
	return slices.Index([]string{
		peopleTag, orgsTag, accountsTag, "Audit", "Products", "Devices", "Credentials", "Twin", "Commands", "History", "Events", "App",
	}, tag)
}

func describe(doc *huma.OpenAPI, path string, op *huma.Operation) refOperation {
	out := refOperation{
		ID: op.OperationID, Method: op.Method, Path: path, Summary: op.Summary, Description: strings.ReplaceAll(op.Description, "`", ""),
	}
	out.Scope = scopeOf(op.Security)
	for _, p := range op.Parameters {
		out.Parameters = append(out.Parameters, refField{p.Name, p.In, typeOf(p.Schema), p.Description, p.Required})
	}
	if op.RequestBody != nil {
		for _, media := range op.RequestBody.Content {
			out.Body = fields(doc, media.Schema, "", nil)
		}
	}
	for _, status := range slices.Sorted(maps.Keys(op.Responses)) {
		if status == "default" {
			continue // problems have a chapter of their own
		}
		r := op.Responses[status]
		ans := refAnswer{Status: status, Description: r.Description, Types: slices.Sorted(maps.Keys(r.Content))}
		if ans.Description == "" {
			ans.Description = http.StatusText(op.DefaultStatus)
		}
		if media := r.Content["application/json"]; media != nil {
			ans.Fields = fields(doc, media.Schema, "", nil)
		}
		out.Answers = append(out.Answers, ans)
	}
	return out
}

// scopeOf says in a word or two who may call.
func scopeOf(security []map[string][]string) string {
	for _, s := range security {
		if reach, ok := s["token"]; ok {
			return cmp.Or(strings.Join(reach, " "), "any")
		}
	}
	return "none: no login"
}

// fields flattens a schema into one line per member.
func fields(doc *huma.OpenAPI, s *huma.Schema, at string, outer []*huma.Schema) []refField {
	s = resolve(doc, s)
	if s == nil || slices.Contains(outer, s) {
		return nil
	}
	outer = append(outer, s)
	if s.Type == huma.TypeArray {
		return fields(doc, s.Items, at+"[]", outer)
	}
	var out []refField
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		p := s.Properties[name]
		full := name
		if at != "" {
			full = at + "." + name
		}
		target := resolve(doc, p)
		out = append(out, refField{Name: full, Type: typeOf(target), Doc: cmp.Or(p.Description, target.Description), Required: slices.Contains(s.Required, name)})
		out = append(out, fields(doc, p, full, outer)...)
	}
	return out
}

func resolve(doc *huma.OpenAPI, s *huma.Schema) *huma.Schema {
	if s != nil && s.Ref != "" {
		return doc.Components.Schemas.SchemaFromRef(s.Ref)
	}
	return s
}

// typeOf is a schema's type in a few words, with its bounds.
func typeOf(s *huma.Schema) string {
	if s == nil || s.Type == "" && s.Ref == "" {
		return "any"
	}
	text := s.Type
	switch {
	case s.Format == "date-time":
		text = "time"
	case s.Type == huma.TypeArray:
		text = "list"
		if s.Items != nil && s.Items.Type != "" && s.Items.Type != huma.TypeObject {
			text = "list of " + typeOf(s.Items)
		}
	}
	if len(s.Enum) > 0 {
		words := make([]string, len(s.Enum))
		for i, e := range s.Enum {
			words[i] = fmt.Sprint(e)
		}
		text = strings.Join(words, " | ")
	}
	switch {
	case s.Minimum != nil && s.Maximum != nil:
		text += fmt.Sprintf(", %v to %v", number(*s.Minimum), number(*s.Maximum))
	case s.Minimum != nil:
		text += fmt.Sprintf(", at least %v", number(*s.Minimum))
	case s.MaxItems != nil:
		text += fmt.Sprintf(", at most %d", *s.MaxItems)
	}
	if s.Default != nil {
		text += fmt.Sprintf(", default %v", s.Default)
	}
	return text
}

// number writes a bound without an exponent.
func number(f float64) string { return fmt.Sprintf("%.0f", f) }
