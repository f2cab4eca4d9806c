package broker

import (
	"strconv"
	"strings"

	"github.com/mochi-mqtt/server/v2/packets"

	"github.com/proofmark/proofmark/registry"
)

// filter is an app's subscription, taken apart: which of the three kinds of topic
// of one device it matches, and which service and property or event.
type filter struct {
	text                    string
	did                     string
	properties, events, own bool // own: device/{did}/state
	siid, iid               int  // 0: any
	qos                     byte
}

// anyNumber stands for a siid, piid or eiid in a topic's form.
const anyNumber = ""

var (
	propertyTopic = []string{"up", registry.MethodProperties, anyNumber, anyNumber}
	eventTopic    = []string{"up", registry.MethodEvent, anyNumber, anyNumber}
	stateTopic    = []string{"state"}
)

// parseFilter refuses with a reason code: 0x8F for what MQTT forbids, 0x9E for a
// shared subscription, 0x87 for a filter with a wildcard where the did belongs or
// for topics that apps do not get.
func parseFilter(text string) (filter, packets.Code) {
	if strings.HasPrefix(text, "$share/") {
		return filter{}, packets.ErrSharedSubscriptionsNotSupported
	}
	if !validFilter(text) {
		return filter{}, packets.ErrTopicFilterInvalid
	}
	levels := strings.Split(text, "/")
	if len(levels) < 3 || levels[0] != "device" || !validDID(levels[1]) {
		return filter{}, packets.ErrNotAuthorized
	}
	f := filter{text: text, did: levels[1]}
	tail := levels[2:]
	f.own = f.covers(stateTopic, tail)
	f.properties = f.covers(propertyTopic, tail)
	f.events = f.covers(eventTopic, tail)
	if !f.own && !f.properties && !f.events {
		return filter{}, packets.ErrNotAuthorized
	}
	return f, packets.CodeSuccess
}

// validFilter is MQTT's own rule for wildcards.
func validFilter(text string) bool {
	levels := strings.Split(text, "/")
	for i, l := range levels {
		hash := strings.Contains(l, "#") && (l != "#" || i < len(levels)-1)
		plus := strings.Contains(l, "+") && l != "+"
		if hash || plus {
			return false
		}
	}
	return text != ""
}

// covers tells whether the filter's tail matches topics of this form, and notes
// the numbers it asks for.
func (f *filter) covers(form, tail []string) bool {
	numbers := []*int{&f.siid, &f.iid}
	for i, l := range tail {
		switch {
		case l == "#": // also matches its parent level
			return true
		case i >= len(form):
			return false
		case form[i] == anyNumber:
			n, err := strconv.Atoi(l)
			if l != "+" && (err != nil || n < 1 || strconv.Itoa(n) != l) {
				return false
			}
			*numbers[i-2] = n
		case l != "+" && l != form[i]:
			return false
		}
	}
	return len(tail) == len(form)
}

func (f *filter) matches(event bool, siid, iid int) bool {
	return (event && f.events || !event && f.properties) &&
		(f.siid == 0 || f.siid == siid) && (f.iid == 0 || f.iid == iid)
}
