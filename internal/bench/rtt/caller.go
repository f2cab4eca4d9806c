package rtt

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/mochi-mqtt/server/v2/packets"

	"github.com/proofmark/proofmark/internal/bench/target"
	"github.com/proofmark/proofmark/internal/bench/wire"
	"github.com/proofmark/proofmark/miot"
)

// patience is how long an answer may take: longer than the gateway's own time-out of 4 s.
const patience = 8 * time.Second

// caller asks a device for a property and waits for the answer.
type caller interface {
	ask(ctx context.Context, property miot.PropertyRef) error
	close() error
}

func newCaller(ctx context.Context, t *target.Target) (caller, error) {
	if t.API != nil {
		return httpCaller{t.API}, nil
	}
	return newMQTTCaller(ctx, t)
}

// httpCaller commands through the gateway.
type httpCaller struct{ api *target.API }

func (c httpCaller) ask(ctx context.Context, property miot.PropertyRef) error {
	var reply struct {
		Response json.RawMessage `json:"response"`
	}
	order := map[string]any{"method": miot.MethodGetProperties, "params": []miot.PropertyRef{property}}
	if err := c.api.Post(ctx, "/api/v1/devices/"+property.DID+"/requests", order, &reply); err != nil {
		return err
	}
	response, err := miot.ParseResponse(reply.Response)
	if err != nil {
		return fmt.Errorf("response %.200q of device %s: %w", reply.Response, property.DID, err)
	}
	return check(response)
}

func (c httpCaller) close() error { return nil }

// mqttCaller commands through a bare broker.
type mqttCaller struct {
	conn *wire.Conn
	id   int64
}

func newMQTTCaller(ctx context.Context, t *target.Target) (*mqttCaller, error) {
	conn, err := wire.Dial(ctx, t.Addr, 1, 4096)
	if err != nil {
		return nil, err
	}
	conn.Deadline(time.Now().Add(patience))
	err = conn.Login(t.App.Login)
	if err == nil {
		err = conn.Subscribe(1, nil, "device/+/up/response")
	}
	if err != nil {
		conn.Close()
		return nil, fmt.Errorf("the caller: %w", err)
	}
	return &mqttCaller{conn: conn}, nil
}

func (c *mqttCaller) ask(_ context.Context, property miot.PropertyRef) error {
	c.id++
	c.conn.Deadline(time.Now().Add(patience))
	request := miot.GetProperties(c.id, []miot.PropertyRef{property})
	topic := "device/" + property.DID + "/down/request"
	if err := c.conn.Publish(uint16(2+c.id%60000), topic, request.Payload()); err != nil {
		return err
	}
	if err := c.conn.Flush(); err != nil {
		return err
	}
	for {
		pk, err := c.conn.Next()
		if err != nil {
			return fmt.Errorf("waiting for the answer to request %d: %w", c.id, err)
		}
		if pk.FixedHeader.Type != packets.Publish {
			continue
		}
		if err := c.conn.Ack(pk.PacketID); err != nil {
			return err
		}
		if err := c.conn.Flush(); err != nil {
			return err
		}
		response, err := miot.ParseResponse(pk.Payload)
		if err != nil {
			return err
		}
		if response.ID != c.id {
			return fmt.Errorf("an answer to request %d while %d is asked", response.ID, c.id)
		}
		return check(response)
	}
}

func check(response miot.Response) error {
	if response.Error != nil || len(response.Results) != 1 || response.Results[0].Code != miot.CodeDone {
		return fmt.Errorf("answer %s to a request for one property", response.Payload())
	}
	return nil
}

func (c *mqttCaller) close() error { return c.conn.Close() }
