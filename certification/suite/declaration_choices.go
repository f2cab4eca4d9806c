package suite

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/proofmark/proofmark/miot"
)

// choices judges what the device does where the protocol leaves it a choice.
func (c *declarationCheck) choices() {
	c.members("deferred", c.Deferred, "writable property", (*miot.Property).Writable)
	c.members("rounds", c.Rounds, "writable number", func(p *miot.Property) bool { return p.Writable() && p.Format.Numeric() })
	text := func(p *miot.Property) bool { return p.Writable() && p.Format == miot.FormatString }
	for _, name := range inOrder(c.MaxString) {
		c.property("max_string", name, "writable string", text)
		c.between("max_string."+name, c.MaxString[name], 1, miot.MaxCommandBytes, "characters")
	}
	c.each(func(name string, p *miot.Property) {
		if _, ok := c.MaxString[name]; text(p) && !ok {
			c.find("max_string", "does not say how many characters %s %s keeps", name, p.Name())
		}
	})
	for i, e := range c.Exclusions {
		c.exclusion(fmt.Sprintf("exclusions[%d]", i), e)
	}
	if len(c.events()) == 0 && c.Outage == "" {
		return
	}
	c.oneOf("events_in_outage", c.Outage, "delivered", "lost")
	if c.Outage == "delivered" && !c.Timestamps {
		c.find("timestamps", "is false, but events_in_outage: delivered means with their original time")
	}
}

func (c *declarationCheck) exclusion(field string, e Exclusion) {
	if e.Action {
		c.actions(field, []string{e.Member})
	} else if c.property(field, e.Member, "writable property", (*miot.Property).Writable) != nil {
		if e.Value == nil {
			c.find(field, "does not say which value of %s is refused", e.Member)
		} else {
			c.value(field, e.Member, e.Value)
		}
	}
	if len(e.While) == 0 {
		c.find(field, "does not say in which state %s is refused", e.Member)
	}
	for _, name := range inOrder(e.While) {
		c.value(field+".while", name, e.While[name])
	}
}

// happenings judges how things are made to happen at the device.
func (c *declarationCheck) happenings() {
	c.oneOf("power", c.Power, "operator", "none")
	c.actions("observable_actions", c.Observable)
	c.each(func(name string, p *miot.Property) {
		if _, ok := c.LocalChanges[name]; p.Notifies() && !ok {
			c.find("local_changes", "does not say how %s %s is changed at the device (an empty text: it cannot be)", name, p.Name())
		}
	})
	for _, name := range inOrder(c.LocalChanges) {
		c.property("local_changes", name, "property with notify", (*miot.Property).Notifies)
	}
	events := c.events()
	for _, name := range events {
		if _, ok := c.Events[name]; !ok {
			c.find("events", "does not say how event %s is provoked", name)
		}
	}
	for _, name := range inOrder(c.Events) {
		siid, eiid, _ := splitMember(name)
		if _, ok := c.spec.Event(siid, eiid); !ok {
			c.find("events", "the spec has no event %s", name)
			continue
		}
		c.recipe("events."+name, c.Events[name])
	}
}

func (c *declarationCheck) recipe(field string, r Recipe) {
	ways := 0
	for _, given := range []bool{r.Do != "", len(r.Set) > 0, r.Call != "", r.Skip != ""} {
		if given {
			ways++
		}
	}
	if ways != 1 {
		c.find(field, "needs exactly one of do, set, call and cannot; it has %d", ways)
	}
	for _, name := range inOrder(r.Set) {
		c.value(field+".set", name, r.Set[name])
	}
	if r.Call == "" {
		return
	}
	c.actions(field+".call", []string{r.Call})
	siid, aiid, _ := splitMember(r.Call)
	if c.rules == nil {
		return
	}
	rule, ok := c.rules.Action(siid, aiid)
	if !ok {
		return
	}
	if args, err := json.Marshal(r.In); err == nil && r.In != nil {
		in, bad := rule.Arguments(args)
		if bad == nil {
			_, bad = rule.CheckArguments(in)
		}
		if bad != nil {
			c.find(field+".in", "%s", bad.Message)
		}
	} else if len(rule.Action.In) > 0 {
		c.find(field+".in", "is missing: action %s takes %d arguments", r.Call, len(rule.Action.In))
	}
}

