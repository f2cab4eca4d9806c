package certification

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// gateRules close the gate.
var gateRules = []Rule{
	{"gate-closed", "A listing needs an active certificate of its model that holds through the deadline and the shipping, and for each region it sells to a verified document of every scheme asked for there, covering the model and every certified hardware revision, for as long."},
}

// GateQuestion is what a listing asks of the programme, again and again.
type GateQuestion struct {
	Org     string    // org_… that lists
	Model   string    // vendor and product
	Regions []string  // where it sells
	Until   time.Time // through when it has to hold: deadline and shipping
}

// GateStore is what the gate looks at.
type GateStore interface {
	// CertificatesOf a model, whatever their state.
	CertificatesOf(ctx context.Context, model string) ([]Certificate, error)
	RegulatoryOf(ctx context.Context, org string, state RegulatoryState) ([]RegulatoryDocument, error)
}

// gateFresh is how long an answer's facts are believed where no event told this
// process of a change: events are at most once, and this is the net below them.
const gateFresh = time.Second

// Gate says whether a model may be offered now. Nothing of it is copied into a
// listing: who depends on it asks again on every event.
type Gate struct {
	store GateStore
	now   func() time.Time

	mu    sync.Mutex
	facts map[string]gateFacts // by organisation and model
	age   uint64               // counts what was forgotten
}

type gateFacts struct {
	certificates []Certificate
	papers       []RegulatoryDocument
	read         time.Time
}

// gateMost bounds the memory of the gate.
const gateMost = 10_000

// NewGate makes one; a nil clock is time.Now.
func NewGate(store GateStore, now func() time.Time) *Gate {
	if now == nil {
		now = time.Now
	}
	return &Gate{store: store, now: now, facts: map[string]gateFacts{}}
}

// Check gives the certificate on which the listing may stand, or a Refusal that
// names every reason. Any other error means that it could not be told.
func (g *Gate) Check(ctx context.Context, q GateQuestion) (Certificate, error) {
	facts, err := g.look(ctx, q)
	if err != nil {
		return Certificate{}, fmt.Errorf("gate of %s: %w", q.Model, err)
	}
	return Admit(q, facts.certificates, facts.papers, g.now())
}

// Holds gives the newest certificate of an organisation's model that holds now, or a
// Refusal that says why none does: what whoever makes or updates devices stands on.
func (g *Gate) Holds(ctx context.Context, org, model string) (Certificate, error) {
	facts, err := g.look(ctx, GateQuestion{Org: org, Model: model})
	if err != nil {
		return Certificate{}, fmt.Errorf("gate of %s: %w", model, err)
	}
	now := g.now()
	why := fmt.Sprintf("organisation %s has no certificate for the model %s", org, model)
	for _, c := range slices.Backward(facts.certificates) {
		if c.Org != org {
			continue
		}
		if no := c.stands(now); no != "" {
			why = no
			continue
		}
		return c, nil
	}
	return Certificate{}, Refuse(ErrState, "gate-closed", "%s", why)
}

// stands says why a certificate does not hold now; empty: it does. One whose last day
// has passed does not, whether or not the programme's clock has said so yet.
func (c *Certificate) stands(now time.Time) string {
	switch {
	case c.State != Active:
		return strings.TrimRight(fmt.Sprintf("certificate %s is %s since %s: %s", c.Serial, c.State, day(c.Since), c.Reason), ": ")
	case !c.ExpiresAt.After(now):
		return fmt.Sprintf("certificate %s expired on %s", c.Serial, day(c.ExpiresAt))
	}
	return ""
}

// Forget drops what is remembered, because something has changed.
func (g *Gate) Forget() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.age++
	clear(g.facts)
}

func (g *Gate) look(ctx context.Context, q GateQuestion) (gateFacts, error) {
	key := q.Org + " " + q.Model
	now := g.now()
	g.mu.Lock()
	facts, known := g.facts[key]
	age := g.age
	g.mu.Unlock()
	if known && now.Sub(facts.read) < gateFresh {
		return facts, nil
	}
	facts = gateFacts{read: now}
	var err error
	if facts.certificates, err = g.store.CertificatesOf(ctx, q.Model); err != nil {
		return facts, err
	}
	if facts.papers, err = g.store.RegulatoryOf(ctx, q.Org, RegulatoryVerified); err != nil {
		return facts, err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.age == age { // otherwise it may have been read before the change
		if len(g.facts) >= gateMost {
			clear(g.facts)
		}
		g.facts[key] = facts
	}
	return facts, nil
}

// Admit is the gate's judgement, of facts alone: the certificate that carries the
// listing, or why none does.
func Admit(q GateQuestion, certificates []Certificate, papers []RegulatoryDocument, now time.Time) (Certificate, error) {
	var reasons []string
	for _, c := range slices.Backward(certificates) {
		if c.Org != q.Org {
			continue
		}
		why := carries(c, q, papers, now)
		if len(why) == 0 {
			return c, nil
		}
		if reasons == nil || c.State == Active {
			reasons = why
		}
	}
	if reasons == nil {
		reasons = []string{fmt.Sprintf("organisation %s has no certificate for the model %s", q.Org, q.Model)}
	}
	return Certificate{}, Refuse(ErrState, "gate-closed", "%s", strings.Join(reasons, "; "))
}

// carries says why a certificate does not carry the listing.
func carries(c Certificate, q GateQuestion, papers []RegulatoryDocument, now time.Time) (why []string) {
	switch {
	case c.Model != q.Model:
		return []string{fmt.Sprintf("certificate %s is of the model %s", c.Serial, c.Model)}
	case c.State != Active:
		return []string{strings.TrimRight(fmt.Sprintf("certificate %s is %s since %s: %s", c.Serial, c.State, day(c.Since), c.Reason), ": ")}
	case !c.ExpiresAt.After(q.Until):
		why = append(why, fmt.Sprintf("certificate %s expires on %s, it has to hold until %s", c.Serial, day(c.ExpiresAt), day(q.Until)))
	}
	if len(q.Regions) == 0 {
		why = append(why, "no region is named to sell in")
	}
	for _, region := range q.Regions {
		switch {
		case !slices.Contains(c.Regions, region):
			why = append(why, fmt.Sprintf("certificate %s is not for the region %s", c.Serial, region))
		case slices.Contains(c.LostRegions, region):
			why = append(why, fmt.Sprintf("certificate %s has lost the region %s", c.Serial, region))
		default:
			if stand := StandIn(region, c.Model, c.Hardware, true, papers, now, q.Until); !stand.Holds {
				why = append(why, region+": "+strings.Join(stand.Missing, ", "))
			}
		}
	}
	return why
}
