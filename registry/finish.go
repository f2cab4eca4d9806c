package registry

import (
	"encoding/json"

	"github.com/proofmark/proofmark/internal/bus"
	"github.com/proofmark/proofmark/miot"
)

// finish answers every report of a stored batch, sender by sender so that
// acknowledgements can be written together, and then tells who watches.
func (q *ingest) finish(p *plan) {
	c := &q.reg.Counters
	for i := range p.senders {
		reports := p.senders[i].reports
		for j, in := range reports {
			out := Outcome{Repeat: in.repeat, More: j < len(reports)-1}
			if in.repeat {
				c.Repeats.Add(1)
			} else {
				c.Reports.Add(1)
				c.Items.Add(int64(len(in.report.Items)))
				c.Refused.Add(int64(len(in.refused)))
				out.Errors = in.errors()
				q.reg.field.saw(in)
			}
			in.done(out)
		}
	}
	for i := range p.senders {
		s := &p.senders[i]
		s.live.forgetWishes(p.ended)
		for _, in := range s.reports {
			if !in.repeat {
				q.reg.announceReport(in)
			}
		}
	}
}

// Changed is the event device.<did>.changed: what a device reported and the
// gateway accepted, for apps, event streams and other nodes.
type Changed struct {
	DID    string        `json:"did"`
	Parent string        `json:"parent,omitempty"`
	Method string        `json:"method"`
	At     int64         `json:"at"` // Unix ms
	Items  []ChangedItem `json:"items"`
}

// ChangedItem is one value or event of a [Changed].
type ChangedItem struct {
	SIID      int             `json:"siid"`
	IID       int             `json:"iid"`
	Value     json.RawMessage `json:"value,omitempty"`
	Arguments json.RawMessage `json:"arguments,omitempty"`
}

// Violated is the event device.<did>.violation: an item that was refused.
type Violated struct {
	DID     string    `json:"did"`
	At      int64     `json:"at"` // Unix ms
	SIID    int       `json:"siid,omitempty"`
	IID     int       `json:"iid,omitempty"`
	Rule    string    `json:"rule"`
	Code    miot.Code `json:"code"`
	Message string    `json:"message"`
}

func (r *Registry) announceReport(in *arrived) {
	items := in.report.Items
	for len(items) > 0 {
		did := items[0].DID
		n := 1
		for n < len(items) && items[n].DID == did {
			n++
		}
		in.live.reached(in.known, did)
		r.announceItems(in, did, items[:n])
		items = items[n:]
	}
	for i := range in.refused {
		b := &in.refused[i]
		if b.rule == ruleStorage {
			continue
		}
		in.live.reached(in.known, b.did) // a wrong value comes from a device that can be reached
		r.announce(b.did, "violation", func() any {
			return Violated{
				DID: b.did, At: in.at.UnixMilli(), SIID: b.siid, IID: b.iid,
				Rule: b.rule, Code: b.answer.Code, Message: b.answer.Message,
			}
		})
	}
}

func (r *Registry) announceItems(in *arrived, did string, items []Item) {
	subject := in.live.changed
	if did != in.live.did {
		subject = subjectOf(did, "changed")
	}
	r.publish(subject, func() any {
		c := Changed{DID: did, Method: in.report.Method, At: in.report.At.UnixMilli(), Items: make([]ChangedItem, len(items))}
		if did != in.live.did {
			c.Parent = in.live.did
		}
		for i, it := range items {
			c.Items[i] = ChangedItem{SIID: it.SIID, IID: it.IID, Value: it.Value, Arguments: it.Arguments}
		}
		return c
	})
}

// subjectOf is device.<did>.<kind>.
func subjectOf(did, kind string) string { return "device." + bus.Token(did) + "." + kind }

// announce publishes device.<did>.<kind>.
func (r *Registry) announce(did, kind string, event func() any) {
	r.publish(subjectOf(did, kind), event)
}

// publish makes the event only when somebody may listen.
func (r *Registry) publish(subject string, event func() any) {
	if !r.bus.Wanted(subject) {
		return
	}
	b, err := json.Marshal(event())
	if err == nil {
		err = r.bus.Publish(subject, b)
	}
	if err != nil {
		r.log.Warn("event not published", "subject", subject, "err", err)
	}
}
