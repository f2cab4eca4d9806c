package target

import (
	"encoding/json"
	"fmt"

	"github.com/proofmark/proofmark/internal/bench/report"
	"github.com/proofmark/proofmark/miot"
)

// Sample is what the bench devices are: a product and what it reports.
type Sample struct {
	Document   json.RawMessage
	Model      string
	Properties []report.Property
	Readable   miot.PropertyRef // a bool, for commands that ask for it
}

// SampleOf reads a spec document; the sample air purifier when it is empty.
func SampleOf(document []byte) (Sample, error) {
	if len(document) == 0 {
		document = miot.Sample("air-purifier")
	}
	spec, err := miot.Parse(document)
	if err != nil {
		return Sample{}, fmt.Errorf("the spec of the bench devices: %w", err)
	}
	s := Sample{Document: document}
	if s.Properties, err = report.Of(spec); err != nil {
		return Sample{}, err
	}
	if urn, err := spec.URN(); err == nil {
		s.Model = urn.Model
	}
	for _, service := range spec.Services {
		for _, property := range service.Properties {
			if property.Readable() && property.Format == miot.FormatBool && s.Readable.PIID == 0 {
				s.Readable = miot.PropertyRef{SIID: service.IID, PIID: property.IID}
			}
		}
	}
	return s, nil
}
