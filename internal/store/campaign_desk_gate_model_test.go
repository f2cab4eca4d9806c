package store_test

import (
	"slices"
	"time"

	"pgregory.net/rapid"

	"github.com/proofmark/proofmark/campaigns"
	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/internal/id"
)

// What becomes of the certificates and the documents on which a deskModel's
// campaign stands.

// carrier is the certificate that lets the campaign through the gate; none if it is closed.
func (m *deskModel) carrier() string {
	until := m.closes.Add(15*time.Minute).AddDate(0, 0, 30)
	if !m.document || !now.AddDate(1, 11, 0).After(until) { // the other document, which is not touched
		return ""
	}
	for _, serial := range slices.Backward(m.serials) {
		if m.certificates[serial] == certification.Active && now.AddDate(2, 0, 0).After(until) {
			return serial
		}
	}
	return ""
}

// asked is what becomes of a campaign when the gate is asked.
func (m *deskModel) asked() {
	m.pending = false
	if !m.in(campaigns.CampaignScheduled, campaigns.CampaignLive, campaigns.CampaignClosing, campaigns.CampaignSucceeded, campaigns.CampaignFulfilling) {
		return
	}
	if m.carrier() != "" {
		if m.held {
			m.told["campaign.released"]++
		}
		m.held = false
		return
	}
	gone := m.certificates[m.look().Certificate] == certification.Revoked
	for _, state := range m.certificates {
		gone = gone && state == certification.Revoked
	}
	switch {
	case gone:
		m.becomes(campaigns.CampaignCancelled, "campaign.cancelled")
	case !m.held:
		m.told["campaign.held"]++
		m.held = true
	}
}

func (m *deskModel) askGate(t *rapid.T) {
	must(m.t, m.desk.Reassess(ctx, m.org, ""))
	m.asked()
}

// certificate is one in a state.
func (m *deskModel) certificate(t *rapid.T, state certification.CertificateState) certification.Certificate {
	var found []string
	for _, serial := range m.serials {
		if m.certificates[serial] == state {
			found = append(found, serial)
		}
	}
	if len(found) == 0 {
		return certification.Certificate{}
	}
	return get(m.db.Programme().Certificate(ctx, rapid.SampledFrom(found).Draw(t, "certificate")))(m.t)
}

// ceases is what a certificate that no longer holds does in its own transaction.
func (m *deskModel) ceases(serial string, to certification.CertificateState) {
	c := m.look()
	m.certificates[serial] = to
	m.gate.Forget()
	m.pending = true
	if c.State.Gated() && c.Certificate == serial && !m.held {
		m.held = true
		m.told["campaign.held"]++
	}
}

func (m *deskModel) suspends(t *rapid.T) {
	if c := m.certificate(t, certification.Active); c.Serial != "" {
		_, err := m.life.Suspend(ctx, m.reviewer, c.Serial, c.Rev, "the heater stays on for ever")
		must(m.t, err)
		m.ceases(c.Serial, certification.Suspended)
	}
}

func (m *deskModel) reinstates(t *rapid.T) {
	if c := m.certificate(t, certification.Suspended); c.Serial != "" {
		_, err := m.life.Reinstate(ctx, m.reviewer, c.Serial, c.Rev, "the heater was mended")
		must(m.t, err)
		m.certificates[c.Serial], m.pending = certification.Active, true
		m.gate.Forget()
	}
}

func (m *deskModel) revokes(t *rapid.T) {
	c := m.certificate(t, rapid.SampledFrom([]certification.CertificateState{certification.Active, certification.Suspended}).Draw(t, "of those"))
	if c.Serial == "" || m.rarely(t, 4) {
		return
	}
	c, err := m.life.ProposeRevocation(ctx, m.reviewer, c.Serial, c.Rev, "the heater burns")
	must(m.t, err)
	_, err = m.life.Revoke(ctx, m.people["other review"], c.Serial, c.Rev)
	must(m.t, err)
	m.ceases(c.Serial, certification.Revoked)
}

func (m *deskModel) certifies(t *rapid.T) {
	if len(m.serials) > 3 || m.rarely(t, 2) {
		return
	}
	serial := m.certify()
	m.serials, m.certificates[serial], m.pending = append(m.serials, serial), certification.Active, true
	m.gate.Forget()
}

func (m *deskModel) papers(t *rapid.T) {
	if m.rarely(t, 2) {
		return
	}
	paper := get(m.db.Programme().Regulatory(ctx, m.paper.ID))(m.t)
	if m.document {
		paper.State = certification.RegulatoryWithdrawn
		must(m.t, m.db.Programme().SaveRegulatory(ctx, certification.RegulatoryVerified, paper, certification.Record{}))
	} else {
		paper.ID, paper.State, paper.Rev = id.New("reg"), certification.RegulatoryVerified, 0
		must(m.t, m.db.Programme().CreateRegulatory(ctx, paper, certification.Record{}))
		m.paper = paper
	}
	m.document, m.pending = !m.document, true
	m.gate.Forget()
}
