package claims

import (
	"net/url"
	"strings"
)

// LabelPage is the page that a label's QR code opens.
const LabelPage = "/claim"

// LabelURL is what a label's QR code says: the page of this service that claims the
// device. The code is good once, and only with the device at hand, so it may stand in an
// address; log-in and the way back carry it along.
func LabelURL(service, did, code string) string {
	return strings.TrimSuffix(service, "/") + LabelPage + "?" + url.Values{"did": {did}, "code": {code}}.Encode()
}
