package health

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/registry"
)

// View is how the delivered devices of a product are.
type View struct {
	Product   registry.Product `json:"-"`
	Fleets    []Fleet          `json:"fleets"`    // per firmware, the one with the most devices first
	Standings []Standing       `json:"standings"` // of every firmware and rule that was broken, the worst first
	Flags     []Flag           `json:"flags"`     // the newest first
	Next      []Step           `json:"next"`      // what the programme does next

	certificates []certification.Certificate
}

// Fleet is how many devices run a firmware.
type Fleet struct {
	Firmware   string    `json:"firmware"`
	Serial     string    `json:"serial,omitempty"` // of the newest certificate that names it; absent: none does
	State      string    `json:"state,omitempty"`  // of that certificate
	Day        time.Time `json:"day"`              // the last day on which there were any, UTC
	Devices    int64     `json:"devices"`          // on that day
	DeviceDays int64     `json:"device_days"`      // within 30 days
	Days       []Alive   `json:"days"`             // in their order
}

// Alive is how many devices were there on a UTC day.
type Alive struct {
	Day     time.Time `json:"day"`
	Devices int64     `json:"devices"`
}

func names(c certification.Certificate, firmware string) bool {
	return slices.ContainsFunc(c.Firmware, func(f certification.Firmware) bool { return f.Version == firmware })
}

// look reads and judges everything of a product.
func (d *Desk) look(ctx context.Context, product string) (View, error) {
	var v View
	var err error
	if v.Product, err = d.store.Product(ctx, product); err != nil {
		return v, err
	}
	if v.certificates, err = d.store.CertificatesOf(ctx, v.Product.Model); err != nil {
		return v, err
	}
	if v.Flags, err = d.store.FlagsOf(ctx, product, 100); err != nil {
		return v, err
	}
	cells, err := d.store.FieldCells(ctx, product, dayOf(d.now().Add(-Window)))
	if err != nil {
		return v, err
	}
	v.Fleets = fleets(cells, v.certificates)
	v.Standings = standings(cells, v.certificates, func(firmware, rule string) time.Time { return v.begins(firmware, rule) })
	return v, nil
}

// begins is the first day that counts for a firmware and rule: after a decision, and
// after its certificate was reinstated, the evidence starts anew.
func (v *View) begins(firmware, rule string) (first time.Time) {
	for _, f := range v.Flags {
		if f.Firmware == firmware && f.Rule == rule && f.State != Open {
			first = later(first, dayOf(f.DecidedAt).AddDate(0, 0, 1), dayOf(f.QuietUntil))
		}
	}
	if c := carrier(v.certificates, Standing{Firmware: firmware, Rule: rule}); c != nil && c.Since.After(c.IssuedAt) {
		first = later(first, dayOf(c.Since).AddDate(0, 0, 1))
	}
	return first
}

func later(first time.Time, others ...time.Time) time.Time {
	for _, t := range others {
		if t.After(first) {
			first = t
		}
	}
	return first
}

func fleets(cells []Cell, certificates []certification.Certificate) []Fleet {
	by := map[string]*Fleet{}
	for _, c := range cells { // in the order of their days
		if c.Rule != "" {
			continue
		}
		f := by[c.Firmware]
		if f == nil {
			f = &Fleet{Firmware: c.Firmware}
			by[c.Firmware] = f
			for _, cert := range slices.Backward(certificates) {
				if names(cert, c.Firmware) {
					f.Serial, f.State = cert.Serial, string(cert.State)
					break
				}
			}
		}
		f.Day, f.Devices = c.Day, c.Devices
		f.DeviceDays += c.Devices
		f.Days = append(f.Days, Alive{c.Day, c.Devices})
	}
	out := make([]Fleet, 0, len(by))
	for _, f := range by {
		out = append(out, *f)
	}
	slices.SortFunc(out, func(a, b Fleet) int {
		return cmp.Or(cmp.Compare(b.Devices, a.Devices), cmp.Compare(a.Firmware, b.Firmware))
	})
	return out
}

