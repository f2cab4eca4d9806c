package miot

import "testing"

var (
	oneItem = []byte(`{"id":5,"method":"properties_changed","params":[{"did":"aurora-00042","siid":3,"piid":1,"value":32}]}`)
	event   = []byte(`{"id":6,"method":"event_occured","params":{"did":"aurora-00042","siid":4,"eiid":1,"arguments":[{"piid":1,"value":3},{"piid":3,"value":1}]}}`)
)

func BenchmarkParseReport(b *testing.B) {
	tenItems := PropertiesChanged(7, func() (v []PropertyValue) {
		for i := range 10 {
			v = append(v, PropertyValue{DID: "aurora-00042", SIID: 3, PIID: i + 1, Value: IntValue(int64(i)).Raw()})
		}
		return v
	}())
	for _, c := range []struct {
		name, method string
		payload      []byte
	}{
		{"one item", MethodPropertiesChanged, oneItem},
		{"ten items", MethodPropertiesChanged, tenItems},
		{"event", MethodEventOccured, event},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(c.payload)))
			for b.Loop() {
				if _, err := ParseReport(c.method, c.payload); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkCheck(b *testing.B) {
	spec, err := Parse(Sample("air-purifier"))
	if err != nil {
		b.Fatal(err)
	}
	v, err := Compile(spec)
	if err != nil {
		b.Fatal(err)
	}
	for _, c := range []struct {
		name       string
		siid, piid int
		raw        string
	}{
		{"integer in range", 3, 1, "32"},
		{"integer in list", 2, 2, "2"},
		{"float on step", 3, 2, "22.299999"},
		{"bool", 2, 1, "true"},
		{"string", 5, 2, `"Kitchen"`},
		{"refused", 3, 1, "1000"},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			raw := []byte(c.raw)
			for b.Loop() {
				_, _ = v.CheckReport(c.siid, c.piid, raw)
			}
		})
	}
}

// BenchmarkIngest is what the gateway does with one report between the socket and the batcher, and the copy for the apps.
func BenchmarkIngest(b *testing.B) {
	spec, _ := Parse(Sample("air-purifier"))
	v, _ := Compile(spec)
	b.ReportAllocs()
	for b.Loop() {
		report, err := ParseReport(MethodPropertiesChanged, oneItem)
		if err != nil {
			b.Fatal(err)
		}
		for _, item := range report.Items {
			if _, bad := v.CheckReport(item.SIID, item.IID, item.Value); bad != nil {
				b.Fatal(bad)
			}
		}
	}
}
