package web

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/proofmark/proofmark/internal/auth"
	"github.com/proofmark/proofmark/internal/webhook"
)

// HooksPage lists webhooks: of an organisation, or the operators' own.
type HooksPage struct {
	OrgPage
	Base   string
	Secret string // of one that was just made, or got a new one
	Rows   []webhook.Endpoint
	Forms  *Forms
}

// Acts are what can be done with a webhook as it stands.
func (p *HooksPage) Acts(e webhook.Endpoint) []string {
	switch e.State {
	case webhook.Pending:
		return []string{"confirm", "rotate", "delete"}
	case webhook.Active:
		return []string{"test", "rotate", "disable", "delete"}
	}
	return []string{"enable", "rotate", "delete"}
}

// HookPage are the deliveries of a webhook.
type HookPage struct {
	OrgPage
	Base     string
	Endpoint webhook.Endpoint
	Rows     []webhook.Delivery
	Next     string
	Forms    *Forms
}

// hooks are the pages of the webhooks of whose the base address is.
type hooks struct {
	service *webhook.Service
	head    func(v *Visit) (OrgPage, string, error) // the organisation, or none; and the base
}

func (s *Startups) mountHooks(p *Pages, member Access) {
	h := &hooks{s.Webhooks, func(v *Visit) (OrgPage, string, error) {
		head, err := s.org(v, "hooks", v.Say("hooks.title"))
		return head, "/orgs/" + head.Org.ID + "/webhooks", err
	}}
	h.mount(p, "/orgs/{org}/webhooks", member)
}

func (h *hooks) mount(p *Pages, at string, who Access) {
	p.Get(at, who, func(v *Visit) error { return h.list(v, nil, "") })
	p.Post(at+"/new", who, h.add)
	p.Get(at+"/{hook}", who, func(v *Visit) error { return h.one(v, nil) })
	p.Post(at+"/{hook}/{act}", who, h.act)
	p.Post(at+"/{hook}/deliveries/{delivery}/again", who, func(v *Visit) error {
		return v.act(func(f *Form) error { return h.one(v, f) }, func(*Form) (string, error) {
			_, base, e, err := h.own(v)
			if err != nil {
				return "", err
			}
			d, _, err := h.service.Delivery(v.Context(), v.Param("delivery"))
			if err == nil && d.Endpoint != e.ID {
				err = errAbsent
			}
			if err == nil {
				err = h.service.Redeliver(v.Context(), v.Actor.Account, d.ID)
			}
			return base + "/" + e.ID, err
		}, hookPlaces...)
	})
}

var hookPlaces = []Place{{webhook.ErrConflict, ""}}

// mayHear says whether the visitor acts for whose webhooks they are.
func mayHear(v *Visit, org string) bool {
	return v.Actor.Is(auth.RoleOperator) || org != "" && v.Actor.MemberOf(org)
}

func (h *hooks) list(v *Visit, sent *Form, secret string) error {
	head, base, err := h.head(v)
	if err == nil && !mayHear(v, head.Org.ID) {
		err = errAbsent
	}
	if err != nil {
		return err
	}
	p := &HooksPage{OrgPage: head, Base: base, Secret: secret, Forms: newForms(base).with(sent)}
	if p.Rows, err = h.service.Endpoints(v.Context(), head.Org.ID, "", mostListed); err != nil {
		return err
	}
	if sent != nil && !sent.OK() {
		return v.Again("hooks", p)
	}
	p.Forms.with(nil)
	return v.Show("hooks", p)
}

// refusedHook puts a refusal beside its field.
func refusedHook(f *Form, err error) error {
	var refused *webhook.Refusal
	if !errors.As(err, &refused) {
		return err
	}
	field := map[webhook.Rule]string{
		webhook.RuleURL: "url", webhook.RuleAddress: "url", webhook.RuleKinds: "kinds", webhook.RuleDescription: "description",
	}[refused.Rule]
	f.Refuse(field, sentence(refused.Message))
	return nil
}

func (h *hooks) add(v *Visit) error {
	f, err := v.Form()
	if err != nil {
		return err
	}
	head, _, err := h.head(v)
	if err == nil && !mayHear(v, head.Org.ID) {
		err = errAbsent
	}
	if err != nil {
		return err
	}
	_, secret, err := h.service.Create(v.Context(), v.Actor.Account, webhook.NewEndpoint{
		Org: head.Org.ID, URL: f.Get("url"), Kinds: listed(f.Get("kinds")), Description: f.Get("description"),
	})
	if err = refusedHook(f, err); err != nil && !f.Took(err, hookPlaces...) {
		return err
	}
	return h.list(v, f, secret) // the secret is shown once, so there is nowhere to go to
}

func (h *hooks) own(v *Visit) (OrgPage, string, webhook.Endpoint, error) {
	head, base, err := h.head(v)
	if err != nil {
		return head, base, webhook.Endpoint{}, err
	}
	e, err := h.service.Endpoint(v.Context(), v.Param("hook"))
	if errors.Is(err, webhook.ErrNotFound) || err == nil && (e.Org != head.Org.ID || !mayHear(v, e.Org)) {
		err = errAbsent
	}
	return head, base, e, err
}

func (h *hooks) act(v *Visit) error {
	f, err := v.Form()
	if err != nil {
		return err
	}
	_, base, e, err := h.own(v)
	if err != nil {
		return err
	}
	ctx, who := v.Context(), v.Actor.Account
	secret := ""
	switch v.Param("act") {
	case "confirm":
		_, err = h.service.Confirm(ctx, who, e.ID)
	case "test":
		_, err = h.service.Test(ctx, e.ID)
	case "rotate":
		_, secret, err = h.service.Rotate(ctx, who, e.ID)
	case "disable", "enable":
		on := v.Param("act") == "enable"
		_, err = h.service.Update(ctx, who, e.ID, webhook.Change{Enabled: &on})
	case "delete":
		err = h.service.Delete(ctx, who, e.ID)
	default:
		return errAbsent
	}
	if err = refusedHook(f, err); err != nil && !f.Took(err, hookPlaces...) {
		return err
	}
	if secret != "" || !f.OK() {
		return h.list(v, f, secret)
	}
	v.Note("good", v.Say(fmt.Sprintf("hooks.did.%s", v.Param("act"))))
	return v.Go(base)
}

func (h *hooks) one(v *Visit, sent *Form) error {
	head, base, e, err := h.own(v)
	if err != nil {
		return err
	}
	p := &HookPage{OrgPage: head, Base: base, Endpoint: e, Forms: newForms(base + "/" + e.ID).with(sent)}
	before, _ := strconv.ParseInt(v.Query("before"), 10, 64) // 0: the newest
	if p.Rows, err = h.service.Deliveries(v.Context(), e.ID, before, recordsPerPage+1); err != nil {
		return err
	}
	if len(p.Rows) > recordsPerPage {
		p.Rows = p.Rows[:recordsPerPage]
		p.Next = "?before=" + number64(p.Rows[recordsPerPage-1].Sequence)
	}
	if sent != nil {
		return v.Again("hook", p)
	}
	return v.Show("hook", p)
}
