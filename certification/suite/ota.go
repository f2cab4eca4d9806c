package suite

import (
	"fmt"
	"strings"

	"github.com/proofmark/proofmark/miot"
)

func init() {
	register(
		// The reported firmware version SHALL be that of the submitted image.
		&Case{
			ID: "OTA-01", Version: 1, Requirement: "OTA-01", Title: "The version is that of the submitted image", Level: Mandatory,
			Hint: "firmware-revision 1.4 and fw_ver of miIO.info come from the image itself, written there as it is built.",
			Run:  ota01,
		},
		// An update SHALL reach the new version within 10 min and keep binding and settings.
		&Case{
			ID: "OTA-02", Version: 1, Requirement: "OTA-02", Title: "An update keeps binding and settings", Level: Conditional,
			Needs: Needs{Hand: true},
			Hint:  "Settings and the login secret live in a partition that the update does not touch; a new layout migrates the old one.",
			Run:   ota02,
		},
		// A damaged image SHALL be refused with an error, and the old version keep running.
		&Case{
			ID: "OTA-03", Version: 1, Requirement: "OTA-03", Title: "A damaged image is refused", Level: Conditional,
			Hint: "Compare the hash of what was downloaded with file_sha256 and file_md5 before anything is switched over; then answer failed.",
			Run: func(t *T) {
				o := t.updates()
				t.refusesImage("damaged_image", offer{url: o.Damaged, md5: o.MD5, sha256: o.SHA256})
			},
		},
		// A wrongly signed image SHALL be refused with an error, and the old version keep running.
		&Case{
			ID: "OTA-04", Version: 1, Requirement: "OTA-04", Title: "A wrongly signed image is refused", Level: Conditional,
			Hint: "Verify the image's signature with a key that came with the running firmware: hashes guard against damage only.",
			Run: func(t *T) {
				o := t.updates()
				t.refusesImage("wrongly_signed_image", offer{url: o.WrongKey, md5: o.WrongKeyMD5})
			},
		},
		// A downgrade below the security floor SHALL be refused, or handled by the declared policy.
		&Case{
			ID: "OTA-05", Version: 1, Requirement: "OTA-05", Title: "A downgrade is refused, or handled as declared", Level: Conditional,
			Hint: "Keep the oldest version that may run in a place that only grows (fuses, a counter), and compare before installing.",
			Run:  ota05,
		},
		// A power cut during an update SHALL NOT brick the device.
		&Case{
			ID: "OTA-06", Version: 1, Requirement: "OTA-06", Title: "A power cut does not brick it", Level: Conditional,
			Needs: Needs{Hand: true},
			Hint:  "Write to a second slot and switch over by one atomic write; the boot loader goes back when the new slot does not come up.",
			Run:   ota06,
		},
		// An update SHALL survive the loss of the network: it ends on the new version.
		&Case{
			ID: "OTA-07", Version: 1, Requirement: "OTA-07", Title: "An update survives the loss of the network", Level: Conditional,
			Needs: Needs{Hand: true},
			Hint:  "Try a download that broke off again, by a range request where the server takes one, for a quarter of an hour at least.",
			Run:   ota07,
		},
		// A download SHALL be refused unless its TLS is validated all the way.
		&Case{
			ID: "OTA-08", Version: 1, Requirement: "OTA-08", Title: "A download is validated by TLS", Level: Conditional,
			Hint: "Verify the server's chain and name, and follow no redirect from https to http.",
			Run:  ota08,
		},
	)
}

// ota01 also binds the image's hash, which the certificate names: equal strings do
// not prove it.
func ota01(t *T) {
	hash := t.Submission.FirmwareSHA256
	if hash == "" {
		t.Skip("no image was submitted, so there is no hash for the certificate (READ-06 and LIFE-02 compare the version)")
	}
	t.Ready(ConnectLimit)
	t.Check(hex64.MatchString(hash), "the SHA-256 of the submitted image, 64 hexadecimal digits", quoted(hash))
	if o := t.Declaration.OTA; o != nil {
		t.Check(strings.EqualFold(o.SHA256, hash), "the declaration's ota.image_sha256 to be that of the submitted image, "+hash, o.SHA256)
	}
	want := quoted(t.Declaration.Firmware)
	if p := t.informationProperty("firmware-revision"); p != nil {
		res := t.Get(t.Ref(p.SIID, p.PIID))[0]
		v, _ := miot.DecodeValue(res.Value)
		got, _ := v.Text()
		t.Check(got == t.Declaration.Firmware, label(p)+" "+want+" as declared", describeItem(res), t.last)
	}
	got := t.version()
	t.Check(got == t.Declaration.Firmware, "fw_ver "+want+" in miIO.info as declared", quoted(got), t.last)
}

// updates is what the declaration says of updates; without it they are not for this device.
func (t *T) updates() *OTA {
	if t.Declaration.OTA == nil {
		t.NotApplicable("the declaration has no ota: the device is not updated over this protocol")
	}
	return t.Declaration.OTA
}

func ota02(t *T) {
	t.updates()
	t.goBack()
	t.unsettle() // an update that erases would not show at the defaults
	binding, set := t.binding(), t.settings()
	before := t.Snapshot()
	t.update()
	after := t.binding()
	t.Check(after == binding, "the same login as before the update: "+binding, after, t.last)
	if p := t.informationProperty("firmware-revision"); p != nil {
		delete(before, [2]int{p.SIID, p.PIID}) // it is to change
	}
	for _, v := range t.changed(set, t.settings()) {
		t.Check(false, fmt.Sprintf("%s still %s after the update", MemberName(v.SIID, v.PIID), shown(v.Value)), "another value", t.last)
	}
	t.Unchanged(before, "the update on what should stay")
}

// binding is as whom the device logs in, and with what.
func (t *T) binding() string {
	c := t.Wire.Connect
	if c == nil {
		return "none"
	}
	return fmt.Sprintf("client id %q, username %q, password %s", c.ClientID, c.Username, c.Password)
}

func ota05(t *T) {
	o := t.updates()
	if o.Downgrade == "" || o.Downgrade == "refused" {
		t.refusesImage("older_image", offer{url: o.Older, md5: o.OlderMD5})
		return
	}
	older := offer{url: o.Older, md5: o.OlderMD5}
	t.needs("older_image", older.url)
	t.Ready(ConnectLimit)
	t.Step("%s is offered, which the declared policy speaks of: %s", o.Previous, o.Downgrade)
	if code, ok := t.offer(older).Code(); ok && code < 0 {
		t.Reviewf("the downgrade was refused with code %s; the declared policy is: %s", code, o.Downgrade)
		return
	}
	state := t.followUpdate(func(s string) bool { return s == stateFailed || s == stateIdle })
	t.Reviewf("the downgrade ended in state %s with version %s; the declared policy is: %s", state, quoted(t.version()), o.Downgrade)
	t.update()
}

func ota08(t *T) {
	o := t.updates()
	for _, source := range []struct{ field, url string }{{"untrusted_url", o.Untrusted}, {"redirect_url", o.Redirect}} {
		t.Each(source.field, func() {
			t.refusesImage(source.field, offer{url: source.url, md5: o.MD5, sha256: o.SHA256})
		})
	}
}
