package suite

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/proofmark/proofmark/certification/suite/bench"
	"github.com/proofmark/proofmark/certification/suite/transcript"
)

// submission is what a careful maker hands in.
func submission() *Submission {
	return &Submission{
		FirmwareSHA256: sum256("image"), SecretSHA256: sum256("the factory's secret"),
		Documents:  map[string]string{"sbom": sum256("sbom"), "disclosure": sum256("policy")},
		SecondUnit: &Unit{DID: "second-unit", Serial: "SN-second", SecretSHA256: sum256("another secret")},
	}
}

// says is an operator who answers one kind of question so, with a file.
func says(kind, answer string) func(bench.Question) (transcript.Answer, bool) {
	return func(q bench.Question) (transcript.Answer, bool) {
		a := transcript.Answer{Answer: "yes", File: sum256(q.ID)}
		if q.Kind == kind {
			a.Answer = answer
			return a, true
		}
		return a, q.Kind == bench.Confirm || q.Kind == bench.Photo
	}
}

func TestPapersAndPeople(t *testing.T) {
	lamp := sample(t, "lamp")
	for _, x := range []struct {
		name, id string
		want     Verdict
		change   func(*trial)
	}{
		{"units with secrets of their own", "SEC-01", Pass, func(*trial) {}},
		{"one secret for all units", "SEC-01", Fail, func(tr *trial) { tr.submitted.SecondUnit.SecretSHA256 = tr.submitted.SecretSHA256 }},
		{"a secret that is the MD5 of the serial number", "SEC-01", Fail, func(tr *trial) {
			tr.submitted.SecretSHA256 = sum256(derivations[1].of("SN-" + trialDID))
		}},
		{"a second unit whose secret is its did", "SEC-01", Fail, func(tr *trial) { tr.submitted.SecondUnit.SecretSHA256 = sum256("second-unit") }},
		{"no hash of a secret", "SEC-01", Skipped, func(tr *trial) { tr.submitted.SecretSHA256 = "" }},
		{"no second unit", "SEC-01", Skipped, func(tr *trial) { tr.submitted.SecondUnit = nil }},

		{"no open port", "SEC-02", Pass, func(*trial) {}},
		{"an open port that is declared", "SEC-02", Pass, func(tr *trial) { tr.declare = func(d *Declaration) { d.Ports = []string{"tcp/80"} } }},
		{"other open ports than declared", "SEC-02", Fail, func(tr *trial) { tr.operator = says(bench.Confirm, "no") }},
		{"telnet, declared", "SEC-02", Fail, func(tr *trial) { tr.declare = func(d *Declaration) { d.Ports = []string{"tcp/23"} } }},
		{"a scan without its output", "SEC-02", Review, func(tr *trial) {
			tr.operator = func(bench.Question) (transcript.Answer, bool) { return transcript.Answer{Answer: "yes"}, true }
		}},

		{"local control that is refused", "SEC-07", Pass, func(tr *trial) { tr.declare = local }},
		{"local control that is taken", "SEC-07", Fail, func(tr *trial) { tr.declare, tr.operator = local, says(bench.Confirm, "no") }},
		{"no local interface", "SEC-07", NotFor, func(*trial) {}},

		{"a reset by key", "SEC-06", Pass, func(tr *trial) { tr.declare = func(d *Declaration) { d.FactoryReset = "hold the key for 10 s" } }},

		{"a good client certificate", "SEC-08", Pass, func(tr *trial) { tr.transport = bench.MTLS }},
		{"a key of 1024 bits", "SEC-08", Fail, func(tr *trial) { tr.transport, tr.identity = bench.MTLS, weakKey }},
		{"a certificate that is out of date", "SEC-08", Fail, func(tr *trial) { tr.transport, tr.identity = bench.MTLS, outOfDate }},
		{"no client certificate", "SEC-08", NotFor, func(*trial) {}},

		{"all documents", "SEC-09", Review, func(*trial) {}},
		{"no bill of materials", "SEC-09", Fail, func(tr *trial) { delete(tr.submitted.Documents, "sbom") }},
		{"no policy for disclosure", "SEC-09", Fail, func(tr *trial) { delete(tr.submitted.Documents, "disclosure") }},
		{"no contact", "SEC-09", Fail, func(tr *trial) { tr.declare = func(d *Declaration) { d.Contact = " " } }},
		{"a support period that is over", "SEC-09", Fail, func(tr *trial) { tr.declare = func(d *Declaration) { d.SupportUntil = "1999-12-31" } }},
		{"no submission", "SEC-09", Skipped, func(tr *trial) { tr.submitted = nil }},

		{"a board as stated", "SEC-10", Review, func(*trial) {}},
		{"a debug port that is not stated", "SEC-10", Fail, func(tr *trial) { tr.operator = says(bench.Photo, "no") }},
		{"no statement", "SEC-10", Fail, func(tr *trial) { tr.declare = func(d *Declaration) { d.DebugPorts = "" } }},
	} {
		t.Run(strings.ReplaceAll(x.id+" "+x.name, " ", "_"), func(t *testing.T) {
			tr := trial{spec: lamp, cases: []string{x.id}, submitted: submission(), operator: says("", "")}
			x.change(&tr)
			rep := tr.run(t)
			if len(rep.Results) != 1 || rep.Results[0].Verdict != x.want {
				t.Errorf("%s with %s, wanted %s: %+v", x.id, x.name, x.want, findings(rep))
			}
		})
	}
}

func local(d *Declaration) { d.LocalInterface = "UDP port 54321" }

func weakKey(pki *bench.PKI) (tls.Certificate, error) {
	key, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		return tls.Certificate{}, err
	}
	return pki.ClientWith(trialDID, key, time.Now().Add(-time.Hour), time.Now().Add(time.Hour))
}

func outOfDate(pki *bench.PKI) (tls.Certificate, error) {
	cert, err := pki.Client(trialDID)
	if err != nil {
		return cert, err
	}
	return pki.ClientWith(trialDID, cert.PrivateKey.(crypto.Signer), time.Now().Add(-48*time.Hour), time.Now().Add(-24*time.Hour))
}

// findings are the messages of a report.
func findings(rep *Report) []string {
	var out []string
	for _, r := range rep.Results {
		out = append(out, r.ID()+" "+string(r.Verdict))
		for _, f := range r.Findings {
			out = append(out, f.Message)
		}
	}
	return slices.Compact(out)
}
