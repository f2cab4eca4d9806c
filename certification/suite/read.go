package suite

import (
	"fmt"

	"github.com/proofmark/proofmark/miot"
)

func init() {
	register(
		// A readable property SHALL answer get_properties with code 0 and a value of
		// its format, inside its range or list and on its step, three times of three.
		&Case{
			ID: "READ-01", Version: 1, Requirement: "READ-01", Title: "Each readable property is read", Level: Mandatory,
			Hint: "Answer the value that the property holds now, as a JSON value of its format; round a measured value to the declared step.",
			Run:  read01,
		},
		// A batch SHALL answer every item, keyed by siid and piid.
		&Case{
			ID: "READ-02", Version: 1, Requirement: "READ-02", Title: "All readable properties at once", Level: Mandatory,
			Hint: "The result array has one entry per item of the request, in its order, each with did, siid, piid and code.",
			Run:  read02,
		},
		// A property without read access SHALL be refused, without a value.
		&Case{
			ID: "READ-03", Version: 1, Requirement: "READ-03", Title: "A property that is not readable is refused", Level: Mandatory,
			Hint: "Check the access list before answering: code -4001 and no value.",
			Run:  read03,
		},
		// An unknown siid or piid SHALL be answered NOT_FOUND, the rest still answered.
		&Case{
			ID: "READ-04", Version: 1, Requirement: "READ-04", Title: "An unknown property among known ones", Level: Mandatory,
			Hint: "Judge each item on its own: code -4003 for the unknown one, values for the others.",
			Run:  read04,
		},
		// A wrong did SHALL not yield values.
		&Case{
			ID: "READ-05", Version: 1, Requirement: "READ-05", Title: "A request for another did yields nothing", Level: Mandatory,
			Hint: "Compare the did of every item with the device's own (or a bound sub-device's): code -4007.",
			Run:  read05,
		},
		// Device-information SHALL equal the declaration.
		&Case{
			ID: "READ-06", Version: 1, Requirement: "READ-06", Title: "Device-information equals the declaration", Level: Mandatory,
			Hint: "Service 1 answers the model, the serial number and the firmware version that were declared.",
			Run:  read06,
		},
		// Reading SHALL have no effect.
		&Case{
			ID: "READ-07", Version: 1, Requirement: "READ-07", Title: "Reading changes nothing", Level: Mandatory,
			Hint: "get_properties must not write, and must not cause a report.",
			Run:  read07,
		},
	)
}

func read01(t *T) {
	t.Ready(ConnectLimit)
	for _, p := range t.Rules.Properties() {
		if !p.Readable {
			continue
		}
		t.Each(MemberName(p.SIID, p.PIID), func() {
			for range 3 {
				res := t.Get(t.Ref(p.SIID, p.PIID))[0]
				t.CheckValue(p, res)
			}
		})
	}
}

// CheckValue judges the result of reading a property.
func (t *T) CheckValue(p *miot.PropertyRule, res miot.ItemResult) {
	if !t.Check(res.Fault == "" && res.SIID == p.SIID && res.PIID == p.PIID, "a result for "+MemberName(p.SIID, p.PIID), describeItem(res), t.last) {
		return
	}
	if !t.Check(res.Code == miot.CodeDone, "code 0", "code "+res.Code.String(), t.last) {
		return
	}
	_, bad := p.Check(res.Value)
	if !t.Check(bad == nil, fmt.Sprintf("a value of %s", p.Name), violation(bad), t.last) {
		return
	}
	if advice := p.Warning(res.Value); advice != nil {
		t.Warnf("%s", advice.Message)
	}
}

func violation(v *miot.Violation) string {
	if v == nil {
		return ""
	}
	return v.Message
}

func describeItem(res miot.ItemResult) string {
	if res.Fault != "" {
		return res.Fault
	}
	return fmt.Sprintf("%s with code %s and value %s", MemberName(res.SIID, res.PIID), res.Code, clip(string(res.Value), 80))
}

func read02(t *T) {
	t.Ready(ConnectLimit)
	var refs []miot.PropertyRef
	for _, p := range t.Rules.Properties() {
		if p.Readable {
			refs = append(refs, t.Ref(p.SIID, p.PIID))
		}
	}
	if len(refs) == 0 {
		t.NotApplicable("the spec has no readable property")
	}
	for _, part := range t.split(refs) {
		for i, res := range t.Get(part...) {
			t.Check(
				res.SIID == part[i].SIID && res.PIID == part[i].PIID && res.Code == miot.CodeDone,
				fmt.Sprintf("result %d to be %s with code 0", i+1, MemberName(part[i].SIID, part[i].PIID)), describeItem(res), t.last,
			)
		}
	}
}

func read03(t *T) {
	t.Ready(ConnectLimit)
	found := false
	for _, p := range t.Rules.Properties() {
		if p.Readable {
			continue
		}
		found = true
		t.Each(MemberName(p.SIID, p.PIID), func() {
			mark := t.Wire
			res := t.Get(t.Ref(p.SIID, p.PIID))[0]
			want := []miot.Meaning{miot.MeaningNotReadable}
			if !p.Writable && !p.Notify {
				want = append(want, miot.MeaningNotFound) // an argument holds no value of its own
			}
			t.refused("reading "+label(p), itemReply(res, t.last), want...)
			t.Check(len(res.Value) == 0 || string(res.Value) == "null", "no value", "value "+clip(string(res.Value), 80), t.last)
			t.Alive(mark, 0)
		})
	}
	if !found {
		t.NotApplicable("every property of the spec is readable")
	}
}

