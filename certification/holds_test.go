package certification_test

import (
	"strings"
	"testing"
	"time"

	"github.com/proofmark/proofmark/certification"
)

// A certificate holds while it is active and its last day has not passed, whether or
// not the programme's clock has said so.
func TestWhatHoldsNow(t *testing.T) {
	eachOffice(t, func(t *testing.T, o *office) {
		r := newRegistrar(o)
		c := r.issued(t)
		holds := func(org, want string) {
			t.Helper()
			got, err := r.gate.Holds(ctx, org, c.Model)
			if want == "" && (err != nil || got.Serial != c.Serial) || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
				t.Errorf("%s, %v: want %q", got.Serial, err, want)
			}
			firmware, hardware := c.Firmware[0], c.Hardware[:1]
			if _, err := certification.AdmitFirmware([]certification.Certificate{c}, org, firmware, hardware, false, r.now); (err == nil) != (want == "") {
				t.Errorf("firmware: %v, want %q", err, want)
			}
		}
		holds(c.Org, "")
		holds("org_other", "has no certificate")
		c = get(r.Suspend(ctx, ann, c.Serial, c.Rev, why))(t)
		r.gate.Forget()
		holds(c.Org, "is suspended")
		c = get(r.Reinstate(ctx, ben, c.Serial, c.Rev, "the timer ends now"))(t)
		r.gate.Forget()
		holds(c.Org, "")
		r.now = c.ExpiresAt.Add(time.Microsecond) // and nothing has ticked
		holds(c.Org, "expired on")
	})
}
