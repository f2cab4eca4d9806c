package rehearsal_test

import (
	"encoding/json"
	"testing"

	"github.com/proofmark/proofmark/certification/suite/transcript"
)

func line(t *testing.T, r *transcript.Record) []byte {
	t.Helper()
	b, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	return append(b, '\n')
}
