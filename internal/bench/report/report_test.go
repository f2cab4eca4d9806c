package report

import (
	"testing"

	"github.com/proofmark/proofmark/miot"
)

func TestEveryValueOfEverySampleIsLegal(t *testing.T) {
	for _, name := range miot.SampleNames() {
		spec, err := miot.Parse(miot.Sample(name))
		if err != nil {
			t.Fatal(err)
		}
		properties, err := Of(spec)
		if err != nil {
			t.Fatal(err)
		}
		validator, err := miot.Compile(spec)
		if err != nil {
			t.Fatal(err)
		}
		writer := NewWriter("d", properties)
		for range len(properties) * variety {
			payload := writer.Payload(writer.Next(0))
			report, err := miot.ParseReport(miot.MethodPropertiesChanged, payload)
			if err != nil {
				t.Fatalf("%s: %s: %v", name, payload, err)
			}
			for _, item := range report.Items {
				if _, v := validator.CheckReport(item.SIID, item.IID, item.Value); v != nil {
					t.Errorf("%s: %s: %v", name, payload, v)
				}
			}
		}
	}
}

func TestReportIDsCountUpAndARepeatIsTheSameBytes(t *testing.T) {
	writer := NewWriter("d", []Property{{2, 1, [][]byte{[]byte("true"), []byte("false")}}})
	first, second := writer.Next(5), writer.Next(6)
	if second.ID != first.ID+1 || string(first.Value) == string(second.Value) {
		t.Errorf("%+v is followed by %+v; want the next id and the next value", first, second)
	}
	payload := string(writer.Payload(first))
	if repeat := string(writer.Payload(first)); repeat != payload {
		t.Errorf("a report is sent as %s, and again as %s", payload, repeat)
	}
}
