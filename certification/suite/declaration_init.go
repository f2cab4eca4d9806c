package suite

import (
	"bytes"
	_ "embed"
	"strconv"
	"strings"
	"text/template"

	"github.com/proofmark/proofmark/miot"
)

//go:embed declaration.yaml.tmpl
var declarationTemplate string

// A name out of a spec is text of a stranger: it must not leave its comment.
var declarationFile = template.Must(template.New("declaration").Funcs(template.FuncMap{
	"member": MemberName,
	"line":   func(s string) string { return strings.Join(strings.Fields(s), " ") },
	"quote":  strconv.Quote,
	"text":   func(p miot.Property) bool { return p.Writable() && p.Format == miot.FormatString },
}).Parse(declarationTemplate))

// InitDeclaration writes a declaration to start from: what the spec says is
// filled in, the limits have the protocol's usual values, and what only the maker
// knows is left without a value, which [ReadDeclaration] asks for by name.
func InitDeclaration(spec *miot.Spec) ([]byte, error) {
	var model string
	if device, err := spec.URN(); err == nil {
		model = device.Model
	}
	var kinds struct{ Text, Notify, Events, Actions, Settings bool }
	for i := range spec.Services {
		s := &spec.Services[i]
		kinds.Events = kinds.Events || len(s.Events) > 0
		kinds.Actions = kinds.Actions || len(s.Actions) > 0
		for j := range s.Properties {
			p := &s.Properties[j]
			kinds.Notify = kinds.Notify || p.Notifies()
			kinds.Text = kinds.Text || p.Writable() && p.Format == miot.FormatString
			kinds.Settings = kinds.Settings || p.Writable() && p.Readable()
		}
	}
	var b bytes.Buffer
	err := declarationFile.Execute(&b, map[string]any{"Spec": spec, "Model": model, "Has": kinds})
	return b.Bytes(), err
}
