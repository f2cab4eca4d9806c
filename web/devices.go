package web

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/proofmark/proofmark/internal/auth"
	"github.com/proofmark/proofmark/internal/bus"
	"github.com/proofmark/proofmark/miot"
	"github.com/proofmark/proofmark/registry"
)

// Devices are the pages of prototypes: each is drawn from its spec, and moves as the
// device reports.
type Devices struct{ DevicesOptions }

// DevicesOptions are what the pages work with; all are needed but Now.
type DevicesOptions struct {
	Registry *registry.Registry
	Bus      bus.Bus
	Now      func() time.Time
}

// NewDevices makes the section.
func NewDevices(o DevicesOptions) *Devices {
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Devices{o}
}

// Mount implements Section.
func (s *Devices) Mount(p *Pages) {
	const at = "/devices/{did}"
	p.Get(at, LoggedIn, s.show)
	p.Get(at+"/live", LoggedIn, s.live)
	p.Get(at+"/history/{siid}/{piid}", LoggedIn, s.history)
	p.Post(at+"/properties/{siid}/{piid}", LoggedIn, s.set)
	p.Post(at+"/actions/{siid}/{aiid}", LoggedIn, s.invoke)
}

// watched is a device that the visitor may see: its owner's, of an organisation whose
// product it is, or an operator's. To others it is not there.
func (s *Devices) watched(v *Visit) (registry.Device, registry.Product, error) {
	d, err := s.Registry.Device(v.Context(), v.Param("did"))
	if err != nil {
		return d, registry.Product{}, err
	}
	p, err := s.Registry.Product(v.Context(), d.ProductID)
	if err != nil {
		return d, p, err
	}
	theirs := d.Account != "" && d.Account == v.Actor.Account
	prototype := d.Account == "" && v.Actor.MemberOf(p.Org) // one that was sold is its owner's alone
	if !theirs && !prototype && !v.Actor.Is(auth.RoleOperator) {
		return d, p, errAbsent
	}
	return d, p, nil
}

// specOf is the document that a device was made for.
func (s *Devices) specOf(ctx context.Context, d registry.Device) (*miot.Spec, error) {
	version, err := s.Registry.Spec(ctx, d.SpecID)
	if err != nil {
		return nil, err
	}
	return miot.Parse(version.Document)
}

func (s *Devices) show(v *Visit) error {
	ctx := v.Context()
	d, product, err := s.watched(v)
	if err != nil {
		return err
	}
	spec, err := s.specOf(ctx, d)
	if err != nil {
		return err
	}
	twin, err := s.Registry.Twin(ctx, d.DID)
	if err != nil {
		return err
	}
	state, err := s.Registry.Presence(ctx, d.DID)
	if err != nil {
		return err
	}
	p := &DevicePage{
		Page: Page{Title: cmp.Or(d.Name, d.DID), Wide: true, Live: true}, Name: cmp.Or(d.Name, d.DID), Presence: PresenceView{Online: state.Online}, Live: true,
		About: strings.Trim(d.Info.Model+" · "+d.Info.Firmware, " ·"),
	}
	if v.Actor.MemberOf(product.Org) {
		p.Product = &product
	}
	p.Device = Draw(d.DID, spec, s.drawing(d.DID, twin, v))
	if err := s.plot(v, d, spec, p); err != nil {
		return err
	}
	return v.Show("device", p)
}

func (s *Devices) drawing(did string, twin registry.Twin, v *Visit) Drawing {
	at := "/devices/" + did
	d := Drawing{
		Set:     func(siid, piid int) string { return fmt.Sprintf("%s/properties/%d/%d", at, siid, piid) },
		Invoke:  func(siid, aiid int) string { return fmt.Sprintf("%s/actions/%d/%d", at, siid, aiid) },
		History: func(siid, piid int) string { return fmt.Sprintf("%s?plot=%d.%d#plot", at, siid, piid) },
		Values:  map[[2]int]json.RawMessage{}, Wishes: map[[2]int]string{},
	}
	for _, value := range twin.Reported {
		d.Values[[2]int{value.SIID, value.PIID}] = value.Value
	}
	for _, wish := range twin.Desired {
		d.Wishes[[2]int{wish.SIID, wish.PIID}] = v.Say("device.wish", string(wish.Value), clock(wish.ExpiresAt))
	}
	return d
}

// member is a pair of iids of the address.
func (v *Visit) member(first, second string) (int, int, error) {
	a, errA := strconv.Atoi(v.Param(first))
	b, errB := strconv.Atoi(v.Param(second))
	if errA != nil || errB != nil {
		return 0, 0, errAbsent
	}
	return a, b, nil
}

