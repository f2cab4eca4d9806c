package certification_test

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/internal/id"
	"github.com/proofmark/proofmark/registry"
)

// signingKey is a vendor's key that is registered.
type signingKey struct {
	ed25519.PrivateKey
	certification.VendorKey
}

func (d *desk) key(v vendor) signingKey {
	d.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	must(d, err)
	der, err := x509.MarshalPKIXPublicKey(public)
	must(d, err)
	k, err := d.AddVendorKey(d.Context(), v.Actor, v.org, "release key", pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
	must(d, err)
	return signingKey{private, k}
}

func signed(t testing.TB, key any, alg jose.SignatureAlgorithm, kid, typ string, payload any) string {
	t.Helper()
	s, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: key}, (&jose.SignerOptions{}).WithType(jose.ContentType(typ)).WithHeader("kid", kid))
	must(t, err)
	b, err := json.Marshal(payload)
	must(t, err)
	jws, err := s.Sign(b)
	must(t, err)
	text, err := jws.CompactSerialize()
	must(t, err)
	return text
}

func (k signingKey) sign(t testing.TB, st certification.ChangeStatement) string {
	t.Helper()
	return signed(t, k.PrivateKey, jose.EdDSA, k.ID, certification.ChangeType, st)
}

// changed is the statement that the submission needs, with parts that changed.
func changed(sub certification.Submission, parts ...certification.Part) certification.ChangeStatement {
	st := certification.StatementFor(sub)
	st.Changes = says(parts...).Changes
	return st
}

// next is a draft that follows the certificate with another firmware.
func (d *desk) next(v vendor, c certification.Certificate) certification.Submission {
	d.Helper()
	return d.draft(v, certification.Edit{
		Previous: &c.Serial, Firmware: &certification.Firmware{Version: "1.1.0", SHA256: sum("firmware 1.1.0")}, Declaration: declare(d, v.spec, "1.1.0"),
	})
}

func TestAFirmwareChangeIsClassified(t *testing.T) {
	eachEngine(t, func(t *testing.T, d *desk) {
		ctx := t.Context()
		v := d.vendor()
		c := d.certify(d.screened(v, d.draft(v)))

		// Without a word it is C.
		silent := d.screened(v, d.next(v, c))
		if silent.Class != certification.ClassC || silent.Classification.Signed != "" {
			t.Fatalf("class %q: %+v", silent.Class, silent.Classification)
		}
		// Declared and signed it is B.
		k := d.key(v)
		sub := d.next(v, c)
		sub, err := d.SignChange(ctx, v.Actor, sub.ID, sub.Rev, k.sign(t, changed(sub, certification.PartApplication)))
		must(t, err)
		sub = d.screened(v, sub)
		if sub.State != certification.Testing || sub.Class != certification.ClassB || sub.Classification.Signed != "jws" || sub.Confirmed() {
			t.Fatalf("class %q in %s: %+v", sub.Class, sub.State, sub.Classification)
		}
		if r := sub.Required(); r.Inherited[0].From != c.Serial || r.Runs[1].SoakHours != 4 {
			t.Fatalf("required %+v", r)
		}
		change, err := certification.ChangeOf(sub)
		must(t, err)
		if change.Key != k.ID || change.By != v.Account || change.SHA256 == "" || change.At.IsZero() {
			t.Fatalf("statement %+v", change)
		}

		// A reviewer confirms it, or raises it; nobody lowers it, no vendor judges it.
		confirm := func(a certification.Actor, class certification.ChangeClass, note string) error {
			next, err := d.ConfirmClass(ctx, a, sub.ID, sub.Rev, class, note)
			if err == nil {
				sub = next
			}
			return err
		}
		tied := certification.Actor{Account: "acc_tied", Orgs: []string{v.org}, Reviewer: true}
		wantRule(t, confirm(v.Actor, certification.ClassB, ""), certification.ErrForbidden, "reviewer-only")
		wantRule(t, confirm(tied, certification.ClassB, ""), certification.ErrForbidden, "no-tie")
		wantRule(t, confirm(reviewer, certification.ClassA, "it is nothing"), certification.ErrInvalid, "class-lowered")
		wantRule(t, confirm(reviewer, certification.ClassC, " "), certification.ErrInvalid, "submission-form")
		wantRule(t, confirm(reviewer, certification.ClassF, "like another"), certification.ErrInvalid, "submission-form")
		must(t, confirm(reviewer, certification.ClassB, ""))
		if !sub.Confirmed() || sub.Class != certification.ClassB {
			t.Fatalf("%+v", sub.Classification)
		}
		// Raised in review, it goes back to testing: more has to run.
		must(t, d.move(sub.ID, certification.InReview, certification.ByVendor))
		sub = d.read(sub.ID)
		must(t, confirm(reviewer, certification.ClassC, "the changelog names a new TLS library"))
		if sub.State != certification.Testing || sub.Class != certification.ClassC || sub.Required().Runs[1].SoakHours != 0 {
			t.Fatalf("%s, class %s", sub.State, sub.Class)
		}
		first := d.screened(v, d.draft(v))
		_, err = d.ConfirmClass(ctx, reviewer, first.ID, first.Rev, certification.ClassC, "")
		wantRule(t, err, certification.ErrState, "class-none")
	})
}

