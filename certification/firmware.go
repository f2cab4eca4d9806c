package certification

import (
	"fmt"
	"slices"
	"time"
)

// firmwareRules refuse firmware for delivered devices.
var firmwareRules = []Rule{
	{"firmware-uncertified", "Outside the bench runs only firmware whose hash and version stand in an active certificate of its model; what is rolled back to may stand in one that was superseded."},
}

// AdmitFirmware is the judgement whether an image may be brought to delivered
// devices, of facts alone: the certificate by which it may, or why none does.
func AdmitFirmware(certificates []Certificate, org string, f Firmware, hardware []string, back bool, now time.Time) (Certificate, error) {
	why := fmt.Sprintf("no certificate of organisation %s names the image %s", org, f.SHA256)
	for _, c := range slices.Backward(certificates) {
		if c.Org != org {
			continue
		}
		n := slices.IndexFunc(c.Firmware, func(own Firmware) bool { return own.SHA256 == f.SHA256 })
		if n < 0 {
			continue
		}
		switch {
		case c.Firmware[n].Version != f.Version:
			why = fmt.Sprintf("certificate %s names the image %s as version %s, the manifest says %s", c.Serial, f.SHA256, c.Firmware[n].Version, f.Version)
		case c.State != Active && (!back || c.State != Superseded):
			why = fmt.Sprintf("certificate %s, which names the image %s, is %s", c.Serial, f.SHA256, c.State)
		case c.State == Active && !c.ExpiresAt.After(now):
			why = fmt.Sprintf("certificate %s, which names the image %s, expired on %s", c.Serial, f.SHA256, day(c.ExpiresAt))
		default:
			if i := slices.IndexFunc(hardware, func(h string) bool { return !slices.Contains(c.Hardware, h) }); i >= 0 {
				why = fmt.Sprintf("certificate %s is not for hardware revision %s, which the manifest names", c.Serial, hardware[i])
				continue
			}
			return c, nil
		}
	}
	return Certificate{}, Refuse(ErrState, "firmware-uncertified", "%s", why)
}
