package virtual

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"testing"
	"time"

	"github.com/proofmark/proofmark/miot"
)

func stillborn(t testing.TB) *Device {
	t.Helper()
	document, err := miot.Parse(miot.Sample(miot.SampleNames()[0]))
	if err != nil {
		t.Fatal(err)
	}
	d, err := New(Config{
		Spec: document, DID: "d", Secret: "s", Seed: 1,
		Dial:  func(context.Context) (net.Conn, error) { return nil, errors.New("nowhere") },
		Fetch: func(context.Context, string) ([]byte, error) { return nil, ErrUntrusted },
	})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// FuzzAnswer: whatever bytes come, the handler neither panics nor answers what is no JSON, and every value stays lawful.
func FuzzAnswer(f *testing.F) {
	for _, seed := range []string{
		`{"id":1,"method":"get_properties","params":[{"did":"d","siid":2,"piid":1}]}`,
		`{"id":2,"method":"set_properties","params":[{"did":"d","siid":2,"piid":1,"value":true},{"did":"d","siid":2,"piid":2,"value":1e400}]}`,
		`{"id":3,"method":"action","params":{"did":"d","siid":2,"aiid":1,"in":[{"piid":1,"value":17}]}}`,
		`{"id":4,"method":"miIO.ota","params":{"app_url":"x","file_md5":"y","proc":"dnld install"}}`,
		`{"id":5,"method":"miIO.config_key","params":{"secret":"x"}}`,
		`{"id":6,"method":"miIO.restore"}`, `{"id":7,"method":"miIO.info","params":[]}`, `{"id":8,"method":"miIO.get_ota_state"}`,
		`{"id":9,"method":"foo"}`, `{"id":"a","method":"foo"}`, `{"id":-1,"method":"` + "\xff" + `"}`, `[]`, `nul`, ``, `{"id":1,"id":2}`,
	} {
		f.Add([]byte(seed))
	}
	d := stillborn(f)
	now := time.Unix(1_800_000_000, 0)
	f.Fuzz(func(t *testing.T, payload []byte) {
		now = now.Add(time.Second)
		answer := d.handle(incoming{topic: d.topics.request, payload: payload}, now)
		if answer != nil {
			if _, err := miot.ParseResponse(answer); err != nil || !json.Valid(answer) {
				t.Fatalf("%q was answered with %q: %v", payload, answer, err)
			}
		}
		for _, table := range d.tables {
			for i, v := range table.values {
				if _, bad := table.plan.slots[i].rule.Check(v.Append(nil)); bad != nil {
					t.Fatalf("%q left a value that is not lawful: %v", payload, bad)
				}
			}
		}
		d.update.abandon()
		d.orders = nil
	})
}

func BenchmarkGet(b *testing.B) {
	d := stillborn(b)
	request := []byte(`{"id":1,"method":"get_properties","params":[{"did":"d","siid":2,"piid":1}]}`)
	now := time.Now()
	for b.Loop() {
		now = now.Add(time.Minute * 2)
		d.answer(request, now)
	}
}
