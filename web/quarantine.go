package web

import (
	"net/url"

	"github.com/proofmark/proofmark/internal/auth"
	"github.com/proofmark/proofmark/registry"
)

// Quarantine is the page of the devices that are kept out, as there may be copies of
// them: operators let the real one in again.
type Quarantine struct{ devices *registry.Registry }

// NewQuarantine makes the section.
func NewQuarantine(devices *registry.Registry) *Quarantine { return &Quarantine{devices} }

// QuarantinePage lists the devices that are kept out. Whose they are it does not say:
// the decision is about the device.
type QuarantinePage struct {
	Page
	Rows  []KeptOut
	Next  string
	Forms *Forms
}

// KeptOut is a device that is kept out.
type KeptOut struct {
	registry.Device
	Model string
}

const quarantineBase = "/operator/devices"

// Mount implements Section.
func (s *Quarantine) Mount(p *Pages) {
	operator := Only(auth.RoleOperator)
	p.Get(quarantineBase, operator, func(v *Visit) error { return s.show(v, nil) })
	p.Post(quarantineBase+"/new", operator, func(v *Visit) error {
		return s.act(v, func(f *Form) error {
			err := s.devices.Quarantine(v.Context(), v.Actor.Account, f.Get("did"), f.Get("reason"))
			if err == nil {
				v.Note("good", v.Say("quarantine.kept", f.Get("did")))
			}
			return err
		})
	})
	p.Post(quarantineBase+"/{did}/lift", operator, func(v *Visit) error {
		return s.act(v, func(f *Form) error {
			did := v.Param("did")
			err := s.devices.LiftQuarantine(v.Context(), v.Actor.Account, did, f.Get("reason"))
			if err == nil {
				v.Note("good", v.Say("quarantine.lifted", did))
			}
			return err
		})
	})
}

func (s *Quarantine) act(v *Visit, do func(f *Form) error) error {
	return v.act(func(f *Form) error { return s.show(v, f) }, func(f *Form) (string, error) {
		return quarantineBase, do(f)
	}, Place{registry.ErrNotFound, "did"}, Place{registry.ErrBadRequest, "reason"})
}

func (s *Quarantine) show(v *Visit, sent *Form) error {
	found, err := s.devices.Quarantined(v.Context(), v.Query("after"), rowsPerPage+1)
	if err != nil {
		return err
	}
	p := &QuarantinePage{Page: Page{Title: v.Say("quarantine.title"), Wide: true}, Forms: newForms(quarantineBase).with(sent)}
	if len(found) > rowsPerPage {
		found = found[:rowsPerPage]
		p.Next = quarantineBase + "?" + url.Values{"after": {found[rowsPerPage-1].DID}}.Encode()
	}
	p.Forms.Of("new") // asked for here and below to see whether the one that was sent still has its place
	models := map[string]string{}
	for _, d := range found {
		if _, known := models[d.ProductID]; !known {
			product, err := s.devices.Product(v.Context(), d.ProductID)
			if err != nil {
				return err
			}
			models[d.ProductID] = product.Model
		}
		p.Rows = append(p.Rows, KeptOut{d, models[d.ProductID]})
		p.Forms.Of(d.DID + "/lift")
	}
	if sent == nil {
		return v.Show("operator-devices", p)
	}
	if !p.Forms.shown { // another operator let the device in meanwhile
		v.say(sent)
	}
	return v.Again("operator-devices", p)
}
