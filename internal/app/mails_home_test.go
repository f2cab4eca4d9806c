package app

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/proofmark/proofmark/internal/auth"
	"github.com/proofmark/proofmark/internal/bus"
	"github.com/proofmark/proofmark/internal/notice"
	"github.com/proofmark/proofmark/internal/store"
	"github.com/proofmark/proofmark/miot"
	"github.com/proofmark/proofmark/registry"
	"github.com/proofmark/proofmark/registry/claims"
	"github.com/proofmark/proofmark/registry/homes"
)

func TestOwnersAndGuestsAreWrittenWhatHappened(t *testing.T) {
	ctx := t.Context()
	db, err := store.Open(ctx, "sqlite:"+t.TempDir()+"/mails.db")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.Migrate(ctx); err != nil {
		t.Fatal(err)
	}
	people := auth.New(auth.Options{Store: db.Auth(), Cost: auth.PasswordCost{Memory: 64, Passes: 1, Threads: 1}})
	defer people.Close()
	ann, err := people.CreatePerson(ctx, auth.System, "ann@example.com", "Ann", "wind over the lake")
	if err != nil {
		t.Fatal(err)
	}
	bare, err := people.CreateAccount(ctx, "a program")
	if err != nil {
		t.Fatal(err)
	}
	local := bus.NewLocal()
	defer local.Close()
	reg := registry.New(registry.Options{Store: db.Registry(), Bus: local})
	p, _, err := reg.CreateProduct(ctx, "Pure", miot.Sample("air-purifier"))
	if err != nil {
		t.Fatal(err)
	}
	for did, account := range map[string]string{"p1": ann.ID, "p2": bare.ID, "p3": ""} {
		if _, _, err := reg.CreateDevice(ctx, registry.NewDevice{DID: did, ProductID: p.ID, Account: account, Name: "Sea\r\nBcc: x"}); err != nil {
			t.Fatal(err)
		}
	}
	place, err := homes.New(homes.Options{Store: db.Homes()}).Create(ctx, ann.ID, "Lake Road")
	if err != nil {
		t.Fatal(err)
	}
	bob, err := people.CreatePerson(ctx, auth.System, "bob@example.com", "Bob", "wind over the lake")
	if err != nil {
		t.Fatal(err)
	}
	stay := homes.Stay{Home: place.ID, Account: bob.ID}
	mails := homeMail{people: db.Auth(), office: db.Mail(), devices: db.Registry(), homes: db.Homes(), orders: db.Campaigns(), url: "https://proofmark.example/"}
	for name, c := range map[string]struct {
		kind, subject string
		data          any
		want          string // subject of the mail to Ann, or to Bob where it says "You"; empty: nobody is written
		text          string
	}{
		"a quarantine":             {"device.quarantined", "p1", nil, "Sea Bcc: x is kept out: there may be a copy of it", "https://proofmark.example/devices/p1"},
		"its end":                  {"device.released", "p1", nil, "Sea Bcc: x is let in again", "https://proofmark.example/devices/p1"},
		"of a program's device":    {"device.quarantined", "p2", nil, "", ""},
		"of nobody's device":       {"device.quarantined", "p3", nil, "", ""},
		"of a device that is gone": {"device.quarantined", "p9", nil, "", ""},
		"an end of a stay":         {homes.GuestEnded, place.ID, homes.Stay{Home: place.ID, Account: ann.ID}, "Your stay in Lake Road has ended", "https://proofmark.example/homes"},
		"of a home that is gone":   {homes.GuestEnded, "hom_none", homes.Stay{Home: "hom_none", Account: ann.ID}, "", ""},
		"somebody who came in":     {homes.Joined, place.ID, stay, "Bob is in Lake Road now", "https://proofmark.example/homes/" + place.ID + "/people"},
		"somebody who went":        {homes.Left, place.ID, stay, "Bob has left Lake Road", "no longer in your home"},
		"somebody who was put out": {homes.PutOut, place.ID, stay, "You are no longer in Lake Road", "https://proofmark.example/homes"},
		"who came in and is gone":  {homes.Joined, place.ID, homes.Stay{Home: place.ID, Account: "acc_none"}, "", ""},
		"a device given away":      {claims.Given, "p1", claims.GivenWord{DID: "p1", Giver: ann.ID}, "The device p1 has another owner now", "https://proofmark.example/homes"},
		"a claim by the backer":    {"device.claimed", "p1", map[string]string{"did": "p1", "basis": "order", "order": "ord_1"}, "", ""},
		"a grey one, no order":     {"device.claimed", "p1", map[string]string{"did": "p1", "basis": "grey"}, "", ""},
	} {
		n, err := notice.New(time.Now(), c.kind, c.subject, "", c.data)
		if err != nil {
			t.Fatal(err)
		}
		sent, err := mails.compose(context.WithoutCancel(ctx), n)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if c.want == "" {
			if len(sent) > 0 {
				t.Errorf("%s: %+v, want no mail", name, sent)
			}
			continue
		}
		to := "ann@example.com"
		if strings.HasPrefix(c.want, "You ") {
			to = "bob@example.com"
		}
		if len(sent) != 1 || sent[0].To != to || sent[0].Subject != c.want || !strings.Contains(sent[0].Text, c.text) {
			t.Errorf("%s: %+v", name, sent)
		}
	}
}
