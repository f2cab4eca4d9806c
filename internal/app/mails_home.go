package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/proofmark/proofmark/campaigns"
	"github.com/proofmark/proofmark/internal/auth"
	"github.com/proofmark/proofmark/internal/mail"
	"github.com/proofmark/proofmark/internal/notice"
	"github.com/proofmark/proofmark/registry"
	"github.com/proofmark/proofmark/registry/claims"
	"github.com/proofmark/proofmark/registry/homes"
)

// The sources of what owners, backers and guests are written.
type (
	deviceSource interface {
		Device(ctx context.Context, did string) (registry.Device, error)
	}
	homeSource interface {
		Home(ctx context.Context, id string) (homes.Home, error)
	}
	orderSource interface {
		Order(ctx context.Context, id string) (campaigns.Order, error)
	}
)

// homeMail writes to those whose own device or home something happened to.
type homeMail struct {
	people  buyers
	devices deviceSource
	homes   homeSource
	orders  orderSource
	url     string
}

// letter is one mail: to whom, and what it says.
type letter struct{ account, subject, text, path string }

// compose implements mail.Composer.
func (h homeMail) compose(ctx context.Context, n notice.Notice) ([]mail.Message, error) {
	l, err := h.letter(ctx, n)
	if errors.Is(err, registry.ErrNotFound) { // the device or the home has gone since
		return nil, nil
	}
	if err != nil || l.account == "" {
		return nil, err
	}
	who, err := h.people.Account(ctx, l.account)
	if errors.Is(err, auth.ErrNotFound) || err == nil && who.Email == "" {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return []mail.Message{{
		Account: who.ID, To: who.Email, Subject: l.subject,
		Text: fmt.Sprintf("%s\n\n%s%s\n", l.text, strings.TrimSuffix(h.url, "/"), l.path),
	}}, nil
}

func (h homeMail) letter(ctx context.Context, n notice.Notice) (letter, error) {
	switch n.Kind {
	case "device.quarantined", "device.released":
		d, err := h.devices.Device(ctx, n.Subject)
		name := oneLine(d.Name)
		l := letter{d.Account, name + " is let in again", "An operator looked at it and lets it in again. You need do nothing.", "/devices/" + d.DID}
		if n.Kind == "device.quarantined" {
			l.subject = name + " is kept out: there may be a copy of it"
			l.text = "A second device uses the key of yours, so one of the two is a copy, and both are kept out until an operator has looked at it. " +
				"Nothing that it recorded with you is lost. If you bought it from somebody else than its maker, ask there."
		}
		return l, err
	case "device.claimed":
		var told struct{ DID, Order, Basis string }
		if err := json.Unmarshal(n.Data, &told); err != nil {
			return letter{}, fmt.Errorf("data of notice %s: %w", n.ID, err)
		}
		if told.Basis != string(claims.Grey) || told.Order == "" {
			return letter{}, nil
		}
		o, err := h.orders.Order(ctx, told.Order)
		return letter{
			o.Backer, "A device that you ordered was claimed by somebody else",
			"Somebody had the device " + told.DID + " of your order and its label in hand, and claimed it. If you gave it away, all is well. " +
				"If it never reached you, tell the startup: your order does not count as arrived.", "/orders/" + told.Order,
		}, err
	case homes.GuestEnded:
		var stay homes.Stay
		if err := json.Unmarshal(n.Data, &stay); err != nil {
			return letter{}, fmt.Errorf("data of notice %s: %w", n.ID, err)
		}
		home, err := h.homes.Home(ctx, stay.Home)
		return letter{
			stay.Account, "Your stay in " + oneLine(home.Name) + " has ended",
			"You no longer see or use the devices there. If it should go on, ask its owner for a new link.", "/homes",
		}, err
	}
	return letter{}, nil
}

// oneLine is a name as a subject has it.
func oneLine(name string) string { return strings.Join(strings.Fields(name), " ") }
