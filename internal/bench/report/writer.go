package report

import (
	"math/rand/v2"

	"github.com/proofmark/proofmark/miot"
)

// Topic is where a device reports (protocol §4).
func Topic(did string) string { return "device/" + did + "/up/properties_changed" }

// Report is one report of one property.
type Report struct {
	ID         int64
	SIID, PIID int
	Value      []byte
	TS         int64 // Unix milliseconds; 0 leaves the time to the receiver
}

// Writer makes the reports of one device, in turn over its properties and their values.
type Writer struct {
	did        string
	properties []Property
	next       int64 // the next report's id
	count      int
}

// NewWriter begins at a random report id, as a device does at each boot.
func NewWriter(did string, properties []Property) *Writer {
	return &Writer{did: did, properties: properties, next: rand.Int64N(1 << 30)}
}

// Next is the next report.
func (w *Writer) Next(ts int64) Report {
	p := w.properties[w.count%len(w.properties)]
	report := Report{
		ID: w.next, SIID: p.SIID, PIID: p.PIID, TS: ts,
		Value: p.Values[w.count/len(w.properties)%len(p.Values)],
	}
	w.next++
	w.count++
	return report
}

// Payload is the message of a report of this device, the same bytes each time: a repeat is told by them.
func (w *Writer) Payload(r Report) []byte {
	values := []miot.PropertyValue{{DID: w.did, SIID: r.SIID, PIID: r.PIID, Value: r.Value}}
	if r.TS == 0 {
		return miot.PropertiesChanged(r.ID, values)
	}
	return miot.PropertiesChangedAt(r.ID, r.TS, values)
}
