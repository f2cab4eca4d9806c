package certification_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/certification/canonical"
	"github.com/proofmark/proofmark/certification/signing"
	"github.com/proofmark/proofmark/certification/translog"
)

// issued is an office with one certificate in a signed log.
func issued(t testing.TB) (*office, certification.Certificate, certification.Bundle) {
	t.Helper()
	o := openOffice(t, "sqlite:"+t.TempDir()+"/proofmark.db", t.TempDir())
	c := get(o.issuer.Certify(ctx, o.approved(t)))(t)
	get(o.signer.Sign(ctx, o.now))(t)
	b := get(o.issuer.Bundle(ctx, c.Serial))(t)
	b.Status = o.statusList(t, c.Serial, certification.Active)
	return o, c, b
}

func TestVerifySaysWhatHoldsAndWhatNot(t *testing.T) {
	o, c, good := issued(t)
	ring := get(o.keys.Keyring(ctx))(t)
	stranger := get(signing.Throwaway())(t)
	second := get(o.issuer.Certify(ctx, o.approved(t)))(t)
	get(o.signer.Sign(ctx, o.now))(t)
	other := get(o.issuer.Bundle(ctx, second.Serial))(t)
	type world = struct {
		b *certification.Bundle
		o *certification.VerifyOptions
	}
	for _, x := range []struct {
		name   string
		change func(world)
		want   certification.Conclusion
		words  string
	}{
		{"as it is", func(world) {}, certification.Valid, ""},
		{"without keys", func(w world) { w.o.Keys = nil }, certification.CannotTell, "no public key"},
		{"with the keys of others", func(w world) {
			w.o.Keys = signing.Keyring{{ID: stranger.KeyID(), Public: stranger.Public()}}
		}, certification.NotValid, "unknown key"},
		{"signed by another", func(w world) {
			w.b.Certificate = get(signing.SignJWS(stranger, certification.CertificateType, payloadOf(t, good)))(t)
		}, certification.NotValid, "unknown key"},
		{"another's payload under our kid", func(w world) {
			parts := strings.Split(w.b.Certificate, ".")
			parts[1] = strings.Split(other.Certificate, ".")[1]
			w.b.Certificate = strings.Join(parts, ".")
		}, certification.NotValid, "bad signature"},
		{"the proof of another certificate", func(w world) { w.b.Proof = other.Proof }, certification.NotValid, "not of this certificate"},
		{"a leaf that was edited", func(w world) { w.b.Proof.Leaf = strings.Replace(w.b.Proof.Leaf, "issued", "reused", 1) }, certification.NotValid, "proof does not hold"},
		{"a checkpoint that was edited", func(w world) { w.b.Proof.Checkpoint = strings.Replace(w.b.Proof.Checkpoint, "\n1\n", "\n2\n", 1) }, certification.NotValid, "bad checkpoint"},
		{"the checkpoint of another log", func(w world) { w.o.Origin = "other.example/log" }, certification.NotValid, "bad checkpoint"},
		{"no log key", func(w world) {
			w.o.Keys = slices.DeleteFunc(slices.Clone(ring), func(k signing.Key) bool { return k.Purpose == signing.Log })
		}, certification.CannotTell, "no key of the log"},
		{"after it expired", func(w world) {
			w.o.Now = o.now.Add(certification.CertificateLife)
			w.o.MaxAge = 10 * certification.CertificateLife
		}, certification.NotValid, "expired"},
		{"before it was issued", func(w world) { w.o.Now = o.now.Add(-time.Hour) }, certification.NotValid, "future"},
		{"no status list", func(w world) { w.b.Status = "" }, certification.CannotTell, "no status list"},
		{"an old status list", func(w world) { w.o.Now = o.now.Add(26 * time.Hour) }, certification.CannotTell, "26h"},
		{"an old one, but that is enough", func(w world) { w.o.Now, w.o.MaxAge = o.now.Add(26*time.Hour), 48*time.Hour }, certification.Valid, ""},
		{"a list that does not know it", func(w world) { w.b.Status = o.statusList(t, "PM-2026-000009", certification.Active) }, certification.CannotTell, "does not know it"},
		{"suspended", func(w world) { w.b.Status = o.statusList(t, c.Serial, certification.Suspended) }, certification.NotValid, "suspended"},
		{"superseded", func(w world) { w.b.Status = o.statusList(t, c.Serial, certification.Superseded) }, certification.NotValid, "superseded"},
		{"revoked, on an old list", func(w world) {
			w.b.Status, w.o.Now = o.statusList(t, c.Serial, certification.Revoked), o.now.Add(100*time.Hour)
		}, certification.NotValid, "revoked"},
		{"a newer list than the bundle's", func(w world) { w.o.Status = o.statusList(t, c.Serial, certification.Revoked) }, certification.NotValid, "revoked"},
		{"a certificate as status list", func(w world) { w.b.Status = w.b.Certificate }, certification.CannotTell, "typ"},
		{"a status list as certificate", func(w world) { w.b.Certificate = w.b.Status }, certification.NotValid, "typ"},
		{"a key that was revoked before", func(w world) { w.o.Keys = revoked(ring, signing.Certificate, o.now.Add(-time.Hour)) }, certification.NotValid, "revoked"},
		{"a key that was revoked later", func(w world) { w.o.Keys = revoked(ring, signing.Certificate, o.now.Add(time.Hour)) }, certification.Valid, ""},
		{"a log key that was revoked later", func(w world) { w.o.Keys = revoked(ring, signing.Log, o.now.Add(time.Hour)) }, certification.CannotTell, "no key of the log"},
		{"a status key that was revoked later", func(w world) { w.o.Keys = revoked(ring, signing.Status, o.now.Add(time.Hour)) }, certification.CannotTell, "revoked"},
	} {
		t.Run(x.name, func(t *testing.T) {
			b := good
			opts := certification.VerifyOptions{Keys: ring, Origin: origin, Now: o.now.Add(time.Minute)}
			x.change(world{&b, &opts})
			v := certification.Verify(b, opts)
			if v.Conclusion != x.want || !strings.Contains(v.Summary(), x.words) {
				t.Errorf("%s: %q; want %s with %q", v.Conclusion, v.Summary(), x.want, x.words)
			}
		})
	}
}

