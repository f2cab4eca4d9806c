package api

import (
	"encoding/json"
	"errors"
	"reflect"
	"testing"
)

// Whatever a stranger sends: no panic, no more than the limits, one kind of
// error, and what was accepted says the same when it is written and read again.
func FuzzAppCall(f *testing.F) {
	for _, seed := range []string{
		`{"params":[{"did":"p1","siid":2,"piid":1}]}`,
		`{"params":[{"did":"p1","siid":2,"piid":1,"value":18446744073709551615}],"queue":true,"ttl_s":60,"datasource":1}`,
		`{"params":{"did":"p1","siid":4,"aiid":1,"in":[2,{"piid":3,"value":"x"},null]}}`,
		`{"params":[{"did":1}]}`, `{"params":[]}`, `{"ttl_s":1e400,"params":[{}]}`, `[`, ``,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		if c, ok := accepted(t, body, parsePropertiesCall); ok {
			if n := len(c.Params); n == 0 || n > maxAppItems {
				t.Errorf("%d items were accepted", n)
			}
			if c.ttl() < 0 {
				t.Errorf("ttl %v", c.ttl())
			}
		}
		if c, ok := accepted(t, body, parseActionCall); ok && c.ttl() < 0 {
			t.Errorf("ttl %v", c.ttl())
		}
	})
}

func accepted[T any](t *testing.T, body []byte, parse func([]byte) (T, error)) (T, bool) {
	c, err := parse(body)
	if err != nil {
		if bad := (*badCall)(nil); !errors.As(err, &bad) {
			t.Errorf("%q: %v", body, err)
		}
		return c, false
	}
	written, err := json.Marshal(c)
	if err != nil {
		t.Fatalf("%q was accepted and cannot be written: %v", body, err)
	}
	again, err := parse(written)
	if err != nil {
		t.Fatalf("%q was accepted, %s was not: %v", body, written, err)
	}
	rewritten, err := json.Marshal(again)
	if err != nil || !reflect.DeepEqual(written, rewritten) {
		t.Errorf("%s became %s: %v", written, rewritten, err)
	}
	return c, true
}
