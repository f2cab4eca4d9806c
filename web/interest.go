package web

import (
	"errors"
	"strings"

	"github.com/proofmark/proofmark/campaigns"
	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/internal/auth"
	"github.com/proofmark/proofmark/internal/mail"
)

// InterestView is the register of those who want to hear of the opening.
type InterestView struct {
	Count int64
	Join  *Form  // nil: the visitor is on it
	Ask   bool   // for an address: who is logged in has one
	Leave string // where the visitor is taken off it
}

// InterestPage says that somebody is on the register, and takes them off it.
type InterestPage struct {
	Page
	Campaign CampaignCard
	Leave    string
}

// register is that of a campaign which is to open; nil for others.
func (s *Shop) register(v *Visit, x campaigns.Shown, forms *Forms) (*InterestView, error) {
	if x.State != campaigns.CampaignScheduled && !forms.Refused("interest") {
		return nil, nil
	}
	n, err := s.desk.CountInterest(v.Context(), v.party(), x.ID)
	if err != nil {
		return nil, err
	}
	out := &InterestView{Count: n, Ask: v.Actor.Account == ""}
	if !out.Ask {
		mine, err := s.desk.InterestOf(v.Context(), x.ID, v.Actor.Account)
		if err != nil {
			return nil, err
		}
		if mine.ID != "" {
			out.Leave = "/campaigns/" + x.ID + "/interest/" + mine.ID + "/drop"
			return out, nil
		}
	}
	out.Join = forms.Of("interest")
	return out, nil
}

// interest puts the visitor on the register, by account or by address. Sent twice
// it is one.
func (s *Shop) interest(v *Visit, f *Form) (string, error) {
	campaign, email := v.Param("id"), ""
	if v.Actor.Account == "" {
		email = strings.ToLower(f.Get("email"))
		if mail.CheckAddress(email) != nil {
			f.Refuse("email", v.Say("interest.no-address", clipped(f.Get("email"), 80)))
			return "", nil
		}
	}
	to, err := v.Once(f, func() (string, error) {
		if email != "" {
			if err := v.pages.auth.MayMail(email, v.Client().Address); err != nil {
				return "", err
			}
		}
		i, err := s.desk.Interest(v.Context(), v.party(), campaign, email)
		return "/campaigns/" + campaign + "/interest/" + i.ID, err
	})
	if errors.Is(err, auth.ErrNoMail) {
		f.Refuse("", sentence(err.Error()))
		return "", nil
	}
	return to, f.beside(err, func(*certification.Refusal) string { return "" })
}

// interestPage is where somebody comes to from the form, and from the mail that
// confirms it. Whether the number is known is not said: it may be another's.
func (s *Shop) interestPage(v *Visit) error {
	x, err := s.desk.Shown(v.Context(), v.party(), v.Param("id"))
	if err != nil {
		return err
	}
	path := "/campaigns/" + x.ID + "/interest/" + v.Param("interest")
	v.Header().Set("Referrer-Policy", "no-referrer") // who knows the address takes it back
	return v.Show("interest", &InterestPage{Page: Page{Title: v.Say("interest.title"), Path: path, Quiet: true}, Campaign: cardOf(x), Leave: path + "/drop"})
}

func (s *Shop) dropInterest(v *Visit) error {
	x, err := s.drop(v)
	if err != nil {
		return err
	}
	v.Note("good", v.Say("interest.dropped"))
	return v.Go("/campaigns/" + x.ID)
}

// dropInterestByClick is for a mail program's own button (RFC 8058 §3.2), which follows
// no redirection.
func (s *Shop) dropInterestByClick(v *Visit) error {
	if _, err := s.drop(v); err != nil {
		return err
	}
	v.note("good", v.Say("interest.dropped"))
	return s.interestPage(v)
}

func (s *Shop) drop(v *Visit) (campaigns.Shown, error) {
	x, err := s.desk.Shown(v.Context(), v.party(), v.Param("id"))
	if err == nil {
		err = s.desk.DropInterest(v.Context(), x.ID, v.Param("interest"))
	}
	return x, err
}
