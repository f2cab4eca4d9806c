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
		Members(ctx context.Context, home string) ([]homes.Membership, error)
	}
	orderSource interface {
		Order(ctx context.Context, id string) (campaigns.Order, error)
	}
)

// homeMail writes to those whose own device or home something happened to.
type homeMail struct {
	people  buyers
	office  mail.People // of organisations, and the operators
	devices deviceSource
	homes   homeSource
	orders  orderSource
	url     string
}

// letter is one mail: to whom, and what it says. An account that is empty is nobody.
type letter struct{ account, subject, text, path string }

// compose implements mail.Composer.
func (h homeMail) compose(ctx context.Context, n notice.Notice) ([]mail.Message, error) {
	l, err := h.letter(ctx, n)
	if errors.Is(err, registry.ErrNotFound) { // the device or the home has gone since
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var out []mail.Message
	if l.account != "" {
		who, err := h.people.Account(ctx, l.account)
		if err != nil && !errors.Is(err, auth.ErrNotFound) {
			return nil, err
		}
		if err == nil && who.Email != "" {
			out = append(out, h.message(mail.Person{Account: who.ID, Email: who.Email}, l))
		}
	}
	if n.Kind != "device.quarantined" {
		return out, nil
	}
	copied, err := h.copied(ctx, n)
	return append(out, copied...), err
}

func (h homeMail) message(to mail.Person, l letter) mail.Message {
	return mail.Message{
		Account: to.Account, To: to.Email, Subject: l.subject,
		Text: fmt.Sprintf("%s\n\n%s%s\n", l.text, strings.TrimSuffix(h.url, "/"), l.path),
	}
}

// copied is what the operators are to do about a device that is kept out, and what
// its maker is to know: neither learns whose it is.
func (h homeMail) copied(ctx context.Context, n notice.Notice) (out []mail.Message, err error) {
	var told struct{ DID, Model, Reason string }
	if err := json.Unmarshal(n.Data, &told); err != nil {
		return nil, fmt.Errorf("data of notice %s: %w", n.ID, err)
	}
	for _, c := range []struct{ org, path, text string }{
		{"", "/operator/devices", "Look at it, and let the real one in again: a reason is asked for."},
		{n.Org, "/orgs/" + n.Org + "/fleet", "The operators look at it. If you know of another use of its key, such as a test at your factory, tell them."},
	} {
		to, err := h.office.People(ctx, c.org)
		if err != nil {
			return nil, err
		}
		for _, p := range to {
			out = append(out, h.message(p, letter{
				subject: oneLine(told.Model + " " + told.DID + " is kept out: there may be a copy of it"),
				text:    "Two devices use one key: " + oneLine(told.Reason) + ". " + c.text, path: c.path,
			}))
		}
	}
	return out, nil
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
	case claims.Given:
		var told claims.GivenWord
		if err := json.Unmarshal(n.Data, &told); err != nil {
			return letter{}, fmt.Errorf("data of notice %s: %w", n.ID, err)
		}
		return letter{
			told.Giver, "The device " + told.DID + " has another owner now",
			"The link by which you gave it away was used. You no longer see it, and what it recorded with you is deleted.", "/homes",
		}, nil
	case homes.Joined, homes.Left, homes.PutOut, homes.GuestEnded:
		var stay homes.Stay
		if err := json.Unmarshal(n.Data, &stay); err != nil {
			return letter{}, fmt.Errorf("data of notice %s: %w", n.ID, err)
		}
		return h.moved(ctx, n.Kind, stay)
	}
	return letter{}, nil
}

// moved is of who came into a home, or went: the owner hears of what others did, and
// who lost a right hears of it.
func (h homeMail) moved(ctx context.Context, kind string, stay homes.Stay) (letter, error) {
	home, err := h.homes.Home(ctx, stay.Home)
	if err != nil {
		return letter{}, err
	}
	name := oneLine(home.Name)
	switch kind {
	case homes.GuestEnded:
		return letter{
			stay.Account, "Your stay in " + name + " has ended",
			"You no longer see or use the devices there. If it should go on, ask its owner for a new link.", "/homes",
		}, nil
	case homes.PutOut:
		return letter{
			stay.Account, "You are no longer in " + name,
			"Its owner put you out: you no longer see or use the devices there. Devices of your own went with you.", "/homes",
		}, nil
	}
	who, err := h.people.Account(ctx, stay.Account)
	if errors.Is(err, auth.ErrNotFound) {
		return letter{}, nil
	}
	if err != nil {
		return letter{}, err
	}
	members, err := h.homes.Members(ctx, stay.Home)
	l := letter{
		subject: oneLine(who.Name) + " has left " + name, text: "Devices that belong to who left are no longer in your home.",
		path: "/homes/" + stay.Home + "/people",
	}
	if kind == homes.Joined {
		l.subject, l.text = oneLine(who.Name)+" is in "+name+" now", "A link of yours was used. If you do not know who that is, put them out."
	}
	for _, m := range members {
		if m.Role == homes.Owner {
			l.account = m.Account
		}
	}
	return l, err
}

// oneLine is a name as a subject has it.
func oneLine(name string) string { return strings.Join(strings.Fields(name), " ") }