// standings judges every firmware by every rule that it broke, from its first day that counts.
func standings(cells []Cell, certificates []certification.Certificate, begins func(firmware, rule string) time.Time) []Standing {
	type key struct {
		firmware string
		day      time.Time
	}
	there := map[key]int64{}
	broken := map[[2]string]map[time.Time]Cell{}
	var days []time.Time
	for _, c := range cells {
		if c.Rule == "" {
			there[key{c.Firmware, c.Day}] = c.Devices
		} else {
			k := [2]string{c.Firmware, c.Rule}
			if broken[k] == nil {
				broken[k] = map[time.Time]Cell{}
			}
			broken[k][c.Day] = c
		}
		if len(days) == 0 || !days[len(days)-1].Equal(c.Day) {
			days = append(days, c.Day)
		}
	}
	var out []Standing
	for k, by := range broken {
		r, ok := RuleOf(k[1])
		if !ok {
			continue
		}
		from := begins(k[0], k[1])
		var seen []Day
		for _, d := range days {
			n, b := there[key{k[0], d}], by[d]
			if d.Before(from) || n == 0 && b.Devices == 0 {
				continue
			}
			seen = append(seen, Day{d, n, b.Devices, b.Events})
		}
		if s := Judge(seen, r); s.Violating > 0 {
			s.Firmware = k[0]
			out = append(out, s)
		}
	}
	if s, ok := foreign(cells, days, certificates, begins); ok {
		out = append(out, s)
	}
	slices.SortFunc(out, func(a, b Standing) int {
		return cmp.Or(cmp.Compare(b.Run.Score, a.Run.Score), cmp.Compare(a.Firmware, b.Firmware), cmp.Compare(a.Rule, b.Rule))
	})
	return out
}

// foreign judges how many devices run a firmware that no certificate names. A model
// without certificates has no such rule.
func foreign(cells []Cell, days []time.Time, certificates []certification.Certificate, begins func(firmware, rule string) time.Time) (Standing, bool) {
	if len(certificates) == 0 {
		return Standing{}, false
	}
	by := map[time.Time]*Day{}
	most, devices := "", int64(0)
	for _, c := range cells {
		if c.Rule != "" {
			continue
		}
		d := by[c.Day]
		if d == nil {
			d = &Day{Day: c.Day}
			by[c.Day] = d
		}
		d.Devices += c.Devices
		if !slices.ContainsFunc(certificates, func(cert certification.Certificate) bool { return names(cert, c.Firmware) }) {
			d.Violating += c.Devices
			d.Events += c.Events
			if c.Devices > devices {
				most, devices = c.Firmware, c.Devices
			}
		}
	}
	from := begins(most, Foreign)
	var seen []Day
	for _, d := range days {
		if b := by[d]; b != nil && !d.Before(from) {
			seen = append(seen, *b)
		}
	}
	r, _ := RuleOf(Foreign)
	s := Judge(seen, r)
	s.Firmware = most
	return s, s.Violating > 0
}

// View is how the delivered devices of a product are, for its maker and for those
// who review.
func (d *Desk) View(ctx context.Context, product string) (View, error) {
	v, err := d.look(ctx, product)
	for i := range v.Flags {
		v.Flags[i] = v.Flags[i].Public()
	}
	v.Next = Outlook(v.Standings, v.Flags, v.certificates, d.now())
	return v, err
}

// Devices are those that broke a rule within the window, with the bytes that show
// it. Their maker sees a device by its alias and its bytes redacted, unless its
// owner consented.
func (d *Desk) Devices(ctx context.Context, a certification.Actor, p registry.Product, firmware, rule string, limit int) ([]Evidence, error) {
	if _, ok := RuleOf(rule); !ok {
		return nil, certification.Refuse(certification.ErrInvalid, "health-rule", "there is no rule %q of field health: docs/field-health.md lists them", rule)
	}
	cell := Cell{Product: p.ID, Firmware: firmware, Rule: rule, Day: dayOf(d.now().Add(-Window))}
	if rule == Foreign {
		cell.Rule = ""
	}
	found, err := d.store.Offenders(ctx, cell, limit)
	if err != nil || !a.Of(p.Org) && (a.Reviewer || a.Operator) {
		return found, err
	}
	for i := range found {
		if err := d.redact(ctx, &found[i]); err != nil {
			return nil, err
		}
	}
	return found, nil
}

// redact hides a device from its maker, where its owner did not consent.
func (d *Desk) redact(ctx context.Context, e *Evidence) error {
	_, err := d.store.Consent(ctx, e.Device)
	if !errors.Is(err, registry.ErrNotFound) {
		return err
	}
	alias, err := d.store.Alias(ctx, e.Device)
	if err != nil {
		return fmt.Errorf("alias of a device: %w", err)
	}
	e.Last, e.Device, e.Redacted = Redact(e.Last, e.Device, alias), alias, true
	return nil
}

// Consent says since when the owner lets the maker see which device it is; zero: never.
func (d *Desk) Consent(ctx context.Context, did string) (time.Time, error) {
	at, err := d.store.Consent(ctx, did)
	if errors.Is(err, registry.ErrNotFound) {
		return time.Time{}, nil
	}
	return at, err
}

// SetConsent gives or takes the owner's consent. It ends when the device changes hands.
func (d *Desk) SetConsent(ctx context.Context, did, account string, given bool) error {
	if given {
		return d.store.GiveConsent(ctx, did, account, d.now())
	}
	return d.store.TakeConsent(ctx, did)
}
