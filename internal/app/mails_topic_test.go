package app_test

import (
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/proofmark/proofmark/internal/api"
	"github.com/proofmark/proofmark/internal/mail"
)

// letters are the mails of who has the token whose subject contains some words, the
// newest first.
func (b *bazaar) letters(token, words string) (found []api.Mail) {
	b.t.Helper()
	var box struct{ Messages []api.Mail }
	b.as(token, "GET", "/api/v1/mailbox", nil, &box)
	return slices.DeleteFunc(box.Messages, func(m api.Mail) bool { return !strings.Contains(m.Subject, words) })
}

// written waits for so many mails, and gives the newest.
func (b *bazaar) written(token, words string, many int) api.Mail {
	b.t.Helper()
	b.until("mail: "+words, func() bool { return len(b.letters(token, words)) == many })
	return b.letters(token, words)[0]
}

// unsubscribes has a backer end the news of campaigns by the click of a mail program:
// nothing else comes less, and somebody else hears of all as before.
func (b *bazaar) unsubscribes() {
	t := b.t
	s := b.live(1, 10)
	s.bought(0, 1)
	s.bought(1, 1)
	first, second := b.buyers[0], b.buyers[1]
	news := func(title string) {
		s.as(b.maya, "POST", s.path("/updates"), object{"title": title, "body": "All is well."}, nil)
	}
	news("The moulds are cut")
	letter := b.written(first, s.Title+" has news", 1)
	b.written(second, s.Title+" has news", 1)
	link := regexp.MustCompile(`http\S+` + mail.UnsubscribePage + `/\S+/updates`).FindString(letter.Text)
	u, err := url.Parse(link)
	if err != nil || link == "" {
		t.Fatalf("no link in %q", letter.Text)
	}
	if other := b.letters(second, s.Title+" has news")[0]; strings.Contains(other.Text, u.Path) {
		t.Fatal("two people have one link")
	}
	resp, err := http.Post("http://"+b.Addresses().HTTP+u.Path, "application/x-www-form-urlencoded", strings.NewReader(mail.OneClick))
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Fatal(resp.Status)
	}
	news("The first units are made")
	b.written(second, s.Title+" has news", 2)
	if n := len(b.letters(first, s.Title+" has news")); n != 1 {
		t.Errorf("%d mails of news", n)
	}
	// What is no news comes all the same: an answer to a comment, a receipt.
	var asked struct{ ID string }
	s.as(first, "POST", s.path("/comments"), object{"body": "In white, too?"}, &asked)
	if m := b.written(b.maya, s.Title+" has a new comment", 1); !strings.Contains(m.Text, mail.UnsubscribePage) {
		t.Errorf("a comment's mail has no way to end it: %s", m.Text)
	}
	s.as(b.maya, "POST", s.path("/comments"), object{"body": "From spring on.", "thread": asked.ID}, nil)
	b.written(first, s.Title+" has an answer to your comment", 1)
	if n := len(b.letters(b.maya, s.Title+" has a new comment")); n != 1 {
		t.Errorf("the startup was written of its own answer: %d mails", n)
	}
	s.bought(0, 1)
	if m := b.written(first, "Your order is paid: "+s.Title, 2); strings.Contains(m.Text, mail.UnsubscribePage) {
		t.Errorf("a receipt can be ended: %s", m.Text)
	}
}
