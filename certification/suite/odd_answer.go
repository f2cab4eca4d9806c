package suite

import (
	"bytes"
	"encoding/json"
	"errors"

	"github.com/proofmark/proofmark/miot"
)

// answersOddly judges the form of an answer whose id is no whole number. JSON-RPC
// answers what it cannot read with the id null, and an odd id with that very id
// (ROB-05): both are lawful. Nil says so.
func answersOddly(payload []byte) error {
	var envelope map[string]json.RawMessage
	if err := json.Unmarshal(payload, &envelope); err != nil {
		return err
	}
	switch id := bytes.TrimSpace(envelope["id"]); {
	case len(id) == 0:
		return errors.New("there is no id")
	case string(id) != "null" && id[0] != '"' && !bytes.ContainsAny(id, ".eE"):
		// A whole number, which excuses nothing, or something that no question had.
		_, err := miot.ParseResponse(payload)
		return err
	}
	envelope["id"] = json.RawMessage("0")
	plain, err := json.Marshal(envelope)
	if err != nil {
		return err
	}
	_, err = miot.ParseResponse(plain)
	return err
}

// rawID is the id of a message as it is written; nil when there is none or the
// payload is no object.
func rawID(payload []byte) json.RawMessage {
	var envelope struct {
		ID json.RawMessage `json:"id"`
	}
	if json.Unmarshal(payload, &envelope) != nil {
		return nil
	}
	return envelope.ID
}
