package campaigns

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// VoucherKind is what a voucher is proof of.
type VoucherKind string

// Kinds of vouchers: for an advance payment, and for one that went back (CGST
// Rules 2017, rules 50 and 51).
const (
	VoucherReceipt VoucherKind = "receipt"
	VoucherRefund  VoucherKind = "refund"
)

// Voucher is the numbered proof of a payment or a refund. A series has no gaps:
// its numbers are given out in the transaction of the payment, under the lock of
// the campaign's counter.
type Voucher struct {
	Series   string
	Seq      int64
	Kind     VoucherKind
	Campaign string
	OrderID  string
	Subject  string // pat_… or rfd_…
	Amount   int64
	Currency string
	At       time.Time
}

// Number is the voucher's number as printed: at most 16 characters, as rules 50
// and 51 ask for, for up to a million vouchers of each of 46,656 campaigns a year.
func (v *Voucher) Number() string { return fmt.Sprintf("%s-%06d", v.Series, v.Seq) }

// india is where financial years are counted: Indian standard time has no summer time.
var india = time.FixedZone("IST", int((5*time.Hour+30*time.Minute)/time.Second))

// VoucherSeries is the series of a campaign's vouchers of one kind in the
// financial year (April to March) of an instant: "R2627-00A".
func VoucherSeries(kind VoucherKind, number int64, at time.Time) string {
	letter := "R"
	if kind == VoucherRefund {
		letter = "C"
	}
	at = at.In(india)
	year := at.Year()
	if at.Month() < time.April {
		year--
	}
	code := strings.ToUpper(strconv.FormatInt(number, 36))
	code = strings.Repeat("0", max(0, 3-len(code))) + code
	return fmt.Sprintf("%s%02d%02d-%s", letter, year%100, (year+1)%100, code)
}

// voucher numbers a proof of an amount.
func (d *decision) voucher(kind VoucherKind, subject string, o *OrderRow, amount int64) {
	series := VoucherSeries(kind, d.s.Facts[o.Campaign].Number, d.at)
	d.s.Vouchers[series]++
	d.out.Vouchers = append(d.out.Vouchers, Voucher{
		Series: series, Seq: d.s.Vouchers[series], Kind: kind, Campaign: o.Campaign, OrderID: o.ID,
		Subject: subject, Amount: amount, Currency: o.Currency, At: d.at,
	})
}