// What an ended key signed stays valid; what it signs later is not.
func TestARotatedKeyKeepsItsCertificates(t *testing.T) {
	o, _, b := issued(t)
	for _, p := range signing.Purposes {
		_, _, err := o.keys.Rotate(ctx, signing.Rotation{Purpose: p, At: o.now.Add(time.Hour), Actor: "acc_1"})
		must(t, err)
	}
	ring := get(o.keys.Keyring(ctx))(t)
	back := get(signing.ParseKeys(get(ring.MarshalJWKS(origin))(t)))(t)
	if v := certification.Verify(b, certification.VerifyOptions{Keys: back, Now: o.now.Add(time.Minute)}); v.Conclusion != certification.Valid {
		t.Errorf("%s: %s", v.Conclusion, v.Summary())
	}
}

func revoked(ring signing.Keyring, p signing.Purpose, at time.Time) signing.Keyring {
	out := slices.Clone(ring)
	for i := range out {
		if out[i].Purpose == p {
			out[i].RevokedAt, out[i].Reason = at, "lost"
		}
	}
	return out
}

func payloadOf(t testing.TB, b certification.Bundle) []byte {
	t.Helper()
	return get(base64.RawURLEncoding.DecodeString(strings.Split(b.Certificate, ".")[1]))(t)
}

func TestLintNamesTheRule(t *testing.T) {
	_, _, b := issued(t)
	good := get(certification.ParsePayload(payloadOf(t, b)))(t)
	for rule, change := range map[string]func(p *certification.Payload){
		"payload-version":   func(p *certification.Payload) { p.Version = 2 },
		"payload-serial":    func(p *certification.Payload) { p.Serial = "PM-26-1" },
		"payload-url":       func(p *certification.Payload) { p.URL = "javascript:/certificates/" + p.Serial },
		"payload-model":     func(p *certification.Payload) { p.Model = "<script>" },
		"payload-urn":       func(p *certification.Payload) { p.Model = "another-model" },
		"payload-hash":      func(p *certification.Payload) { p.Firmware[0].SHA256 = strings.ToUpper(hash) },
		"payload-region":    func(p *certification.Payload) { p.Regions = []string{"Earth"} },
		"payload-list":      func(p *certification.Payload) { p.Hardware = []string{"B", "A"} },
		"payload-plan":      func(p *certification.Payload) { p.Runs[0].Plan = "quick" },
		"payload-class":     func(p *certification.Payload) { p.Class = "G" },
		"payload-life":      func(p *certification.Payload) { p.ExpiresAt = "2036-11-29T12:00:00Z" },
		"payload-time":      func(p *certification.Payload) { p.IssuedAt = "2026-11-29 12:00" },
		"payload-condition": func(p *certification.Payload) { p.Conditions[0].Due = p.IssuedAt },
		"waiver-date":       func(p *certification.Payload) { p.Waivers[0].Until = p.IssuedAt },
		"payload-text":      func(p *certification.Payload) { p.Product = "Pure\u202e1" },
	} {
		var p certification.Payload
		must(t, json.Unmarshal(get(json.Marshal(good))(t), &p))
		change(&p)
		err := p.Lint()
		if !errors.Is(err, certification.ErrInvalid) || !strings.Contains(err.Error(), "(rule "+rule+")") {
			t.Errorf("%s: %v", rule, err)
		}
	}
}

