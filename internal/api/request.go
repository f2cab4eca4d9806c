package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/proofmark/proofmark/miot"
	"github.com/proofmark/proofmark/registry"
)

type askInput struct {
	OfDevice
	Body struct {
		Method string          `json:"method" minLength:"1" maxLength:"64" pattern:"^[A-Za-z_][A-Za-z0-9_.]*$" example:"get_properties"`
		Params json.RawMessage `json:"params,omitempty" doc:"As the method wants them (protocol §2, §3); items name their did." `
		Queue  bool            `json:"queue,omitempty" doc:"Keep the request for a device that is offline."`
		TTL    int             `json:"ttl_s,omitempty" minimum:"0" maximum:"604800" doc:"Seconds for which it is kept; one hour when absent."`
	}
}

type askOutput struct {
	Status   int
	Location string `header:"Location" doc:"Of the command that was queued."`
	Body     askReply
}

type askReply struct {
	Response json.RawMessage `json:"response,omitempty" doc:"The device's whole answer, its refusals included."`
	Command  *command        `json:"command,omitempty" doc:"With 202: the request that was queued."`
}

func (a *API) mountRequests() {
	operator(a, huma.Operation{
		OperationID: "request", Method: http.MethodPost, Path: "/devices/{did}/requests", Tags: []string{"Commands"},
		Summary:     "Send a request to a device",
		Description: "Answers 200 with what the device answered within 4 s; 504 if it did not. A device that is offline gives 409, or 202 and a command with queue.",
		Responses:   map[string]*huma.Response{"202": {Description: "The device is offline: the request is kept for it."}},
	}, a.request)
	operator(a, huma.Operation{
		OperationID: "get-command", Method: http.MethodGet, Path: "/commands/{id}", Tags: []string{"Commands"},
		Summary: "What became of a queued request",
	}, func(ctx context.Context, in *struct {
		ID string `path:"id" maxLength:"100" doc:"cmd_…"`
	},
	) (*reply[command], error) {
		c, err := a.registry.Command(ctx, in.ID)
		return answer(commandOf(c), err)
	})
}

func (a *API) request(ctx context.Context, in *askInput) (*askOutput, error) {
	b := &in.Body
	if bytes.Equal(b.Params, []byte("null")) {
		b.Params = nil
	}
	if len(b.Params) > miot.MaxCommandBytes {
		return nil, fmt.Errorf("%w: params have %d bytes, a command at most %d", registry.ErrBadRequest, len(b.Params), miot.MaxCommandBytes)
	}
	resp, err := a.registry.Ask(ctx, in.DID, b.Method, b.Params)
	if b.Queue && errors.Is(err, registry.ErrOffline) {
		c, err := a.registry.Queue(ctx, asker(ctx), in.DID, b.Method, b.Params, seconds(b.TTL))
		if err != nil {
			return nil, err
		}
		view := commandOf(c)
		return &askOutput{Status: http.StatusAccepted, Location: prefix + "/commands/" + c.ID, Body: askReply{Command: &view}}, nil
	}
	if err != nil {
		return nil, err
	}
	return &askOutput{Status: http.StatusOK, Body: askReply{Response: resp.Payload()}}, nil
}
