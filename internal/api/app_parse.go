package api

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/proofmark/proofmark/miot"
	"github.com/proofmark/proofmark/registry"
)

// maxAppItems bounds the properties of one call, over all its devices.
const maxAppItems = 1024

// badCall says why a body is not the call it should be.
type badCall struct{ what string }

func (e *badCall) Error() string { return e.what }

// appOptions are the members beside params.
type appOptions struct {
	Queue      bool  `json:"queue"`      // keep it for a device that is offline
	TTL        int64 `json:"ttl_s"`      // seconds for which it is kept; 0: the default
	DataSource int   `json:"datasource"` // 1: from the twin; anything else: from the device
}

func (o appOptions) ttl() time.Duration { return time.Duration(o.TTL) * time.Second }

type propertiesCall struct {
	appOptions
	Params []miot.PropertyValue `json:"params"` // of a get: without values
}

type actionCall struct {
	appOptions
	Params struct {
		DID  string          `json:"did"`
		SIID int             `json:"siid"`
		AIID int             `json:"aiid"`
		In   json.RawMessage `json:"in"` // for the registry to read
	} `json:"params"`
}

func parsePropertiesCall(body []byte) (propertiesCall, error) {
	var c propertiesCall
	if err := json.Unmarshal(body, &c); err != nil {
		return c, &badCall{`the body is no {"params":[{"did","siid","piid"}…]}: ` + err.Error()}
	}
	if n := len(c.Params); n == 0 || n > maxAppItems {
		return c, &badCall{fmt.Sprintf("params has %d items; want 1 to %d", n, maxAppItems)}
	}
	return c, c.check()
}

func parseActionCall(body []byte) (actionCall, error) {
	var c actionCall
	if err := json.Unmarshal(body, &c); err != nil {
		return c, &badCall{`the body is no {"params":{"did","siid","aiid","in"}}: ` + err.Error()}
	}
	return c, c.check()
}

func (o appOptions) check() error {
	if most := int64(registry.MaxQueueTTL / time.Second); o.TTL < 0 || o.TTL > most {
		return &badCall{fmt.Sprintf("ttl_s is %d; want 0 to %d", o.TTL, most)}
	}
	return nil
}
