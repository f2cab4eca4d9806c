package miot

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// Kind is the third segment of a URN: what the type describes.
type Kind string

// The kinds of things a spec document names.
const (
	KindDevice   Kind = "device"
	KindService  Kind = "service"
	KindProperty Kind = "property"
	KindAction   Kind = "action"
	KindEvent    Kind = "event"
)

// URN is a parsed type such as urn:miot-spec-v2:property:on:00000006:aurora-pure1:1.
type URN struct {
	Namespace string
	Kind      Kind
	Name      string // may hold dots: pm2.5-density
	Value     string // 8 hex digits, in the case they were written in
	Model     string // vendor-product
	Version   int    // ≥ 1
	Template  string // 8 upper-case hex digits, or empty
}

// urnForm is the expression of §1.
var urnForm = regexp.MustCompile(`^urn:([a-z0-9-]+):(device|service|property|action|event):([a-z0-9][a-z0-9.-]*):` +
	`([0-9A-Fa-f]{8}):([a-z0-9]+(?:-[a-z0-9_.]+)*):([1-9][0-9]*)(?::([0-9A-F]{8}))?$`)

const maxURN = 512

// ParseURN reads a type by the expression of §1.
func ParseURN(text string) (URN, error) {
	if len(text) > maxURN {
		return URN{}, fmt.Errorf("urn of %d bytes is longer than %d", len(text), maxURN)
	}
	part := urnForm.FindStringSubmatch(text)
	if part == nil {
		return URN{}, fmt.Errorf("urn %q is not urn:<namespace>:<kind>:<name>:<8 hex>:<vendor-product>:<version>[:<template>]", text)
	}
	version, err := strconv.ParseInt(part[6], 10, 32)
	if err != nil {
		return URN{}, fmt.Errorf("urn %q: version %s is too large", text, part[6])
	}
	return URN{
		Namespace: part[1], Kind: Kind(part[2]), Name: part[3], Value: part[4],
		Model: part[5], Version: int(version), Template: part[7],
	}, nil
}

// String writes the URN as it was read.
func (u URN) String() string {
	s := "urn:" + u.Namespace + ":" + string(u.Kind) + ":" + u.Name + ":" + u.Value + ":" + u.Model + ":" + strconv.Itoa(u.Version)
	if u.Template != "" {
		s += ":" + u.Template
	}
	return s
}

// Same tells whether both name the same type, whatever the model and version that use it.
func (u URN) Same(other URN) bool {
	return u.Namespace == other.Namespace && u.Kind == other.Kind && u.Name == other.Name &&
		strings.EqualFold(u.Value, other.Value)
}

// nameOf is the short name of a type for people: its URN's name, or the raw text where it is no URN.
func nameOf(text string) string {
	if u, err := ParseURN(text); err == nil {
		return u.Name
	}
	return text
}
