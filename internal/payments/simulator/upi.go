package simulator

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"rsc.io/qr"
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

// showQR is the intent as a QR code.
func (p *PSP) showQR(w http.ResponseWriter, _ *http.Request, o *order) {
	code, err := qr.Encode(p.upi(o), qr.M)
	if err != nil {
		p.showTrouble(w, err)
		return
	}
	w.Header().Set("Content-Type", "image/svg+xml")
	_, _ = w.Write(svg(code)) // the browser went away
}

// svg draws a code with its quiet zone of four modules (ISO/IEC 18004 §9.1), dark
// on light whatever the page's colours are.
func svg(code *qr.Code) []byte {
	const quiet = 4
	var b strings.Builder
	side := code.Size + 2*quiet
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" shape-rendering="crispEdges"><path fill="#fff" d="M0 0h%dv%dH0z"/><path d="`, side, side, side, side)
	for y := range code.Size {
		for x := 0; x < code.Size; x++ {
			from := x
			for x < code.Size && code.Black(x, y) {
				x++
			}
			if x > from {
				fmt.Fprintf(&b, "M%d %dh%dv1h-%dz", from+quiet, y+quiet, x-from, x-from)
			}
		}
	}
	b.WriteString(`"/></svg>`)
	return []byte(b.String())
}
