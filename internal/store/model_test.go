package store_test

import (
	"encoding/json"
	"errors"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/proofmark/proofmark/registry"
)

// TestDesiredAndCredentialsFollowTheirModel runs any sequence of calls against
// the store and against a map, and compares what both hold after each.
func TestDesiredAndCredentialsFollowTheirModel(t *testing.T) {
	eachEngine(t, func(t *testing.T, db *storeDB) {
		rapid.Check(t, few(40, func(rt *rapid.T) {
			m := &model{t: t, r: db.Registry(), did: db.device(t), at: now}
			rt.Repeat(map[string]func(*rapid.T){
				"wish": m.wish, "end a wish": m.endWish, "time passes": m.pass,
				"add a credential": m.addCredential, "use a credential": m.useCredential, "revoke a credential": m.revokeCredential,
				"": m.check,
			})
		}))
	})
}

type model struct {
	t           *testing.T
	r           registry.Store
	did         string
	at          time.Time
	wishes      []registry.Desired
	credentials []registry.Credential
}

func (m *model) wish(t *rapid.T) {
	d := newDesired(m.did)
	d.PIID = rapid.IntRange(1, 3).Draw(t, "piid")
	d.Value = json.RawMessage(rapid.SampledFrom([]string{"1", "2.50", `"x"`}).Draw(t, "value"))
	d.CreatedAt, d.ExpiresAt = m.at, m.at.Add(time.Duration(rapid.IntRange(1, 5).Draw(t, "life"))*time.Minute)
	must(m.t, m.r.SetDesired(ctx, d))
	for i := range m.wishes {
		if w := &m.wishes[i]; w.PIID == d.PIID && w.State == registry.DesiredOpen {
			w.State = registry.DesiredReplaced
		}
	}
	m.wishes = append(m.wishes, d)
}

func (m *model) endWish(t *rapid.T) {
	if len(m.wishes) == 0 {
		t.Skip("no wish")
	}
	w := &m.wishes[rapid.IntRange(0, len(m.wishes)-1).Draw(t, "wish")]
	end := registry.DesiredEnd{ID: w.ID, At: m.at, State: rapid.SampledFrom([]registry.DesiredState{
		registry.DesiredMet, registry.DesiredOverridden, registry.DesiredRefused,
	}).Draw(t, "state")}
	if rapid.Bool().Draw(t, "by a report") { // which does not mind that it ended before
		must(m.t, m.r.CommitReports(ctx, registry.Batch{Ended: []registry.DesiredEnd{end}}))
	} else if err := m.r.EndDesired(ctx, end); (err == nil) != (w.State == registry.DesiredOpen) || err != nil && !errors.Is(err, registry.ErrConflict) {
		t.Fatalf("ending a wish that is %s: %v", w.State, err)
	}
	if w.State == registry.DesiredOpen {
		w.State = end.State
	}
}

func (m *model) pass(t *rapid.T) {
	m.at = m.at.Add(time.Duration(rapid.IntRange(0, 180).Draw(t, "seconds")) * time.Second)
	if _, err := m.r.ExpireDesired(ctx, m.at); err != nil {
		t.Fatal(err)
	}
	for i := range m.wishes {
		if w := &m.wishes[i]; w.State == registry.DesiredOpen && !w.ExpiresAt.After(m.at) {
			w.State = registry.DesiredExpired
		}
	}
}

func (m *model) addCredential(t *rapid.T) {
	c := newCredential(m.did)
	retire := rapid.Bool().Draw(t, "retire others")
	must(m.t, m.r.AddCredential(ctx, c, retire))
	for i := range m.credentials {
		if o := &m.credentials[i]; retire && o.State == registry.CredentialActive {
			o.State = registry.CredentialRetiring
		}
	}
	m.credentials = append(m.credentials, c)
}

func (m *model) anyCredential(t *rapid.T) *registry.Credential {
	if len(m.credentials) == 0 {
		t.Skip("no credential")
	}
	return &m.credentials[rapid.IntRange(0, len(m.credentials)-1).Draw(t, "credential")]
}

func (m *model) useCredential(t *rapid.T) {
	c := m.anyCredential(t)
	err := m.r.UseCredential(ctx, c.ID, m.at)
	if c.State == registry.CredentialRevoked {
		wantError(m.t, err, registry.ErrConflict)
		return
	}
	must(m.t, err)
	if c.UsedAt.IsZero() {
		c.UsedAt = m.at
	}
	for i := range m.credentials {
		if o := &m.credentials[i]; c.State == registry.CredentialActive && o.State == registry.CredentialRetiring {
			o.State, o.RevokedAt = registry.CredentialRevoked, m.at
		}
	}
}

func (m *model) revokeCredential(t *rapid.T) {
	c := m.anyCredential(t)
	err := m.r.RevokeCredential(ctx, m.did, c.ID, m.at)
	if c.State == registry.CredentialRevoked {
		wantError(m.t, err, registry.ErrConflict)
		return
	}
	must(m.t, err)
	c.State, c.RevokedAt = registry.CredentialRevoked, m.at
}

func (m *model) check(*rapid.T) {
	open := slices.DeleteFunc(slices.Clone(m.wishes), func(d registry.Desired) bool { return d.State != registry.DesiredOpen })
	same(m.t, get(m.r.OpenDesired(ctx, m.did))(m.t), open)
	same(m.t, get(m.r.Credentials(ctx, m.did))(m.t), m.credentials)
}
