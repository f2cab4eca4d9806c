package store

import (
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/proofmark/proofmark/internal/store/micros"
	"github.com/proofmark/proofmark/registry"
)

// The body of a report row is the chunk's reports as compact JSON:
//
//	[{"i":5,"f":"9ae16a3b2f90404f","t":1763712000000000,
//	  "v":[{"s":3,"p":6,"v":32},{"s":8,"p":1,"a":[{"piid":1,"value":3}]}]}]
//
//	i  id            f  fingerprint in hex; left out when 0
//	t  value time, Unix µs; 0 is the zero time
//	m  method; left out for properties_changed, "e" for event_occured
//	q  quality; left out when good
//	v  items: s siid, p iid, v value, a arguments, d did where it is not the chunk's
//
// Values and arguments stand there byte for byte as the device sent them, so
// that 64-bit integers, the digits of floats and \u escapes survive.

const eventCode = "e"

type reportBody struct {
	ID          int64       `json:"i"`
	Fingerprint string      `json:"f"`
	At          micros.Time `json:"t"`
	Method      string      `json:"m"`
	Quality     string      `json:"q"`
	Items       []itemBody  `json:"v"`
}

type itemBody struct {
	DID       string          `json:"d"`
	SIID      int             `json:"s"`
	IID       int             `json:"p"`
	Value     json.RawMessage `json:"v"`
	Arguments json.RawMessage `json:"a"`
}

// appendChunk writes by hand what reportBody reads: this runs for every report,
// and encoding/json would cost more than storing it.
func appendChunk(b []byte, c *registry.Chunk) []byte {
	b = append(b, '[')
	for i := range c.Reports {
		r := &c.Reports[i]
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, `{"i":`...)
		b = strconv.AppendInt(b, r.ID, 10)
		if r.Fingerprint != 0 {
			b = append(b, `,"f":"`...)
			b = strconv.AppendUint(b, r.Fingerprint, 16)
			b = append(b, '"')
		}
		b = append(b, `,"t":`...)
		b = strconv.AppendInt(b, int64(micros.Of(r.At)), 10)
		switch r.Method {
		case registry.MethodProperties:
		case registry.MethodEvent:
			b = append(b, `,"m":"`+eventCode+`"`...)
		default:
			b = appendString(append(b, `,"m":`...), r.Method)
		}
		if r.Quality != registry.QualityGood {
			b = appendString(append(b, `,"q":`...), string(r.Quality))
		}
		b = append(b, `,"v":[`...)
		for j := range r.Items {
			if j > 0 {
				b = append(b, ',')
			}
			b = appendItem(b, &r.Items[j], c.DID)
		}
		b = append(b, "]}"...)
	}
	return append(b, ']')
}

func appendItem(b []byte, it *registry.Item, did string) []byte {
	b = append(b, `{"s":`...)
	b = strconv.AppendInt(b, int64(it.SIID), 10)
	b = append(b, `,"p":`...)
	b = strconv.AppendInt(b, int64(it.IID), 10)
	if it.DID != did {
		b = appendString(append(b, `,"d":`...), it.DID)
	}
	if len(it.Value) > 0 {
		b = append(append(b, `,"v":`...), it.Value...)
	}
	if len(it.Arguments) > 0 {
		b = append(append(b, `,"a":`...), it.Arguments...)
	}
	return append(b, '}')
}

func appendString(b []byte, s string) []byte {
	quoted, _ := json.Marshal(s) // a string always can be
	return append(b, quoted...)
}

// parseChunk reads a body back; did is the row's.
func parseChunk(did, body string) ([]registry.Report, error) {
	var stored []reportBody
	if err := json.Unmarshal([]byte(body), &stored); err != nil {
		return nil, fmt.Errorf("stored reports of device %s: %w", did, err)
	}
	reports := make([]registry.Report, len(stored))
	for i, s := range stored {
		r := registry.Report{
			ID: s.ID, Method: registry.MethodProperties, At: s.At.Time(), Quality: registry.QualityGood,
		}
		if s.Fingerprint != "" {
			f, err := strconv.ParseUint(s.Fingerprint, 16, 64)
			if err != nil {
				return nil, fmt.Errorf("stored reports of device %s: fingerprint: %w", did, err)
			}
			r.Fingerprint = f
		}
		if s.Method == eventCode {
			r.Method = registry.MethodEvent
		} else if s.Method != "" {
			r.Method = s.Method
		}
		if s.Quality != "" {
			r.Quality = registry.Quality(s.Quality)
		}
		for _, it := range s.Items {
			item := registry.Item{DID: did, SIID: it.SIID, IID: it.IID, Value: it.Value, Arguments: it.Arguments}
			if it.DID != "" {
				item.DID = it.DID
			}
			r.Items = append(r.Items, item)
		}
		reports[i] = r
	}
	return reports, nil
}