// set writes a property and says what became of it: done, refused with the reason,
// kept until the device is back, or no answer in time.
func (s *Devices) set(v *Visit) error {
	d, _, err := s.watched(v)
	if err != nil {
		return err
	}
	siid, piid, err := v.member("siid", "piid")
	if err != nil {
		return err
	}
	spec, err := s.specOf(v.Context(), d)
	if err != nil {
		return err
	}
	property, ok := spec.Property(siid, piid)
	if !ok {
		return errAbsent
	}
	f, err := v.Form()
	if err != nil {
		return err
	}
	value := typedValue(property, last(f.Values["value"]))
	said := s.write(v, d, miot.PropertyValue{DID: d.DID, SIID: siid, PIID: piid, Value: value}, property)
	if v.r.Header.Get("Hx-Request") == "" {
		v.Note(said.Kind, said.Text)
		return v.Go("/devices/" + d.DID)
	}
	twin, err := s.Registry.Twin(v.Context(), d.DID)
	if err != nil {
		return err
	}
	drawing := s.drawing(d.DID, twin, v)
	if said.Kind == "good" {
		drawing.Values[[2]int{siid, piid}] = value // its report may still be on the way
	}
	c := drawProperty(siid, property, drawing)
	c.Said = &said
	return v.part("device", "control", c)
}

// last is what a box and the hidden field before it come to.
func last(values []string) string {
	if len(values) == 0 {
		return ""
	}
	return values[len(values)-1]
}

// write sets a property. A device that is away gets it when it is back, if it can
// be read as well: else nobody could see that it came.
func (s *Devices) write(v *Visit, d registry.Device, value miot.PropertyValue, p *miot.Property) Note {
	ctx := v.Context()
	results, err := s.Registry.SetProperties(ctx, d.DID, []miot.PropertyValue{value})
	switch {
	case errors.Is(err, registry.ErrOffline) && p.Readable():
		wish, err := s.Registry.Desire(ctx, d.DID, value.SIID, value.PIID, value.Value, 0)
		if err != nil {
			return Note{"bad", sentence(plain(err))}
		}
		return Note{"info", v.Say("device.queued", clock(wish.ExpiresAt))}
	case err != nil:
		return s.unanswered(v, err)
	case len(results) == 1 && !results[0].Code.OK():
		return Note{"bad", v.Say("device.rejected", results[0].Code.Meaning().String())}
	}
	return Note{"good", v.Say("device.done")}
}

func (s *Devices) unanswered(v *Visit, err error) Note {
	switch {
	case errors.Is(err, registry.ErrOffline):
		return Note{"bad", v.Say("device.said-offline")}
	case errors.Is(err, registry.ErrTimeout):
		return Note{"bad", v.Say("device.expired")}
	}
	return Note{"bad", sentence(plain(err))}
}

func (s *Devices) invoke(v *Visit) error {
	d, _, err := s.watched(v)
	if err != nil {
		return err
	}
	siid, aiid, err := v.member("siid", "aiid")
	if err != nil {
		return err
	}
	spec, err := s.specOf(v.Context(), d)
	if err != nil {
		return err
	}
	service, ok := spec.Service(siid)
	if !ok {
		return errAbsent
	}
	action, ok := service.Action(aiid)
	if !ok {
		return errAbsent
	}
	f, err := v.Form()
	if err != nil {
		return err
	}
	var in []miot.Argument
	for i, piid := range action.In {
		p, ok := service.Property(piid)
		if !ok || i >= len(f.Values["arg"]) {
			return fmt.Errorf("%w: action %d.%d takes %d arguments", errUnreadable, siid, aiid, len(action.In))
		}
		in = append(in, miot.Argument{PIID: piid, Value: typedValue(p, f.Values["arg"][i])})
	}
	said := Note{"good", v.Say("device.done")}
	result, err := s.Registry.Invoke(v.Context(), d.DID, siid, aiid, in)
	switch {
	case err != nil:
		said = s.unanswered(v, err)
	case !result.Code.OK():
		said = Note{"bad", v.Say("device.rejected", result.Code.Meaning().String())}
	}
	if v.r.Header.Get("Hx-Request") == "" {
		v.Note(said.Kind, said.Text)
		return v.Go("/devices/" + d.DID)
	}
	view := drawAction(service, action, s.drawing(d.DID, registry.Twin{}, v))
	view.Said = &said
	return v.part("device", "device-action", view)
}

// live sends what the device reports to its open page.
func (s *Devices) live(v *Visit) error {
	d, _, err := s.watched(v)
	if err != nil {
		return err
	}
	spec, err := s.specOf(v.Context(), d)
	if err != nil {
		return err
	}
	token := bus.Token(d.DID)
	return v.follow(s.Bus, []string{"device." + token + ".changed", "device." + token + ".presence"}, func(m bus.Message, send func(event, page, part string, data any) error) (bool, error) {
		if _, _, err := s.watched(v); err != nil {
			return true, nil // it has changed hands
		}
		if m.Subject == "" || strings.HasSuffix(m.Subject, ".presence") {
			state, err := s.Registry.Presence(v.Context(), d.DID)
			if err != nil {
				return false, err
			}
			return false, send("presence", "device", "device-presence", PresenceView{state.Online, true})
		}
		var changed registry.Changed
		if err := json.Unmarshal(m.Data, &changed); err != nil {
			return false, err
		}
		return false, s.sendValues(v, d.DID, spec, changed, send)
	})
}

