package api

import (
	"encoding/json"
	"time"

	"github.com/proofmark/proofmark/registry"
)

type command struct {
	ID        string                `json:"id" doc:"cmd_…"`
	DID       string                `json:"did"`
	Method    string                `json:"method"`
	Params    json.RawMessage       `json:"params,omitempty"`
	State     registry.CommandState `json:"state" enum:"queued,sent,done,rejected,expired"`
	Result    json.RawMessage       `json:"result,omitempty" doc:"The device's whole answer, once there is one."`
	CreatedAt time.Time             `json:"created_at"`
	ExpiresAt time.Time             `json:"expires_at"`
	EndedAt   *time.Time            `json:"ended_at,omitempty"`
}

func commandOf(c registry.Command) command {
	return command{
		ID: c.ID, DID: c.DID, Method: c.Method, Params: c.Params, State: c.State, Result: c.Result,
		CreatedAt: instant(c.CreatedAt), ExpiresAt: instant(c.ExpiresAt), EndedAt: someday(c.EndedAt),
	}
}
