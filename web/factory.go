package web

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"

	"github.com/proofmark/proofmark/campaigns"
	"github.com/proofmark/proofmark/internal/auth"
	"github.com/proofmark/proofmark/registry"
	"github.com/proofmark/proofmark/registry/factory"
)

// FactoryPage is how more devices of a product are made.
type FactoryPage struct {
	ProductHead
	Left     int64
	Quota    factory.Quota
	Funded   int64
	Sources  []FundedView // what Funded is the sum of
	Grants   []factory.Grant
	Batches  []factory.Batch
	RowErrs  factory.RowErrors // of a file that was sent
	Operator bool
	Forms    *Forms
}

// FundedView is what one campaign adds to the allowance.
type FundedView struct {
	Campaign campaigns.Campaign
	Paid     int64 // units that were paid for, without those cancelled
}

// Units are all that the campaign allows.
func (f FundedView) Units() int64 { return f.Paid + f.Campaign.Spares }

// Granted are the units that operators granted.
func (p *FactoryPage) Granted() int64 { return p.Quota.Granted }

// mostImport bounds a file of devices, in bytes.
const mostImport = 4 << 20

func (s *Fleets) mountFactory(p *Pages, member Access) {
	const at = "/products/{product}/factory"
	p.Get(at, member, func(v *Visit) error { return s.factory(v, nil, nil) })
	p.Post(at+"/batches", member, s.makeBatch)
	p.Post(at+"/batches/{batch}/manifest", member, s.deliver)
	p.Post(at+"/batches/{batch}/revoke", member, func(v *Visit) error {
		return v.act(func(f *Form) error { return s.factory(v, f, nil) }, func(f *Form) (string, error) {
			b, head, err := s.ownBatch(v)
			if err != nil {
				return "", err
			}
			if reason := f.Get("reason"); len(reason) < 3 || len(reason) > 500 {
				f.Refuse("reason", v.Say("factory.want-reason"))
				return "", nil
			}
			err = s.Factory.Revoke(v.Context(), v.Actor.Account, b.ID, f.Get("reason"))
			return factoryPath(head), f.told(err)
		}, Place{registry.ErrInUse, ""})
	})
	p.Post(at+"/import", member, s.importDevices)
}

func factoryPath(head ProductHead) string { return "/products/" + head.Product.ID + "/factory" }

func (s *Fleets) factory(v *Visit, sent *Form, wrong factory.RowErrors) error {
	head, err := s.product(v, v.Param("product"), "factory", v.Say("factory.title"))
	if err != nil {
		return err
	}
	ctx, product := v.Context(), head.Product
	p := &FactoryPage{ProductHead: head, RowErrs: wrong, Operator: v.Actor.Is(auth.RoleOperator), Forms: newForms(factoryPath(head)).with(sent)}
	if p.Left, p.Quota, p.Funded, err = s.Factory.Allowance(ctx, product.ID); err != nil {
		return err
	}
	if p.Grants, err = s.Factory.Store.Grants(ctx, product.ID); err != nil {
		return err
	}
	if p.Batches, err = s.Factory.Store.Batches(ctx, product.ID); err != nil {
		return err
	}
	slices.Reverse(p.Batches)
	all, err := s.Desk.CampaignsOf(ctx, v.party(), product.Org, "", mostListed)
	if err != nil && !errors.Is(err, registry.ErrNotFound) {
		return err
	}
	for _, c := range all {
		if c.Model != product.Model || c.State != campaigns.CampaignSucceeded && c.State != campaigns.CampaignFulfilling && c.State != campaigns.CampaignCompleted {
			continue
		}
		x, err := s.Desk.Shown(ctx, v.party(), c.ID)
		if err != nil {
			return err
		}
		p.Sources = append(p.Sources, FundedView{c, x.Counter.Paid - x.Counter.Cancelled})
	}
	if sent != nil {
		return v.Again("factory", p)
	}
	return v.Show("factory", p)
}

