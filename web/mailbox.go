package web

import (
	"regexp"
	"strings"
	"time"

	"github.com/proofmark/proofmark/internal/auth"
	"github.com/proofmark/proofmark/internal/mail"
)

// MailboxPage is what was written to somebody.
type MailboxPage struct {
	Page
	All  bool // everybody's: to operators, and in the demonstration
	Kept bool // no mail leaves this machine
	Rows []MailRow
	Next string
}

// MailRow is one mail. Its text is in parts, so that its links can be followed.
type MailRow struct {
	To, Subject, State string
	At                 time.Time
	Text               []MailPart
}

// MailPart is a piece of a mail's text; one with a Link is an address of ours.
type MailPart struct{ Text, Link string }

const mailsPerPage = 20

// mailboxPage shows mails. In the demonstration everybody sees all of them, since
// its people are everybody's; otherwise only operators do.
func (p *People) mailboxPage(v *Visit) error {
	page := &MailboxPage{Page: Page{Title: v.Say("mailbox.title"), Quiet: true}, Kept: p.mails.Keeps()}
	page.All = p.demo != nil || v.Actor.Is(auth.RoleOperator)
	account := v.Actor.Account
	switch {
	case page.All:
		account = ""
	case !LoggedIn(v.Actor):
		return v.Go(logInPath("/mailbox"))
	}
	found, err := p.mails.Messages(v.Context(), account, v.Query("before"), mailsPerPage+1)
	if err != nil {
		return err
	}
	if len(found) > mailsPerPage {
		found = found[:mailsPerPage]
		page.Next = "/mailbox?before=" + found[mailsPerPage-1].ID
	}
	for _, m := range found {
		row := MailRow{To: m.To, Subject: m.Subject, State: string(m.State), At: m.CreatedAt}
		if page.Kept { // what was sent may hold what only its receiver should know
			row.Text = p.parts(m.Text)
		}
		page.Rows = append(page.Rows, row)
	}
	v.Header().Set("Cache-Control", "no-store")
	return v.Show("mailbox", page)
}

var mailLink = regexp.MustCompile(`https?://\S+`)

// parts finds the addresses of this site in a mail's text.
func (p *People) parts(text string) []MailPart {
	var out []MailPart
	end := 0
	for _, at := range mailLink.FindAllStringIndex(text, -1) {
		link := text[at[0]:at[1]]
		if path, ours := strings.CutPrefix(link, p.url); ours && strings.HasPrefix(path, "/") {
			out = append(out, MailPart{Text: text[end:at[0]]}, MailPart{Text: link, Link: auth.LocalPath(path)})
			end = at[1]
		}
	}
	return append(out, MailPart{Text: text[end:]})
}

// mailStory is one mail of the stories.
func mailStory(to, subject string, parts ...MailPart) MailRow {
	return MailRow{to, subject, string(mail.Kept), day(2026, 11, 29), parts}
}

func init() {
	story("mailbox", "mailbox", func() Pager {
		return &MailboxPage{Page: Page{Title: "Mails", Person: samplePerson}, All: true, Kept: true, Next: "#", Rows: []MailRow{
			mailStory("asha@example.com", "Confirm your address", MailPart{Text: "Welcome.\n\nConfirm that this address is yours:\n\n"}, MailPart{"http://localhost:8080/confirm?code=pmc_x", "/confirm?code=pmc_x"}),
			mailStory("<script>@example.com", "<img src=x onerror=alert(1)>", MailPart{Text: "<script>alert(1)</script>"}),
		}}
	})
	story("mailbox-none", "mailbox", func() Pager { return &MailboxPage{Page: Page{Title: "Mails", Person: samplePerson}} })
}