var (
	declaredPort = regexp.MustCompile(`^(tcp|udp)/([1-9][0-9]{0,4})$`)
	hex64        = regexp.MustCompile(`^[0-9a-fA-F]{64}$`)
	hex32        = regexp.MustCompile(`^[0-9a-fA-F]{32}$`)
)

func (c *declarationCheck) security() {
	for _, p := range c.Ports {
		m := declaredPort.FindStringSubmatch(p)
		if m == nil {
			c.find("open_ports", "%q is no port, needs tcp/ or udp/ and a number, such as tcp/80", p)
		} else if n, _ := strconv.Atoi(m[2]); n > 65535 {
			c.find("open_ports", "%q is above 65535", p)
		}
	}
	c.said("factory_reset", c.FactoryReset, `"request" for miIO.restore, or what to press`)
	c.said("without_time", c.NoTime, "what the device does without a time source")
	c.said("disclosure_contact", c.Contact, "where somebody reports a vulnerability")
	c.said("debug_ports", c.DebugPorts, `"none" or a statement`)
	if _, err := time.Parse(time.DateOnly, c.SupportUntil); err != nil {
		c.find("support_until", "is %q, needs a date such as 2030-12-31", c.SupportUntil)
	}
	number := func(p *miot.Property) bool { return p.Readable() && p.Format.Numeric() }
	if c.FreeHeap != "" {
		c.property("free_heap", c.FreeHeap, "readable number", number)
	}
	if c.Uptime != "" {
		c.property("uptime", c.Uptime, "readable number", number)
	}
	if c.OTA != nil {
		c.ota(c.OTA)
	}
}

func (c *declarationCheck) ota(o *OTA) {
	c.said("ota.previous_version", o.Previous, "the version before this one")
	for _, image := range []struct {
		field, url string
		needed     bool
	}{
		{"ota.image", o.Image, true},
		{"ota.damaged_image", o.Damaged, false},
		{"ota.wrongly_signed_image", o.WrongKey, false},
		{"ota.older_image", o.Older, false},
		{"ota.untrusted_url", o.Untrusted, false},
		{"ota.redirect_url", o.Redirect, false},
		{"ota.untrusted_url", o.Untrusted, false},
		{"ota.redirect_url", o.Redirect, false},
	} {
		if (image.needed || image.url != "") && !strings.HasPrefix(image.url, "https://") {
			c.find(image.field, "is %q, needs a URL that begins with https://", image.url)
		}
	}
	for _, sum := range []struct{ field, image, md5 string }{
		{"ota.wrongly_signed_md5", o.WrongKey, o.WrongKeyMD5},
		{"ota.older_md5", o.Older, o.OlderMD5},
	} {
		// With another hash the image would be refused for that alone.
		if sum.image != "" && !hex32.MatchString(sum.md5) {
			c.find(sum.field, "is %q, needs the 32 hexadecimal digits of %s", sum.md5, sum.image)
		}
	}
	if !hex64.MatchString(o.SHA256) {
		c.find("ota.image_sha256", "is %q, needs 64 hexadecimal digits", o.SHA256)
	}
	for _, sum := range []struct{ field, md5, url string }{
		{"ota.image_md5", o.MD5, o.Image},
		{"ota.wrongly_signed_md5", o.WrongKeyMD5, o.WrongKey},
		{"ota.older_md5", o.OlderMD5, o.Older},
	} {
		if sum.url != "" && !hex32.MatchString(sum.md5) {
			c.find(sum.field, "is %q, needs 32 hexadecimal digits", sum.md5)
		}
	}
}

// each shows every property of the spec with its member name.
func (c *declarationCheck) each(see func(name string, p *miot.Property)) {
	for i := range c.spec.Services {
		s := &c.spec.Services[i]
		for j := range s.Properties {
			see(MemberName(s.IID, s.Properties[j].IID), &s.Properties[j])
		}
	}
}

// events are the member names of all events of the spec.
func (c *declarationCheck) events() []string {
	var names []string
	for i := range c.spec.Services {
		s := &c.spec.Services[i]
		for j := range s.Events {
			names = append(names, MemberName(s.IID, s.Events[j].IID))
		}
	}
	return names
}