func (s *Fleets) makeBatch(v *Visit) error {
	return v.act(func(f *Form) error { return s.factory(v, f, nil) }, func(f *Form) (string, error) {
		head, err := s.product(v, v.Param("product"), "factory", "")
		if err != nil {
			return "", err
		}
		units := wholeNumber(v, f, "units", 1, factory.MostUnits)
		if !f.OK() {
			return "", nil
		}
		return v.Once(f, func() (string, error) {
			_, err := s.Factory.Make(v.Context(), v.Actor.Account, head.Product.ID, units, f.Get("recipient"))
			return factoryPath(head) + "#batches", err
		})
	}, Place{registry.ErrBadRequest, "recipient"}, Place{registry.ErrFull, "units"}, Place{registry.ErrForbidden, ""})
}

// ownBatch is a batch of the product in the address, which is the visitor's.
func (s *Fleets) ownBatch(v *Visit) (factory.Batch, ProductHead, error) {
	head, err := s.product(v, v.Param("product"), "factory", "")
	if err != nil {
		return factory.Batch{}, head, err
	}
	b, err := s.Factory.Store.Batch(v.Context(), v.Param("batch"))
	if err == nil && b.ProductID != head.Product.ID {
		err = errAbsent
	}
	return b, head, err
}

// deliver hands the sealed manifest over, once: as the age file that it is.
func (s *Fleets) deliver(v *Visit) error {
	f, err := v.Form()
	if err != nil {
		return err
	}
	b, _, err := s.ownBatch(v)
	if err != nil {
		return err
	}
	_, sealed, err := s.Factory.Deliver(v.Context(), v.Actor.Account, b.ID)
	if err != nil {
		if err = f.told(err); err != nil {
			return err
		}
		return s.factory(v, f, nil)
	}
	h := v.Header()
	h.Set("Content-Type", "application/octet-stream")
	h.Set("Content-Disposition", fmt.Sprintf("attachment; filename=%q", b.ID+".age"))
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	_, _ = v.w.Write(sealed) // the client is gone, or it has it
	return nil
}

// importDevices checks a file of devices that were made elsewhere; an operator
// registers them as well, because they are beyond any allowance.
func (s *Fleets) importDevices(v *Visit) error {
	f, err := v.FormWithFiles(mostImport + mostForm)
	if err != nil {
		return err
	}
	var wrong factory.RowErrors
	return v.actOn(f, func(f *Form) error { return s.factory(v, f, wrong) }, func(f *Form) (string, error) {
		head, err := s.product(v, v.Param("product"), "factory", "")
		if err != nil {
			return "", err
		}
		file, err := v.bytesOf("file", mostImport)
		if err != nil {
			return "", err
		}
		if f.Get("do") == "import" && v.Actor.Is(auth.RoleOperator) {
			if reason := f.Get("reason"); len(reason) < 3 || len(reason) > 500 {
				f.Refuse("reason", v.Say("factory.want-reason"))
				return "", nil
			}
			_, err = s.Factory.Import(v.Context(), v.Actor.Account, head.Product.ID, f.Get("reason"), file)
		} else {
			var n int
			if n, err = s.Factory.Check(v.Context(), head.Product.ID, file); err == nil {
				v.Note("good", v.Say("factory.file-good", n))
			}
		}
		if errors.As(err, &wrong) {
			f.Refuse("file", v.Say("factory.file-bad", len(wrong)))
			return "", nil
		}
		return factoryPath(head) + "#batches", err
	}, append(filePlaces[:len(filePlaces):len(filePlaces)], Place{registry.ErrBadRequest, "file"}, Place{registry.ErrExists, "file"})...)
}

// bytesOf is a small file of a form.
func (v *Visit) bytesOf(field string, most int64) ([]byte, error) {
	file, head, err := v.r.FormFile(field)
	if errors.Is(err, http.ErrMissingFile) {
		return nil, errNoFile
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errUnreadable, err)
	}
	defer file.Close()
	b, err := io.ReadAll(io.LimitReader(file, most+1))
	if err == nil && int64(len(b)) > most {
		err = fmt.Errorf("%w: %q has more than %s", errFileLarge, head.Filename, byteSize(most))
	}
	return b, err
}
