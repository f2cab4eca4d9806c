package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/proofmark/proofmark/internal/app"
)

// PaymentsFlags say who takes the money. A secret is given by a file or by the
// environment, never on the command line, where everybody on the machine reads it.
type PaymentsFlags struct {
	Payments        string `default:"simulator" enum:"simulator,stripe,razorpay" help:"Payment provider: ${enum}. The simulator moves no money."`
	PaymentsURL     string `name:"payments-url" help:"A simulator in another process, with its path; default: one in this process." placeholder:"URL"`
	PaymentsKeyID   string `name:"payments-key-id" help:"Id of the API key (razorpay, simulator by URL)."`
	PaymentsSecret  string `name:"payments-secret-file" help:"File with the API key's secret; or its text in PROOFMARK_PAYMENTS_SECRET." type:"existingfile"`
	PaymentsWebhook string `name:"payments-webhook-secret-file" help:"File with the secrets that sign events, one a line; or in PROOFMARK_PAYMENTS_WEBHOOK_SECRET." type:"existingfile"`
}

func (f PaymentsFlags) config() (app.Payments, error) {
	p := app.Payments{Provider: f.Payments, URL: f.PaymentsURL, KeyID: f.PaymentsKeyID}
	secret, err := secrets("PROOFMARK_PAYMENTS_SECRET", f.PaymentsSecret)
	if err != nil {
		return p, err
	}
	if len(secret) > 1 {
		return p, fmt.Errorf("the payment provider's secret has %d words: want one", len(secret))
	}
	p.Secret = strings.Join(secret, "")
	p.WebhookSecrets, err = secrets("PROOFMARK_PAYMENTS_WEBHOOK_SECRET", f.PaymentsWebhook)
	return p, err
}

// secrets are the words of a file or of an environment variable.
func secrets(variable, file string) ([]string, error) {
	text := os.Getenv(variable)
	if file != "" {
		if text != "" {
			return nil, fmt.Errorf("%s and %s_FILE are both set: want one", variable, variable)
		}
		b, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		text = string(b)
	}
	return strings.Fields(text), nil
}
