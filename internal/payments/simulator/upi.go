package simulator

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/proofmark/proofmark/internal/qrcode"
)

// payee is the UPI address that is paid. It exists nowhere: no bank has the
// handle "test".
const payee = "proofmark.demo@test"

// upi is the intent that a UPI app on the phone would open, and that the QR code
// holds (NPCI's UPI linking specification: pa, pn, tr, am, cu, tn). Empty for a
// currency that UPI does not move.
func (p *PSP) upi(o *order) string {
	if o.New.Currency != "INR" {
		return ""
	}
	q := url.Values{
		"pa": {payee}, "pn": {p.opt.Merchant}, "tr": {o.ID}, "tn": {"Simulated payment"},
		"am": {fmt.Sprintf("%d.%02d", o.New.Amount/100, o.New.Amount%100)}, "cu": {"INR"},
	}
	return "upi://pay?" + strings.ReplaceAll(q.Encode(), "+", "%20")
}

// showQR is the intent as a QR code, dark on light whatever the page's colours are.
func (p *PSP) showQR(w http.ResponseWriter, _ *http.Request, o *order) {
	code, err := qrcode.Of(p.upi(o))
	if err != nil {
		p.showTrouble(w, err)
		return
	}
	w.Header().Set("Content-Type", "image/svg+xml")
	_, _ = fmt.Fprintf(w, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %[1]d %[1]d" shape-rendering="crispEdges"><path fill="#fff" d="M0 0h%[1]dv%[1]dH0z"/><path d="%[2]s"/></svg>`, code.Side, code.Path) // the browser went away
}