func TestClassAGoesOnWithoutARun(t *testing.T) {
	eachEngine(t, func(t *testing.T, d *desk) {
		v := d.vendor()
		c := d.certify(d.screened(v, d.draft(v)))
		sub := d.draft(v, certification.Edit{Previous: &c.Serial})
		st, err := json.Marshal(changed(sub, certification.PartPackaging))
		must(t, err)
		sub, err = d.StateChange(t.Context(), v.Actor, sub.ID, sub.Rev, st)
		must(t, err)
		sub = d.screened(v, sub)
		if sub.State != certification.InReview || sub.Class != certification.ClassA || sub.Classification.Signed != "portal" {
			t.Fatalf("%s, class %s: %+v", sub.State, sub.Class, sub.Classification)
		}
	})
}

func TestASpecVersionIsClassD(t *testing.T) {
	eachEngine(t, func(t *testing.T, d *desk) {
		v := d.vendor()
		c := d.certify(d.screened(v, d.draft(v)))
		spec := []byte(strings.Replace(string(v.version(2)), `"properties": [`, `"properties": [
        {"iid": 77, "type": "urn:miot-spec-v2:property:flow:000000FF:`+v.model+`:2", "description": "Flow", "format": "bool", "access": ["read", "notify"]},`, 1))
		sub := d.draft(v, certification.Edit{Previous: &c.Serial, Spec: spec, Declaration: declare(t, spec, "1.0.0")})
		sub, err := d.SignChange(t.Context(), v.Actor, sub.ID, sub.Rev, d.key(v).sign(t, changed(sub, certification.PartSpec)))
		must(t, err)
		if sub = d.screened(v, sub); sub.State != certification.Testing || sub.Class != certification.ClassD {
			found, _ := d.ScreeningOf(t.Context(), reviewer, sub.ID)
			t.Fatalf("%s, class %s: %+v", sub.State, sub.Class, found.Findings)
		}
		gone := []byte(strings.Replace(string(v.version(2)), "[1, 100, 1]", "[1, 50, 1]", 1))
		sub = d.draft(v, certification.Edit{Previous: &c.Serial, Spec: gone, Declaration: declare(t, gone, "1.0.0")})
		_, err = d.Submit(t.Context(), v.Actor, sub.ID, sub.Rev)
		wantRule(t, err, certification.ErrInvalid, "spec-additive")
	})
}

