package razorpay

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/proofmark/proofmark/campaigns"
)

// notes are key-value pairs of ours. An empty object is told as an empty list.
type notes map[string]string

// UnmarshalJSON implements json.Unmarshaler.
func (n *notes) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '[' {
		*n = nil
		return nil
	}
	return json.Unmarshal(b, (*map[string]string)(n))
}

type newOrder struct {
	Amount   int64   `json:"amount"`
	Currency string  `json:"currency"`
	Receipt  string  `json:"receipt"`
	Notes    notes   `json:"notes"`
	Payment  capture `json:"payment"`
}

type capture struct {
	Capture string         `json:"capture"`
	Options captureOptions `json:"capture_options"`
}

type captureOptions struct {
	Automatic   int    `json:"automatic_expiry_period"` // minutes
	Manual      int    `json:"manual_expiry_period"`    // minutes
	RefundSpeed string `json:"refund_speed"`
}

type newRefund struct {
	Amount  int64  `json:"amount"`
	Speed   string `json:"speed"`
	Receipt string `json:"receipt"`
	Notes   notes  `json:"notes"`
}

type collection[T any] struct {
	Items []T `json:"items"`
}

type order struct {
	ID        string `json:"id"`
	Amount    int64  `json:"amount"`
	Currency  string `json:"currency"`
	Receipt   string `json:"receipt"`
	Status    string `json:"status"`
	Notes     notes  `json:"notes"`
	CreatedAt int64  `json:"created_at"`
}

// States of an order.
const (
	statusAttempted = "attempted"
	statusPaid      = "paid"
)

func (o order) domain() campaigns.ProviderOrder {
	told := campaigns.ProviderOrder{Ref: o.ID, OrderID: o.Notes[noteOrder], Amount: o.Amount, Currency: o.Currency, State: campaigns.ProviderOrderOpen}
	if o.Status == statusPaid {
		told.State = campaigns.ProviderOrderPaid
	}
	return told
}

// payment holds of a payment what we keep: of a card its last four digits, of a
// buyer nothing.
type payment struct {
	ID       string `json:"id"`
	OrderID  string `json:"order_id"`
	Amount   int64  `json:"amount"`
	Currency string `json:"currency"`
	Status   string `json:"status"`
	Method   string `json:"method"`
	Card     *struct {
		Last4 string `json:"last4"`
	} `json:"card"`
	Bank        string `json:"bank"`
	Wallet      string `json:"wallet"`
	Fee         int64  `json:"fee"` // GST included
	Description string `json:"error_description"`
	CreatedAt   int64  `json:"created_at"`
}

func (p payment) domain() campaigns.ProviderPayment {
	told := campaigns.ProviderPayment{
		Ref: p.ID, OrderRef: p.OrderID, State: campaigns.PaymentPending, Method: campaigns.PaymentMethod(p.Method),
		Hint: p.hint(), Amount: p.Amount, Currency: p.Currency, Fee: p.Fee, CreatedAt: instant(p.CreatedAt), ChangedAt: instant(p.CreatedAt),
	}
	switch p.Status {
	case "authorized":
		told.State = campaigns.PaymentAuthorized
	case "captured", "refunded": // refunded is captured and given back whole
		told.State = campaigns.PaymentCaptured
	case "failed":
		told.State, told.Failure = campaigns.PaymentFailed, p.Description
		if told.Failure == "" {
			told.Failure = "the payment failed"
		}
	}
	return told
}

func (p payment) hint() string {
	switch {
	case p.Card != nil && p.Card.Last4 != "":
		return "card ending " + p.Card.Last4
	case p.Method == "upi":
		return "UPI" // the address names a person
	case p.Bank != "":
		return p.Method + " " + p.Bank
	case p.Wallet != "":
		return p.Method + " " + p.Wallet
	}
	return p.Method
}

type refund struct {
	ID        string `json:"id"`
	PaymentID string `json:"payment_id"`
	Amount    int64  `json:"amount"`
	Currency  string `json:"currency"`
	Receipt   string `json:"receipt"`
	Status    string `json:"status"`
	Acquirer  struct {
		ARN string `json:"arn"`
		RRN string `json:"rrn"`
	} `json:"acquirer_data"`
	CreatedAt int64 `json:"created_at"`
}

func (r refund) domain() campaigns.ProviderRefund {
	told := campaigns.ProviderRefund{
		Ref: r.ID, Key: r.Receipt, PaymentRef: r.PaymentID, Amount: r.Amount, Currency: r.Currency, State: campaigns.RefundSent,
		BankRef: r.Acquirer.ARN, CreatedAt: instant(r.CreatedAt), ChangedAt: instant(r.CreatedAt),
	}
	if told.BankRef == "" {
		told.BankRef = r.Acquirer.RRN
	}
	switch r.Status {
	case "processed":
		told.State = campaigns.RefundProcessed
	case "failed":
		told.State, told.Failure = campaigns.RefundFailed, "the bank did not take the refund"
	}
	return told
}

const codeBadRequest = "BAD_REQUEST_ERROR"

// refusal reads an error body. Razorpay tells most refusals by one code and a
// sentence (docs: "Errors"), so two sentences have to be known.
func refusal(status int, body []byte) error {
	var told struct {
		Error struct {
			Code        string `json:"code"`
			Description string `json:"description"`
			Field       string `json:"field"`
			Reason      string `json:"reason"`
		} `json:"error"`
	}
	if err := json.Unmarshal(body, &told); err != nil || told.Error.Code == "" {
		return fmt.Errorf("%w: it answered %d without saying why", campaigns.ErrUnknown, status)
	}
	e := told.Error
	said := strings.ToLower(e.Description)
	switch {
	case e.Code == "SERVER_ERROR" || e.Code == "GATEWAY_ERROR":
		return fmt.Errorf("%w: %s", campaigns.ErrUnknown, e.Description)
	case strings.Contains(said, "id provided does not exist"):
		return fmt.Errorf("%w: %s", campaigns.ErrNotAtProvider, e.Description)
	case strings.Contains(said, "enough balance"):
		return fmt.Errorf("%w: %s", campaigns.ErrInsufficientBalance, e.Description)
	}
	refused := &campaigns.RefusedError{Code: e.Code, Reason: e.Description}
	if e.Field != "" {
		refused.Reason += " (field " + e.Field + ")"
	}
	return refused
}

func instant(seconds int64) time.Time {
	if seconds == 0 {
		return time.Time{}
	}
	return time.Unix(seconds, 0).UTC()
}
