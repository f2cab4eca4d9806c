package labels_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/proofmark/proofmark/internal/qrcode"
	"github.com/proofmark/proofmark/registry"
	"github.com/proofmark/proofmark/registry/claims"
	"github.com/proofmark/proofmark/registry/factory"
	"github.com/proofmark/proofmark/registry/factory/labels"
)

func manifest(units int) factory.Manifest {
	m := factory.Manifest{Issuer: "https://proofmark.example/", Batch: "bat_1", Model: "aurora-pure1", MadeAt: time.Date(2026, 11, 29, 10, 0, 0, 0, time.UTC)}
	for i := range units {
		did := fmt.Sprintf("aurora-pure1-with-a-long-model.%019d", i)
		_, code := claims.NewCode(did, m.MadeAt)
		m.Units = append(m.Units, factory.Keyed{DID: did, Key: fmt.Sprintf("secret-%d", i), Code: code})
	}
	return m
}

func TestEachDeviceHasItsLabel(t *testing.T) {
	m := manifest(25)
	var b bytes.Buffer
	if err := labels.Write(&b, m); err != nil {
		t.Fatal(err)
	}
	sheet := b.String()
	if n := strings.Count(sheet, `<svg class="page"`); n != 2 {
		t.Errorf("25 labels on %d sheets, want 2", n)
	}
	for _, u := range m.Units {
		code, err := qrcode.Of("https://proofmark.example/claim?code=" + u.Code + "&did=" + u.DID)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Count(sheet, `d="`+code.Path+`"`) != 1 {
			t.Errorf("%s: its QR code is not there once", u.DID)
		}
		if !strings.Contains(sheet, ">"+u.Code[:9]+"<") || !strings.Contains(sheet, ">"+u.Code[10:]+"<") || strings.Contains(sheet, u.Key) {
			t.Errorf("%s: its code is missing, or its key is there", u.DID)
		}
	}
	for _, outside := range []string{"<script", "src=", "@import", "url("} {
		if strings.Contains(sheet, outside) {
			t.Errorf("the sheet loads something: %s", outside)
		}
	}
	marks := strings.Count(sheet, `stroke-width=".15"`)
	if want := 2 * (2*(3+1) + 2*(8+1)); marks != want {
		t.Errorf("%d crop marks, want %d", marks, want)
	}
	// The drawings are well formed: a printer's tools are strict.
	d := xml.NewDecoder(strings.NewReader(sheet[strings.Index(sheet, "<main>") : strings.Index(sheet, "</main>")+len("</main>")]))
	for {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
}

func TestWhatIsNoManifestHasNoLabels(t *testing.T) {
	wrong := func(change func(m *factory.Manifest)) factory.Manifest {
		m := manifest(1)
		change(&m)
		return m
	}
	for name, m := range map[string]factory.Manifest{
		"nowhere to claim at": wrong(func(m *factory.Manifest) { m.Issuer = "" }),
		"a script to open":    wrong(func(m *factory.Manifest) { m.Issuer = "javascript://x" }),
		"no devices":          wrong(func(m *factory.Manifest) { m.Units = nil }),
		"no did":              wrong(func(m *factory.Manifest) { m.Units[0].DID = "<b>" }),
		"no code":             wrong(func(m *factory.Manifest) { m.Units[0].Code = "1234" }),
	} {
		var b bytes.Buffer
		if err := labels.Write(&b, m); err == nil || b.Len() > 0 {
			t.Errorf("%s: %v, %d bytes", name, err, b.Len())
		} else if name == "no code" && strings.Contains(err.Error(), "1234") {
			t.Errorf("the error tells the code: %v", err)
		}
	}
	if err := labels.Write(io.Discard, factory.Manifest{}); !errors.Is(err, registry.ErrBadRequest) {
		t.Error(err)
	}
}