func TestANewModelInheritsThePlatform(t *testing.T) {
	eachEngine(t, func(t *testing.T, d *desk) {
		ctx := t.Context()
		v := d.vendor()
		k := d.key(v)
		parent := d.certify(d.screened(v, d.draft(v)))
		other := d.model(v, id.New("mod"))
		draft := func(edits ...certification.Edit) certification.Submission {
			edits = append([]certification.Edit{{Parent: &parent.Serial, Firmware: &certification.Firmware{Version: "1.0.0", SHA256: sum("of the other")}}}, edits...)
			return d.draft(other, edits...)
		}
		parts := []certification.Part{certification.PartModel, certification.PartApplication}

		sub := draft()
		sub, err := d.SignChange(ctx, v.Actor, sub.ID, sub.Rev, k.sign(t, changed(sub, parts...)))
		must(t, err)
		sub = d.screened(other, sub)
		if sub.State != certification.Testing || sub.Class != certification.ClassF {
			t.Fatalf("%s, class %s: %s", sub.State, sub.Class, sub.Reason)
		}
		if r := sub.Required(); r.Inherited[0].From != parent.Serial || len(required(r))+len(r.Inherited[0].Cases) == 0 {
			t.Fatalf("%+v", r)
		}

		refused := func(rule string, give func(certification.Submission) (certification.Submission, error), edits ...certification.Edit) {
			t.Helper()
			sub := draft(edits...)
			if give != nil {
				var err error
				sub, err = give(sub)
				must(t, err)
			}
			_, err := d.Submit(ctx, v.Actor, sub.ID, sub.Rev)
			wantRule(t, err, certification.ErrInvalid, rule)
		}
		sign := func(sub certification.Submission) (certification.Submission, error) {
			return d.SignChange(ctx, v.Actor, sub.ID, sub.Rev, k.sign(t, changed(sub, parts...)))
		}
		refused("similarity-statement", nil)
		refused("statement-signature", func(sub certification.Submission) (certification.Submission, error) {
			st, err := json.Marshal(changed(sub, parts...))
			must(t, err)
			return d.StateChange(ctx, v.Actor, sub.ID, sub.Rev, st)
		})
		refused("similarity-platform", sign, certification.Edit{Platform: &certification.Platform{Module: "WM-52", Firmware: "aurora-core 4.2.0"}})
		refused("similarity-platform", sign, certification.Edit{Platform: &certification.Platform{}})
		refused("similarity-parent", sign, certification.Edit{Parent: ptr(d.certify(sub).Serial)}) // of the same model
		third := d.model(v, id.New("mod"))
		grandchild := d.draft(third, certification.Edit{Parent: ptr(d.certify(d.screened(other, must2(sign(draft()))(t))).Serial)})
		_, err = d.Submit(ctx, v.Actor, grandchild.ID, grandchild.Rev)
		wantRule(t, err, certification.ErrInvalid, "similarity-parent") // it inherited itself
		d.exec(`UPDATE certificate SET state = 'suspended', body = REPLACE(body, '"state":"active"', '"state":"suspended"') WHERE serial = $1`, parent.Serial)
		refused("similarity-parent", sign)
		stranger := d.vendor()
		theirs := d.draft(stranger, certification.Edit{Parent: &parent.Serial})
		_, err = d.Submit(ctx, stranger.Actor, theirs.ID, theirs.Rev)
		wantRule(t, err, certification.ErrInvalid, "previous-certificate")
	})
}

func must2[V any](v V, err error) func(testing.TB) V {
	return func(t testing.TB) V {
		t.Helper()
		must(t, err)
		return v
	}
}

