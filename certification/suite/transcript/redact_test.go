package transcript_test

import (
	"encoding/json"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/proofmark/proofmark/certification/suite/transcript"
)

func TestRedactedJSONStaysJSON(t *testing.T) {
	var s transcript.Secrets
	s.Add("pin", "000000")
	s.Add("odd", `pa"ss<wo\rd`)
	for raw, want := range map[string]string{
		`{"size":1000000,"payload":"x000000y"}`: `{"size":1000000,"payload":"x«secret:pin»y"}`,
		`{"id":"\u001000000"}`:                  `{"id":"\u001000000"}`,
		`{"payload":"{\"psk\":\"000000\"}"}`:    `{"payload":"{\"psk\":\"«secret:pin»\"}"}`,
		`{"a":"pa\"ss\u003cwo\\rd","b":"c\\"}`:  `{"a":"«secret:odd»","b":"c\\"}`,
		`{"a":[],"b":""}`:                       `{"a":[],"b":""}`,
		``:                                      ``,
	} {
		if got := string(s.JSON([]byte(raw))); got != want {
			t.Errorf("%s became %s, needs %s", raw, got, want)
		}
	}
}

func TestNoStringKeepsASecret(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var s transcript.Secrets
		secret := rapid.StringN(6, 20, -1).Draw(t, "secret")
		s.Add("x", secret)
		text := rapid.String().Draw(t, "before") + secret + rapid.String().Draw(t, "after")
		raw, err := json.Marshal(map[string]any{"payload": text, "size": 100000000})
		if err != nil {
			t.Fatal(err)
		}
		var got struct {
			Payload string
			Size    int
		}
		if err := json.Unmarshal(s.JSON(raw), &got); err != nil {
			t.Fatalf("%s: %v", s.JSON(raw), err)
		}
		if got.Size != 100000000 || strings.Contains(got.Payload, secret) && !strings.Contains("«secret:x»", secret) {
			t.Fatalf("%s became %+v", raw, got)
		}
	})
}
