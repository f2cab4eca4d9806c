package miot

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// WriteTable writes the document for people: one line for each property, action and event, under its service.
func (s *Spec) WriteTable(w io.Writer) error {
	if _, err := fmt.Fprintf(w, "%s\n%s\n", s.Type, s.Description); err != nil {
		return err
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for i := range s.Services {
		service := &s.Services[i]
		fmt.Fprintf(t, "\n%d %s\t%s\n", service.IID, service.Name(), service.Description)
		for j := range service.Properties {
			p := &service.Properties[j]
			fmt.Fprintf(t, "  property %d.%d\t%s\t%s\t%s\t%s\t%s\n", service.IID, p.IID, p.Name(), p.Format, p.Access.letters(), p.Unit, p.values())
		}
		for j := range service.Actions {
			a := &service.Actions[j]
			fmt.Fprintf(t, "  action %d.%d\t%s\tin %s\tout %s\n", service.IID, a.IID, a.Name(), service.names(a.In), service.names(a.Out))
		}
		for j := range service.Events {
			e := &service.Events[j]
			fmt.Fprintf(t, "  event %d.%d\t%s\twith %s\n", service.IID, e.IID, e.Name(), service.names(e.Arguments))
		}
	}
	return t.Flush()
}

// letters is the access in three columns: rwn, r-n, ---.
func (a Access) letters() string {
	letters := []byte("---")
	for i, word := range []string{AccessRead, AccessWrite, AccessNotify} {
		if a.Has(word) {
			letters[i] = word[0]
		}
	}
	return string(letters)
}

func (p *Property) values() string {
	if p.Range != nil {
		return fmt.Sprintf("%s to %s by %s", p.Range.Min, p.Range.Max, p.Range.Step)
	}
	words := make([]string, len(p.List))
	for i, item := range p.List {
		words[i] = item.Value.String() + " " + item.Description
	}
	return strings.Join(words, ", ")
}

// names lists arguments by name and piid.
func (s *Service) names(piids []int) string {
	words := make([]string, len(piids))
	for i, piid := range piids {
		name := "?"
		if p, ok := s.Property(piid); ok {
			name = p.Name()
		}
		words[i] = fmt.Sprintf("%s (%d)", name, piid)
	}
	if len(words) == 0 {
		return "nothing"
	}
	return strings.Join(words, ", ")
}