func TestForgedStatementsAreRefused(t *testing.T) {
	eachEngine(t, func(t *testing.T, d *desk) {
		ctx := t.Context()
		v, other := d.vendor(), d.vendor()
		c := d.certify(d.screened(v, d.draft(v)))
		sub := d.next(v, c)
		k, theirs, revoked := d.key(v), d.key(other), d.key(v)
		_, err := d.RevokeVendorKey(ctx, v.Actor, revoked.ID)
		must(t, err)
		st := changed(sub, certification.PartApplication)
		before := d.read(sub.ID)
		sign := func(jws string) error { return second(d.SignChange(ctx, v.Actor, sub.ID, sub.Rev, jws)) }
		good := k.sign(t, st)
		parts := strings.Split(good, ".")
		another := strings.Split(k.sign(t, changed(sub, certification.PartTLS)), ".")
		hmac := signed(t, k.VendorKey.Public, jose.HS256, k.ID, certification.ChangeType, st)
		for name, jws := range map[string]string{
			"nothing":                             "",
			"no JWS":                              "a.b.c",
			"another payload":                     parts[0] + "." + another[1] + "." + parts[2],
			"another signature":                   parts[0] + "." + parts[1] + "." + another[2],
			"no signature":                        parts[0] + "." + parts[1] + ".",
			"the public key as a shared secret":   hmac,
			"a key of another organisation":       theirs.sign(t, st),
			"another's key under our kid":         signed(t, theirs.PrivateKey, jose.EdDSA, k.ID, certification.ChangeType, st),
			"a signature made for something else": signed(t, k.PrivateKey, jose.EdDSA, k.ID, "JWT", st),
			"too long":                            strings.Repeat("a", 1<<20+1),
		} {
			t.Run(name, func(t *testing.T) { wantRule(t, sign(jws), certification.ErrInvalid, "statement-signature") })
		}
		wantRule(t, sign(revoked.sign(t, st)), certification.ErrInvalid, "key-revoked")
		for name, spoil := range map[string]func(*certification.ChangeStatement){
			"submission": func(st *certification.ChangeStatement) { st.Submission = "sub_other" },
			"org":        func(st *certification.ChangeStatement) { st.Org = other.org },
			"follows":    func(st *certification.ChangeStatement) { st.Follows = "PM-2020-000001" },
			"firmware":   func(st *certification.ChangeStatement) { st.Firmware = sum("old") },
			"spec":       func(st *certification.ChangeStatement) { st.Spec = sum("old") },
			"hardware":   func(st *certification.ChangeStatement) { st.Hardware = nil },
			"platform":   func(st *certification.ChangeStatement) { st.Platform.Module = "" },
			"model":      func(st *certification.ChangeStatement) { st.Model = "x-1" },
		} {
			t.Run(name, func(t *testing.T) {
				st := changed(sub, certification.PartApplication)
				spoil(&st)
				wantRule(t, sign(k.sign(t, st)), certification.ErrInvalid, "statement-facts")
			})
		}
		for _, text := range []string{``, `{}`, `{"changes":[{"part":"soul","what":"x"}]}`, `{"changes":[{"part":"tls","what":" "}]}`, `{"trust":"me"}`, `{} {}`} {
			wantRule(t, second(d.StateChange(ctx, v.Actor, sub.ID, sub.Rev, []byte(text))), certification.ErrInvalid, "statement-form")
		}
		same(t, d.read(sub.ID), before)

		// What was signed and then edited, or whose key was revoked, does not count.
		sub, err = d.SignChange(ctx, v.Actor, sub.ID, sub.Rev, good)
		must(t, err)
		edited, err := d.EditSubmission(ctx, v.Actor, sub.ID, sub.Rev, certification.Edit{Hardware: ptr([]string{"A1", "A2"})})
		must(t, err)
		wantRule(t, second(d.Submit(ctx, v.Actor, sub.ID, edited.Rev)), certification.ErrInvalid, "statement-facts")
		sub, err = d.EditSubmission(ctx, v.Actor, sub.ID, edited.Rev, certification.Edit{Hardware: ptr([]string{"A1"})})
		must(t, err)
		_, err = d.RevokeVendorKey(ctx, v.Actor, k.ID)
		must(t, err)
		wantRule(t, second(d.Submit(ctx, v.Actor, sub.ID, sub.Rev)), certification.ErrInvalid, "key-revoked")
	})
}