func read04(t *T) {
	t.Ready(ConnectLimit)
	known, ok := t.AliveProperty()
	if !ok {
		t.NotApplicable("the spec has no readable property")
	}
	mark := t.Wire
	unknown := []struct {
		what       string
		siid, piid int
	}{
		{"an unknown piid", known.SIID, t.unusedPIID(known.SIID)},
		{"an unknown siid", t.unusedSIID(), 1},
	}
	for _, u := range unknown {
		t.Step("read %s between two known properties", u.what)
		results := t.Get(known, t.Ref(u.siid, u.piid), known)
		for _, i := range []int{0, 2} {
			t.Check(results[i].Code == miot.CodeDone, "code 0 for the known property beside "+u.what, describeItem(results[i]), t.last)
		}
		t.refused(u.what+" "+MemberName(u.siid, u.piid), itemReply(results[1], t.last), miot.MeaningNotFound)
	}
	t.Alive(mark, 0)
}

// unusedPIID and unusedSIID are iids that the spec does not have.
func (t *T) unusedPIID(siid int) int {
	for piid := 200; ; piid++ {
		if _, ok := t.Rules.Property(siid, piid); !ok {
			return piid
		}
	}
}

func (t *T) unusedSIID() int {
	for siid := 200; ; siid++ {
		if _, ok := t.Spec.Service(siid); !ok {
			return siid
		}
	}
}

func read05(t *T) {
	t.Ready(ConnectLimit)
	ref, ok := t.AliveProperty()
	if !ok {
		t.NotApplicable("the spec has no readable property")
	}
	mark := t.Wire
	ref.DID = t.OtherDID()
	r := t.Ask(miot.MethodGetProperties, miot.GetProperties(0, []miot.PropertyRef{ref}).Params)
	t.result.Checks++
	switch {
	case r.R == nil: // silence is allowed
	case r.R.Error != nil:
		t.Refused(r.R.Error.Code, miot.MeaningWrongDID)
	case len(r.R.Results) == 1:
		t.Check(len(r.R.Results[0].Value) == 0 || string(r.R.Results[0].Value) == "null", "no value for a foreign did", describeItem(r.R.Results[0]), r.Event)
		t.Refused(r.R.Results[0].Code, miot.MeaningWrongDID)
	default:
		t.Check(false, "a refusal or silence", r.describe(), r.Event)
	}
	t.Alive(mark, 0)
}

// OtherDID is a did that is not the device's.
func (t *T) OtherDID() string {
	if len(t.Header.DID) < 40 {
		return t.Header.DID + ".other"
	}
	return "other"
}

func read06(t *T) {
	t.Ready(ConnectLimit)
	d := t.Declaration
	for _, m := range []struct {
		name string
		want string
	}{{"model", d.Model}, {"serial-number", d.Serial}, {"firmware-revision", d.Firmware}} {
		p := t.informationProperty(m.name)
		if p == nil {
			t.Failf("device-information has no readable %s", m.name)
			continue
		}
		t.Each(MemberName(p.SIID, p.PIID), func() {
			res := t.Get(t.Ref(p.SIID, p.PIID))[0]
			v, err := miot.DecodeValue(res.Value)
			got, _ := v.Text()
			t.Check(err == nil && got == m.want, fmt.Sprintf("%s %q as declared", m.name, m.want), describeItem(res), t.last)
		})
	}
}

// informationProperty is a property of service 1 by its name.
func (t *T) informationProperty(name string) *miot.PropertyRule {
	for _, p := range t.Rules.Properties() {
		if p.SIID == 1 && p.Name == name && p.Readable {
			return p
		}
	}
	return nil
}

func read07(t *T) {
	t.Ready(ConnectLimit)
	// What moves by itself may be reported at any time: only still properties count.
	var still []*miot.PropertyRule
	for _, p := range t.Rules.Properties() {
		if p.Readable && !t.Declaration.Volatile(p) {
			still = append(still, p)
		}
	}
	if len(still) == 0 {
		t.NotApplicable("every readable property may change by itself")
	}
	t.quiet() // what earlier cases caused has been reported by now
	var caused *Event
	stop := t.Observe(func(e *Event) {
		for _, it := range e.reportedOf(t.Header.DID) {
			if p, ok := t.Rules.Property(it.SIID, it.IID); caused == nil && ok && !t.Declaration.Volatile(p) {
				caused = e
			}
		}
	})
	defer stop()
	before := t.Snapshot()
	for i := range 20 {
		p := still[i%len(still)]
		t.Get(t.Ref(p.SIID, p.PIID))
	}
	t.Unchanged(before, "20 reads")
	t.Idle(ReportLimit, nil)
	if caused != nil {
		t.Check(false, "no report of a property that was only read", caused.describe(), caused)
	}
}
