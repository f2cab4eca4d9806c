package stripe

import (
	"strings"
	"time"

	"github.com/stripe/stripe-go/v85"

	"github.com/proofmark/proofmark/campaigns"
)

// order is a session in the words of campaigns.
func order(s *stripe.CheckoutSession) campaigns.ProviderOrder {
	o := campaigns.ProviderOrder{
		Ref: s.ID, OrderID: nonEmpty(s.Metadata[metaOrder], s.ClientReferenceID), Amount: s.AmountTotal, Currency: upper(s.Currency),
		ExpiresAt: instant(s.ExpiresAt),
	}
	switch {
	case s.Status == stripe.CheckoutSessionStatusExpired:
		o.State = campaigns.ProviderOrderExpired
	case s.PaymentStatus == stripe.CheckoutSessionPaymentStatusPaid:
		o.State = campaigns.ProviderOrderPaid
	default: // also complete and not paid yet: the bank takes its time
		o.State = campaigns.ProviderOrderOpen
		o.PayPage.URL = s.URL
	}
	if p := s.PaymentIntent; p != nil && p.ID != "" {
		o.Payments = append(o.Payments, payment(p, s.ID, o.OrderID))
	}
	return o
}

// payment is a PaymentIntent in the words of campaigns.
func payment(p *stripe.PaymentIntent, orderRef, orderID string) campaigns.ProviderPayment {
	told := campaigns.ProviderPayment{
		Ref: p.ID, OrderRef: orderRef, OrderID: nonEmpty(orderID, p.Metadata[metaOrder]), State: paymentState(p),
		Amount: p.Amount, Currency: upper(p.Currency), CreatedAt: instant(p.Created), ChangedAt: instant(p.Created),
	}
	if told.State == campaigns.PaymentCaptured {
		told.Amount = p.AmountReceived
	}
	if told.State == campaigns.PaymentFailed {
		told.Failure = "the payment was given up"
		if e := p.LastPaymentError; e != nil {
			told.Failure = nonEmpty(e.Msg, told.Failure)
		}
	}
	if ch := p.LatestCharge; ch != nil {
		told.Method, told.Hint = method(ch.PaymentMethodDetails)
		if ch.Created > 0 {
			told.ChangedAt = instant(ch.Created)
		}
		if b := ch.BalanceTransaction; b != nil {
			told.Fee = b.Fee
		}
	}
	return told
}

func paymentState(p *stripe.PaymentIntent) campaigns.PaymentState {
	switch p.Status {
	case stripe.PaymentIntentStatusSucceeded:
		return campaigns.PaymentCaptured
	case stripe.PaymentIntentStatusRequiresCapture:
		return campaigns.PaymentAuthorized
	case stripe.PaymentIntentStatusCanceled:
		return campaigns.PaymentFailed
	case stripe.PaymentIntentStatusRequiresPaymentMethod:
		if p.LastPaymentError != nil {
			return campaigns.PaymentFailed
		}
		return campaigns.PaymentCreated
	}
	return campaigns.PaymentPending // processing, requires_action, requires_confirmation
}

// method is the way that was paid, and of the instrument what may be kept.
func method(d *stripe.ChargePaymentMethodDetails) (campaigns.PaymentMethod, string) {
	switch {
	case d == nil:
		return "", ""
	case d.Card != nil:
		return campaigns.MethodCard, "card ending " + d.Card.Last4
	case d.Type == "upi":
		return campaigns.MethodUPI, "UPI"
	case d.Type == "klarna", d.Type == "affirm", d.Type == "afterpay_clearpay":
		return campaigns.MethodPayLater, "pay later"
	}
	name := strings.ReplaceAll(string(d.Type), "_", " ")
	return campaigns.PaymentMethod(d.Type), name
}

// refund is a Refund in the words of campaigns.
func refund(r *stripe.Refund) campaigns.ProviderRefund {
	told := campaigns.ProviderRefund{
		Ref: r.ID, Key: r.Metadata[metaKey], Amount: r.Amount, Currency: upper(r.Currency), State: campaigns.RefundSent,
		CreatedAt: instant(r.Created), ChangedAt: instant(r.Created),
	}
	if r.PaymentIntent != nil {
		told.PaymentRef = r.PaymentIntent.ID
	}
	if d := r.DestinationDetails; d != nil && d.Card != nil {
		told.BankRef = d.Card.Reference
	}
	switch r.Status {
	case stripe.RefundStatusSucceeded:
		told.State = campaigns.RefundProcessed
	case stripe.RefundStatusFailed, stripe.RefundStatusCanceled:
		told.State, told.Failure = campaigns.RefundFailed, nonEmpty(strings.ReplaceAll(string(r.FailureReason), "_", " "), string(r.Status))
	}
	return told
}

func upper(c stripe.Currency) string { return strings.ToUpper(string(c)) }

func instant(seconds int64) time.Time {
	if seconds == 0 {
		return time.Time{}
	}
	return time.Unix(seconds, 0).UTC()
}