// mostPlotted bounds the points of a plot.
const mostPlotted = 5000

// spans are the choices of time of a plot.
var spans = []struct {
	name string
	time.Duration
}{{"day", 24 * time.Hour}, {"week", 7 * 24 * time.Hour}, {"month", 30 * 24 * time.Hour}}

// plot puts the history of the property into the page that its address asks for.
func (s *Devices) plot(v *Visit, d registry.Device, spec *miot.Spec, p *DevicePage) error {
	first, second, ok := strings.Cut(v.Query("plot"), ".")
	siid, errA := strconv.Atoi(first)
	piid, errB := strconv.Atoi(second)
	if !ok || errA != nil || errB != nil {
		return nil
	}
	property, ok := spec.Property(siid, piid)
	if !ok || !property.Format.Numeric() {
		return nil
	}
	span := spans[0]
	for _, x := range spans {
		if x.name == v.Query("span") {
			span = x
		}
	}
	at := fmt.Sprintf("/devices/%s/history/%d/%d", d.DID, siid, piid)
	plot := &PlotView{
		Name: named(property.Description, property.Name()), Unit: unitSign(property.Unit), Source: at + "?span=" + span.name,
		CSV: fmt.Sprintf("/api/v1/devices/%s/history?siid=%d&iid=%d&format=csv", d.DID, siid, piid),
	}
	for _, x := range spans {
		plot.Spans = append(plot.Spans, SpanView{x.name, fmt.Sprintf("/devices/%s?plot=%d.%d&span=%s#plot", d.DID, siid, piid, x.name), x.name == span.name})
	}
	rows, err := s.points(v.Context(), d.DID, siid, piid, span.Duration)
	if err != nil {
		return err
	}
	if plot.Empty = len(rows) == 0; !plot.Empty {
		lo, hi := rows[0][1], rows[0][len(rows[0])-1]
		for _, row := range rows {
			lo, hi = min(lo, row[1]), max(hi, row[len(row)-1])
		}
		end := rows[len(rows)-1]
		show := func(f float64) string { return strings.TrimSpace(strconv.FormatFloat(f, 'g', 6, 64) + " " + plot.Unit) }
		plot.Lowest, plot.Highest, plot.Last = show(lo), show(hi), show(end[len(end)/2])
	}
	p.Plot = plot
	return nil
}

// points are what a plot draws: [seconds, value] of a day, and [seconds, lowest, mean,
// highest] of each hour of more.
func (s *Devices) points(ctx context.Context, did string, siid, piid int, span time.Duration) ([][]float64, error) {
	to := s.Now()
	rows := [][]float64{}
	if span > 24*time.Hour {
		found, err := s.Registry.Summary(ctx, did, siid, piid, registry.Hourly, to.Add(-span), to)
		for _, b := range found {
			rows = append(rows, []float64{float64(b.Start.Unix()), b.Min, b.Mean, b.Max})
		}
		return rows, err
	}
	q := registry.HistoryQuery{DID: did, SIID: siid, IID: piid, Method: registry.MethodProperties, From: to.Add(-span), To: to, Limit: mostPlotted}
	err := s.Registry.History(ctx, q, func(p registry.Point) bool {
		var f float64
		if json.Unmarshal(p.Value, &f) == nil {
			rows = append(rows, []float64{float64(p.At.UnixMilli()) / 1000, f})
		}
		return true
	})
	return rows, err
}

func (s *Devices) history(v *Visit) error {
	d, _, err := s.watched(v)
	if err != nil {
		return err
	}
	siid, piid, err := v.member("siid", "piid")
	if err != nil {
		return err
	}
	span := spans[0].Duration
	for _, x := range spans {
		if x.name == v.Query("span") {
			span = x.Duration
		}
	}
	rows, err := s.points(v.Context(), d.DID, siid, piid, span)
	if err != nil {
		return err
	}
	secure(v.w.Header())
	v.w.Header().Set("Content-Type", "application/json")
	v.w.WriteHeader(http.StatusOK)
	return json.NewEncoder(v.w).Encode(rows)
}

// sendValues replaces the controls whose values were reported.
func (s *Devices) sendValues(v *Visit, did string, spec *miot.Spec, changed registry.Changed, send func(event, page, part string, data any) error) error {
	if changed.Method != registry.MethodProperties {
		return nil
	}
	twin, err := s.Registry.Twin(v.Context(), did)
	if err != nil {
		return err
	}
	drawing := s.drawing(did, twin, v)
	for _, item := range changed.Items {
		p, ok := spec.Property(item.SIID, item.IID)
		if !ok || item.SIID == 1 {
			continue
		}
		drawing.Values[[2]int{item.SIID, item.IID}] = item.Value
		c := drawProperty(item.SIID, p, drawing)
		c.OOB = true
		if err := send("value", "device", "control", c); err != nil {
			return err
		}
	}
	return nil
}
