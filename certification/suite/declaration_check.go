package suite

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/proofmark/proofmark/miot"
)

// Problem is one thing that is missing in a declaration or contradicts the spec.
type Problem struct {
	Field   string // as it is written: "events.2.1"
	Message string
}

func (p Problem) String() string { return p.Field + ": " + p.Message }

// Validate judges a declaration against the spec of the device: complete, within
// the protocol's limits, and naming nothing that the spec does not have. Nil
// means that DECL-07 passes.
func (d *Declaration) Validate(spec *miot.Spec) []Problem {
	c := &declarationCheck{Declaration: d, spec: spec}
	// A document that says two things about one iid has no rules: DECL-03 says
	// so, and values are left unjudged here.
	c.rules, _ = miot.Compile(spec)
	c.device()
	c.connection()
	c.care()
	c.choices()
	c.happenings()
	c.security()
	return c.problems
}

// declarationCheck collects problems.
type declarationCheck struct {
	*Declaration
	spec     *miot.Spec
	rules    *miot.Validator
	problems []Problem
}

func (c *declarationCheck) find(field, format string, args ...any) {
	c.problems = append(c.problems, Problem{field, fmt.Sprintf(format, args...)})
}

// said finds a text that is not there.
func (c *declarationCheck) said(field, text, what string) {
	if strings.TrimSpace(text) == "" {
		c.find(field, "is missing: %s", what)
	}
}

func (c *declarationCheck) between(field string, v, low, high int, unit string) {
	if v < low || v > high {
		c.find(field, "is %d %s, needs %d to %d", v, unit, low, high)
	}
}

func (c *declarationCheck) oneOf(field, v string, allowed ...string) {
	if !slices.Contains(allowed, v) {
		c.find(field, "is %q, needs %s", v, strings.Join(allowed, " or "))
	}
}

func (c *declarationCheck) device() {
	c.said("model", c.Model, "the vendor-product of the device type")
	if device, err := c.spec.URN(); err == nil && c.Model != "" && c.Model != device.Model {
		c.find("model", "is %q, the spec says %q", c.Model, device.Model)
	}
	c.said("serial", c.Serial, "what serial-number 1.3 answers")
	c.said("firmware", c.Firmware, "what firmware-revision 1.4 answers")
}

func (c *declarationCheck) connection() {
	c.oneOf("mqtt", c.MQTT, "3.1.1", "5.0")
	c.between("keep_alive", c.KeepAlive, 10, 300, "s")
	if boot := time.Duration(c.BootTime); boot <= 0 || boot > time.Minute {
		c.find("boot_time", "is %v, needs more than 0s and at most 1m0s", boot)
	}
	c.between("max_payload", c.MaxPayload, miot.MinCommandBytes, miot.MaxCommandBytes, "bytes")
	c.between("max_items", c.MaxItems, 1, miot.MaxCommandItems, "items")
	if least := time.Duration(c.MinReport); least < time.Second {
		c.find("min_report_interval", "is %v, needs 1s or more", least)
	}
}

// care judges the lists of members that are treated specially.
func (c *declarationCheck) care() {
	c.members("unsafe_properties", c.UnsafeProperties, "writable property", (*miot.Property).Writable)
	c.actions("unsafe_actions", c.UnsafeActions)
	c.members("volatile", c.VolatileMembers, "property", func(*miot.Property) bool { return true })
	c.members("stable", c.StableMembers, "readable property that is not writable", func(p *miot.Property) bool { return p.Readable() && !p.Writable() })
	c.members("persistent", c.Persistent, "property that is readable and writable", func(p *miot.Property) bool { return p.Readable() && p.Writable() })
	for _, name := range c.StableMembers {
		if slices.Contains(c.VolatileMembers, name) {
			c.find("stable", "names %s, which volatile names too", name)
		}
	}
	for _, name := range c.Persistent {
		if slices.Contains(c.UnsafeProperties, name) {
			c.find("persistent", "names %s, which unsafe_properties forbids to write", name)
		}
	}
}

// members judges a list of properties.
func (c *declarationCheck) members(field string, names []string, kind string, fits func(*miot.Property) bool) {
	seen := make(map[string]bool)
	for _, name := range names {
		if seen[name] {
			c.find(field, "names %s twice", name)
		}
		seen[name] = true
		c.property(field, name, kind, fits)
	}
}

// property finds what a member name stands for, or says that it is none of the kind.
func (c *declarationCheck) property(field, name, kind string, fits func(*miot.Property) bool) *miot.Property {
	siid, piid, ok := splitMember(name)
	if !ok {
		c.find(field, "%q is no member, needs siid.piid such as 2.1", name)
		return nil
	}
	p, ok := c.spec.Property(siid, piid)
	if !ok || !fits(p) {
		c.find(field, "the spec has no %s %s", kind, name)
		return nil
	}
	return p
}

func (c *declarationCheck) actions(field string, names []string) {
	for _, name := range names {
		if siid, aiid, ok := splitMember(name); !ok {
			c.find(field, "%q is no member, needs siid.aiid such as 2.1", name)
		} else if _, ok := c.spec.Action(siid, aiid); !ok {
			c.find(field, "the spec has no action %s", name)
		}
	}
}

// value judges a value that a property is to have.
func (c *declarationCheck) value(field, name string, v any) {
	p := c.property(field, name, "property", func(*miot.Property) bool { return true })
	if p == nil || c.rules == nil {
		return
	}
	siid, piid, _ := splitMember(name)
	rule, _ := c.rules.Property(siid, piid)
	raw, err := json.Marshal(v)
	if err != nil {
		c.find(field, "the value of %s is no JSON value: %v", name, err)
	} else if _, bad := rule.Check(raw); bad != nil {
		c.find(field, "%s", bad.Message)
	}
}

var memberName = regexp.MustCompile(`^([1-9][0-9]{0,8})\.([1-9][0-9]{0,8})$`)

func splitMember(name string) (siid, iid int, ok bool) {
	m := memberName.FindStringSubmatch(name)
	if m == nil {
		return 0, 0, false
	}
	siid, _ = strconv.Atoi(m[1])
	iid, _ = strconv.Atoi(m[2])
	return siid, iid, true
}

// inOrder are the keys of a map as people count.
func inOrder[V any](m map[string]V) []string {
	return slices.SortedFunc(maps.Keys(m), func(a, b string) int {
		as, ai, _ := splitMember(a)
		bs, bi, _ := splitMember(b)
		if as != bs {
			return as - bs
		}
		if ai != bi {
			return ai - bi
		}
		return strings.Compare(a, b)
	})
}
