package simulator

import (
	"time"

	"github.com/proofmark/proofmark/campaigns"
)

// Order is an order in the PSP's JSON.
type Order struct {
	ID        string                       `json:"id"`
	OrderID   string                       `json:"order_id"` // the merchant's
	Amount    int64                        `json:"amount"`   // minor units
	Currency  string                       `json:"currency"`
	State     campaigns.ProviderOrderState `json:"state"`
	CreatedAt time.Time                    `json:"created_at"`
	ExpiresAt time.Time                    `json:"expires_at"`
	PayURL    string                       `json:"pay_url,omitempty"`
	Payments  []Payment                    `json:"payments"`
}

// Payment is an attempt to pay an order, in the PSP's JSON.
type Payment struct {
	ID        string                  `json:"id"`
	Order     string                  `json:"order"`
	OrderID   string                  `json:"order_id"`
	State     campaigns.PaymentState  `json:"state"`
	Method    campaigns.PaymentMethod `json:"method"`
	Hint      string                  `json:"hint"`
	Amount    int64                   `json:"amount"`
	Currency  string                  `json:"currency"`
	Fee       int64                   `json:"fee"`
	Refunded  int64                   `json:"refunded"`
	Failure   string                  `json:"failure,omitempty"`
	CreatedAt time.Time               `json:"created_at"`
	ChangedAt time.Time               `json:"changed_at"`
}

// Refund is money on its way back, in the PSP's JSON.
type Refund struct {
	ID        string                `json:"id"`
	Key       string                `json:"key"`
	Payment   string                `json:"payment"`
	Amount    int64                 `json:"amount"`
	Currency  string                `json:"currency"`
	State     campaigns.RefundState `json:"state"`
	Reason    string                `json:"reason,omitempty"`
	Failure   string                `json:"failure,omitempty"`
	BankRef   string                `json:"bank_ref,omitempty"`
	CreatedAt time.Time             `json:"created_at"`
	ChangedAt time.Time             `json:"changed_at"`
}

// Event is what is posted to the webhook.
type Event struct {
	ID        string    `json:"id"`
	Name      string    `json:"name"` // "payment.captured"
	CreatedAt time.Time `json:"created_at"`
	Order     string    `json:"order"`
	OrderID   string    `json:"order_id"`
	Payment   *Payment  `json:"payment,omitempty"`
	Refund    *Refund   `json:"refund,omitempty"`
}

type newOrder struct {
	OrderID     string    `json:"order_id"`
	Amount      int64     `json:"amount"`
	Currency    string    `json:"currency"`
	Description string    `json:"description"`
	Name        string    `json:"customer_name"`
	Email       string    `json:"customer_email"`
	Phone       string    `json:"customer_phone"`
	ExpiresAt   time.Time `json:"expires_at"`
	ReturnURL   string    `json:"return_url"`
}

type newRefund struct {
	Payment  string `json:"payment"`
	Amount   int64  `json:"amount"`
	Currency string `json:"currency"`
	Reason   string `json:"reason"`
}

type failure struct {
	Error struct {
		Code    string `json:"code"`
		Message string `json:"message"`
	} `json:"error"`
}

// Codes of a failure.
const (
	codeInvalid      = "invalid_request"
	codeKeyReused    = "idempotency_key_reused"
	codeNotFound     = "not_found"
	codeBalance      = "insufficient_balance"
	codeTooMuch      = "refund_exceeds_payment"
	codeNotCaptured  = "payment_not_captured"
	codeUnauthorized = "unauthorized"
	codeBroken       = "out_of_order"
	codeInternal     = "internal"
)
