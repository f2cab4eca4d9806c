package api

import (
	"errors"
	"net/http"
	"strconv"

	"github.com/proofmark/proofmark/campaigns"
)

// What an order can be refused for.
var (
	kindSoldOut   = newKind("sold-out", http.StatusConflict, "Nothing is left", "No stock, or others are on the waiting list before you; join it.")
	kindNotOpen   = newKind("not-open", http.StatusConflict, "The campaign takes no orders now", "It is not live, outside its window, or held while its certificate is.")
	kindLimit     = newKind("limit", http.StatusConflict, "More than one backer may have", "The units, with those reserved or paid already, pass the campaign's limit per backer.")
	kindInStock   = newKind("in-stock", http.StatusConflict, "There is no need to wait", "The units can be ordered.")
	kindTooLate   = newKind("too-late", http.StatusConflict, "It can no longer be changed", "The order was handed over, or has ended.")
	kindUnpaid    = newKind("provider-refused", http.StatusBadGateway, "The payment provider refused", "It will say the same again; `detail` has its words. Another way to pay may work.")
	kindBadEvent  = newKind("bad-event", http.StatusBadRequest, "The event is not taken", "Its signature is wrong or too old, or it cannot be read. It is counted, and not stored.")
	kindKeyReused = newKind("key-reused", http.StatusUnprocessableEntity, "The idempotency key is another order's", "The same `Idempotency-Key` came with another body or campaign.")
)

// problemOfOrder maps them; nil for other errors.
func problemOfOrder(err error) *Problem {
	var full *campaigns.OverloadedError
	if errors.As(err, &full) {
		return newProblem(kindUnavailable, full.Error()).with("Retry-After", strconv.Itoa(max(1, int(full.RetryAfter.Seconds()))))
	}
	if errors.Is(err, campaigns.ErrUnknown) {
		return newProblem(kindUnavailable, "the payment provider did not answer; ask again: nothing is paid twice").with("Retry-After", "2")
	}
	for _, m := range []struct {
		sentinel error
		kind     *kind
	}{
		{campaigns.ErrSoldOut, kindSoldOut},
		{campaigns.ErrNotOpen, kindNotOpen},
		{campaigns.ErrHeld, kindNotOpen},
		{campaigns.ErrLimit, kindLimit},
		{campaigns.ErrInStock, kindInStock},
		{campaigns.ErrTooLate, kindTooLate},
		{campaigns.ErrKeyReused, kindKeyReused},
		{campaigns.ErrBadOrder, kindInvalid},
		{campaigns.ErrBadSignature, kindBadEvent},
		{campaigns.ErrBadEvent, kindBadEvent},
		{campaigns.ErrRefused, kindUnpaid},
		{campaigns.ErrNotAtProvider, kindUnpaid},
	} {
		if errors.Is(err, m.sentinel) {
			return newProblem(m.kind, err.Error())
		}
	}
	return nil
}
