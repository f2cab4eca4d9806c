package suite

import (
	"slices"
	"testing"

	"github.com/proofmark/proofmark/miot"
)

// completed is a document as a maker would mend it before a submission: with the
// standard service 1, and without the faults of DECL-04 and DECL-06. What the
// virtual device is made of then is what the cases judge it by.
func completed(t *testing.T, spec *miot.Spec) *miot.Spec {
	t.Helper()
	s, err := miot.Parse(marshal(t, spec))
	if err != nil {
		t.Fatal(err)
	}
	if first, ok := s.Service(1); !ok || first.Name() != "device-information" {
		if ok {
			t.Fatalf("%s has another service 1: %s", s.Type, first.Type)
		}
		s.Services = slices.Insert(s.Services, 0, information(s))
	}
	for i := range s.Services {
		mend(&s.Services[i])
	}
	for _, f := range miot.Lint(s, miot.LintForCertification) {
		if f.Severity == miot.SeverityError && slices.Contains([]string{"DECL-02", "DECL-04", "DECL-06"}, f.Requirement) {
			t.Fatalf("%s is still not complete: %s", s.Type, f)
		}
	}
	return s
}

// information is the standard service 1, in the device's namespace.
func information(s *miot.Spec) miot.Service {
	device, err := s.URN()
	if err != nil {
		device = miot.URN{Namespace: "miot-spec-v2", Model: "proofmark-sample", Version: 1}
	}
	urn := func(kind miot.Kind, name, value string) string {
		u := device
		u.Kind, u.Name, u.Value, u.Template = kind, name, value, ""
		return u.String()
	}
	service := miot.Service{IID: 1, Type: urn(miot.KindService, "device-information", "00007801"), Description: "Device Information"}
	for i, p := range []struct{ name, value string }{
		{"manufacturer", "00000001"}, {"model", "00000002"}, {"serial-number", "00000003"}, {"firmware-revision", "00000005"},
	} {
		service.Properties = append(service.Properties, miot.Property{
			IID: i + 1, Type: urn(miot.KindProperty, p.name, p.value), Description: p.name,
			Format: miot.FormatString, Access: miot.Access{miot.AccessRead},
		})
	}
	return service
}

// mend removes arguments that name no property, and makes readable what has no
// access and is no argument.
func mend(s *miot.Service) {
	named := make(map[int]bool)
	known := func(piids []int) []int {
		return slices.DeleteFunc(slices.Clone(piids), func(piid int) bool {
			_, ok := s.Property(piid)
			named[piid] = true
			return !ok
		})
	}
	for i := range s.Actions {
		s.Actions[i].In, s.Actions[i].Out = known(s.Actions[i].In), known(s.Actions[i].Out)
	}
	for i := range s.Events {
		s.Events[i].Arguments = known(s.Events[i].Arguments)
	}
	for i := range s.Properties {
		p := &s.Properties[i]
		p.Access = slices.DeleteFunc(slices.Clone(p.Access), func(word string) bool {
			return word != miot.AccessRead && word != miot.AccessWrite && word != miot.AccessNotify
		})
		if len(p.Access) == 0 && !named[p.IID] {
			p.Access = miot.Access{miot.AccessRead}
		}
	}
}

// documents are all that a conforming device is tried with: the project's samples
// and, where they are at hand, the real ones, each completed.
func documents(t *testing.T) map[string]*miot.Spec {
	t.Helper()
	all := make(map[string]*miot.Spec)
	for _, name := range miot.SampleNames() {
		all[name] = sample(t, name)
	}
	for name, s := range realSpecsIfAny(t) {
		all[name] = completed(t, s)
	}
	return all
}
