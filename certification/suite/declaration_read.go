package suite

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// MaxDeclaration bounds a declaration file, in bytes.
const MaxDeclaration = 256 << 10

// ReadDeclaration reads a declaration from YAML or JSON, which YAML contains. A
// field that does not exist, that is there twice or that has no value is an
// error with its name and line: what nobody said must not count as "no". Whether
// what was said is right is for [Declaration.Validate].
func ReadDeclaration(data []byte) (*Declaration, error) {
	if len(data) > MaxDeclaration {
		return nil, fmt.Errorf("declaration: %d bytes, at most %d", len(data), MaxDeclaration)
	}
	var root yaml.Node
	if err := yaml.Unmarshal(data, &root); err != nil {
		return nil, explain(err, nil)
	}
	if root.Kind == 0 {
		return nil, errors.New("declaration: the file is empty; proofmark test --init writes one to start from")
	}
	if top := root.Content[0]; top.Kind != yaml.MappingNode {
		return nil, fmt.Errorf("declaration: line %d: needs fields and their values, such as model: aurora-lamp1", top.Line)
	}
	d := new(Declaration)
	dec := yaml.NewDecoder(bytes.NewReader(data))
	dec.KnownFields(true)
	if err := dec.Decode(d); err != nil {
		return nil, explain(err, root.Content[0])
	}
	if err := dec.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return nil, errors.New("declaration: the file holds a second document after ---; needs one")
	}
	if err := unsaid(root.Content[0]); err != nil {
		return nil, err
	}
	// It goes into the header of a transcript as JSON: .nan and dates do not.
	if _, err := json.Marshal(d); err != nil {
		return nil, fmt.Errorf("declaration: %w", err)
	}
	return d, nil
}

// unsaid finds the fields that every declaration has and this one leaves out.
// Those that may be left out carry omitempty.
func unsaid(top *yaml.Node) error {
	said := make(map[string]*yaml.Node)
	for i := 0; i+1 < len(top.Content); i += 2 {
		said[top.Content[i].Value] = top.Content[i+1]
	}
	var missing []error
	for _, f := range reflect.VisibleFields(reflect.TypeFor[Declaration]()) {
		name, options, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		v, ok := said[name]
		switch {
		case options == "omitempty":
		case !ok:
			missing = append(missing, fmt.Errorf("declaration: %s is missing", name))
		case v.Tag == "!!null":
			missing = append(missing, fmt.Errorf("declaration: line %d: %s has no value", v.Line, name))
		}
	}
	return errors.Join(missing...)
}

var (
	unknownField = regexp.MustCompile(`(line \d+): field (.+) not found in type .*`)
	wrongType    = regexp.MustCompile(`cannot unmarshal !!(\w+) (.*) into (\S+)`)
)

// yamlWords are what the decoder's names for types are to people.
var yamlWords = strings.NewReplacer("is no int", "is no whole number", "is no bool", "is neither true nor false",
	"is no string", "is no text", "is no []string", "is no list of texts", "is no []suite.", "is no list of ", "is no suite.", "is no ")

// explain says where and in words of the declaration what the decoder found.
func explain(err error, top *yaml.Node) error {
	var list *yaml.TypeError
	if !errors.As(err, &list) {
		return fmt.Errorf("declaration: %s", strings.TrimPrefix(err.Error(), "yaml: "))
	}
	var all []error
	for _, text := range list.Errors {
		if m := unknownField.FindStringSubmatch(text); m != nil {
			text = fmt.Sprintf("%s: no field is called %q", m[1], m[2])
		} else if name := fieldOf(text, top); name != "" {
			text = yamlWords.Replace(wrongType.ReplaceAllString(text, "$2 is no $3"))
			text = strings.Replace(text, ": ", ": "+name+": ", 1)
		}
		all = append(all, fmt.Errorf("declaration: %s", text))
	}
	return errors.Join(all...)
}

// fieldOf finds the field whose value the decoder did not take: its errors name
// lines only.
func fieldOf(text string, top *yaml.Node) string {
	for i := 0; i+1 < len(top.Content); i += 2 {
		one := &yaml.Node{Kind: yaml.MappingNode, Tag: top.Tag, Content: top.Content[i : i+2]}
		var list *yaml.TypeError
		if errors.As(one.Decode(new(Declaration)), &list) && slices.Contains(list.Errors, text) {
			return top.Content[i].Value
		}
	}
	return ""
}

// UnmarshalYAML reads a duration and says the line of one that is none.
func (d *Duration) UnmarshalYAML(n *yaml.Node) error {
	v, err := time.ParseDuration(n.Value)
	if err != nil {
		return &yaml.TypeError{Errors: []string{fmt.Sprintf("line %d: %q is no duration; write it with its unit, such as 30s or 2m", n.Line, n.Value)}}
	}
	*d = Duration(v)
	return nil
}
