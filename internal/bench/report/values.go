package report

import (
	"fmt"
	"strconv"

	"github.com/proofmark/proofmark/miot"
)

// variety is how many values of one property take turns.
const variety = 16

// Property is one that a bench device reports, and the legal values it takes turns with, as JSON.
type Property struct {
	SIID, PIID int
	Values     [][]byte
}

// Of picks the notify properties of a spec that have values to choose from: bool, list, range.
func Of(spec *miot.Spec) ([]Property, error) {
	var properties []Property
	for _, service := range spec.Services {
		for _, property := range service.Properties {
			if values := legal(&property); property.Notifies() && len(values) > 0 {
				properties = append(properties, Property{service.IID, property.IID, values})
			}
		}
	}
	if len(properties) == 0 {
		return nil, fmt.Errorf("spec %q has no notify property with a bool, value-list or value-range: nothing to report", spec.Type)
	}
	return properties, nil
}

func legal(p *miot.Property) [][]byte {
	switch {
	case p.Format == miot.FormatBool:
		return [][]byte{[]byte("true"), []byte("false")}
	case len(p.List) > 0:
		var values [][]byte
		for _, item := range p.List[:min(len(p.List), variety)] {
			values = append(values, item.Value.Append(nil))
		}
		return values
	case p.Range == nil:
		return nil
	case p.Format == miot.FormatFloat:
		return floats(p.Range)
	default:
		return integers(p.Range)
	}
}

func integers(r *miot.Range) [][]byte {
	low, ok1 := r.Min.Int64()
	high, ok2 := r.Max.Int64()
	step, ok3 := r.Step.Int64()
	if !ok1 || !ok2 || !ok3 || step <= 0 {
		return nil
	}
	var values [][]byte
	for v := low; v <= high && len(values) < variety; v += step {
		values = append(values, strconv.AppendInt(nil, v, 10))
	}
	return values
}

func floats(r *miot.Range) [][]byte {
	low, ok1 := r.Min.Float64()
	high, ok2 := r.Max.Float64()
	step, ok3 := r.Step.Float64()
	if !ok1 || !ok2 || !ok3 || step <= 0 {
		return nil
	}
	var values [][]byte
	for i := 0; len(values) < variety && low+float64(i)*step <= high; i++ {
		values = append(values, strconv.AppendFloat(nil, low+float64(i)*step, 'f', -1, 32))
	}
	return values
}