func TestAStatusListIsInOrderAndKnowsItsStates(t *testing.T) {
	key := get(signing.Throwaway())(t)
	good := certification.StatusList{
		IssuedAt: "2026-11-29T12:00:00Z", NextUpdate: "2026-11-29T13:00:00Z",
		Entries: []certification.StatusEntry{{Serial: "PM-2026-000001", State: certification.Active}, {Serial: "PM-2026-000002", State: certification.Revoked}},
	}
	ring := signing.Keyring{{ID: key.KeyID(), Purpose: signing.Status, Public: key.Public()}}
	l := get(certification.OpenStatus(get(good.Sign(key))(t), ring))(t)
	if e, found := l.Of("PM-2026-000002"); !found || e.State != certification.Revoked {
		t.Errorf("%+v, %t", e, found)
	}
	for rule, change := range map[string]func(l *certification.StatusList){
		"status-time":  func(l *certification.StatusList) { l.NextUpdate = l.IssuedAt },
		"status-order": func(l *certification.StatusList) { slices.Reverse(l.Entries) },
		"status-state": func(l *certification.StatusList) { l.Entries[0].State = "fine" },
	} {
		bad := good
		bad.Entries = slices.Clone(good.Entries)
		change(&bad)
		if _, err := bad.Sign(key); err == nil || !strings.Contains(err.Error(), rule) {
			t.Errorf("%s: %v", rule, err)
		}
		bad.Version = 1
		text := get(signing.SignJWS(key, certification.StatusType, get(canonical.Marshal(bad))(t)))(t)
		if _, err := certification.OpenStatus(text, ring); err == nil || !strings.Contains(err.Error(), rule) {
			t.Errorf("%s, signed all the same: %v", rule, err)
		}
	}
}

// Whatever moves the table allows, in whatever order: a revoked certificate stays
// revoked, only a reinstated one becomes active again, and what is over stays over.
func TestTheLifeOfACertificate(t *testing.T) {
	states := []certification.CertificateState{
		certification.Active, certification.Suspended, certification.Superseded, certification.Expired, certification.GivenBack, certification.Revoked,
	}
	movers := []certification.Mover{certification.ByVendor, certification.ByReviewer, certification.ByOperator, certification.ByProgramme}
	over := func(s certification.CertificateState) bool {
		return s != certification.Active && s != certification.Suspended
	}
	rapid.Check(t, func(t *rapid.T) {
		at := certification.Active
		for range rapid.IntRange(1, 30).Draw(t, "moves") {
			to := rapid.SampledFrom(states).Draw(t, "to")
			by := rapid.SampledFrom(movers).Draw(t, "by")
			if !certification.MayMove(certification.CertificateMoves, at, to, by) {
				continue
			}
			switch {
			case at == certification.Revoked:
				t.Fatalf("a revoked certificate became %s", to)
			case over(at) && to != certification.Revoked:
				t.Fatalf("a certificate that was %s became %s", at, to)
			case to == certification.Active && (at != certification.Suspended || by == certification.ByVendor || by == certification.ByProgramme):
				t.Fatalf("%s made a certificate active that was %s", by, at)
			case to == certification.Revoked && by != certification.ByReviewer && by != certification.ByOperator:
				t.Fatalf("%s revoked", by)
			case at == to:
				t.Fatalf("a move from %s to itself", at)
			}
			at = to
		}
	})
	if !certification.Final(certification.CertificateMoves, certification.Revoked) {
		t.Error("revoked is not final")
	}
}

func FuzzBundle(f *testing.F) {
	o, _, b := issued(f)
	ring := get(o.keys.Keyring(ctx))(f)
	f.Add(get(json.Marshal(b))(f))
	f.Add([]byte(`{"format":"proofmark-bundle/1","certificate":"e30.e30.","proof":{}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := certification.ParseBundle(data)
		if err != nil {
			return
		}
		v := certification.Verify(got, certification.VerifyOptions{Keys: ring, Origin: origin, Now: o.now})
		if v.Certificate != nil && got.Certificate != b.Certificate {
			t.Fatalf("another text than was signed verifies: %s", got.Certificate)
		}
		if v.Tree != nil && (got.Proof.Leaf != b.Proof.Leaf || got.Proof.Index != b.Proof.Index) {
			t.Fatalf("another leaf than was logged verifies: %+v", got.Proof)
		}
	})
}

// The index of a proof is part of it.
func TestAProofIsOfOneIndex(t *testing.T) {
	o, _, b := issued(t)
	key := get(o.keys.CurrentKey(ctx, signing.Log))(t)
	for _, index := range []int64{-1, 1, 1 << 40} {
		p := b.Proof
		p.Index = index
		if _, _, err := p.Check(origin, key.Public); !errors.Is(err, translog.ErrProof) {
			t.Errorf("index %d: %v", index, err)
		}
	}
}