func TestVendorKeys(t *testing.T) {
	eachEngine(t, func(t *testing.T, d *desk) {
		ctx := t.Context()
		v, other := d.vendor(), d.vendor()
		public, private, err := ed25519.GenerateKey(rand.Reader)
		must(t, err)
		jwk, err := (&jose.JSONWebKey{Key: public}).MarshalJSON()
		must(t, err)
		k, err := d.AddVendorKey(ctx, v.Actor, v.org, "CI", jwk)
		must(t, err)
		thumb, err := (&jose.JSONWebKey{Key: public}).Thumbprint(crypto.SHA256)
		must(t, err)
		if len(k.Public) != 32 || len(k.Thumbprint) != 43 || len(thumb) != 32 {
			t.Fatalf("%+v", k)
		}
		_, err = d.AddVendorKey(ctx, other.Actor, other.org, "CI", jwk)
		wantError(t, err, registry.ErrExists)
		wantRule(t, second(d.AddVendorKey(ctx, other.Actor, v.org, "CI", jwk)), certification.ErrForbidden, "member-only")
		secret, err := (&jose.JSONWebKey{Key: private}).MarshalJSON()
		must(t, err)
		der, err := x509.MarshalPKCS8PrivateKey(private)
		must(t, err)
		for _, key := range [][]byte{secret, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})} {
			wantRule(t, second(d.AddVendorKey(ctx, v.Actor, v.org, "CI", key)), certification.ErrInvalid, "key-private")
		}
		for _, key := range []string{"", "{}", "x", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----", `{"kty":"oct","k":"AAAA"}`} {
			if err := second(d.AddVendorKey(ctx, v.Actor, v.org, "CI", []byte(key))); err == nil {
				t.Errorf("%q was taken", key)
			}
		}
		_, err = d.RevokeVendorKey(ctx, other.Actor, k.ID)
		wantError(t, err, registry.ErrNotFound)
		_, err = d.VendorKeys(ctx, other.Actor, v.org)
		wantError(t, err, registry.ErrNotFound)
		k, err = d.RevokeVendorKey(ctx, v.Actor, k.ID)
		must(t, err)
		list, err := d.VendorKeys(ctx, reviewer, v.org)
		must(t, err)
		if len(list) != 1 || list[0].RevokedAt.IsZero() || list[0].RevokedBy != v.Account {
			t.Fatalf("%+v", list)
		}
	})
}

// Whatever is sent as a statement, a key or a bill is read or refused.
func FuzzParseChange(f *testing.F) {
	f.Add(`{"submission":"sub_1","changes":[{"part":"tls","what":"new"}]}`)
	f.Fuzz(func(t *testing.T, text string) {
		st, err := certification.ParseChange([]byte(text))
		if err == nil && (len(st.Changes) == 0 || certification.ClassOfPart(st.Changes[0].Part) == "" && st.Changes[0].Part != certification.PartModule) {
			t.Errorf("%q was taken as %+v", text, st)
		}
	})
}

func FuzzReadBill(f *testing.F) {
	f.Add(bill)
	f.Add(`{"spdxVersion":"SPDX-2.3","dataLicense":"CC0-1.0","SPDXID":"SPDXRef-DOCUMENT","name":"n","documentNamespace":"u","packages":[{"SPDXID":"SPDXRef-a","name":"a"}]}`)
	f.Add(`{"@context":"https://spdx.org/rdf/3.0.1/spdx-context.jsonld","@graph":[{"type":"software_Package","name":"a"}]}`)
	f.Fuzz(func(t *testing.T, text string) {
		if b, err := certification.ReadBill([]byte(text)); err == nil && (b.Components < 1 || b.Version == "" || b.Format == "") {
			t.Errorf("%q was taken as %+v", text, b)
		}
	})
}
