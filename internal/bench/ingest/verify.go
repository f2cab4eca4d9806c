package ingest

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/proofmark/proofmark/internal/bench"
	"github.com/proofmark/proofmark/internal/bench/device"
	"github.com/proofmark/proofmark/internal/bench/report"
	"github.com/proofmark/proofmark/internal/bench/wire"
)

// VerifyOptions says how to drive a server that may be killed meanwhile.
type VerifyOptions struct {
	Addr       wire.Addr
	Devices    []device.Identity
	Properties []report.Property // report.Of the devices' spec
	Window     int               // unacknowledged reports per device: 10
	Rate       int               // reports per second and device: 100; at most 1,000, as each has a millisecond of its own
	Stop       <-chan struct{}   // closed: no new reports; Verify returns once all sent are acknowledged
	Away       time.Duration     // how long a server may be unreachable or silent: 30 s
}

// Stored is one report that was sent.
type Stored struct {
	DID        string
	ID         int64
	SIID, PIID int
	Value      json.RawMessage
	At         time.Time // its ts, to the millisecond, unique per device
}

// Ledger is what a run of Verify knows at its end.
type Ledger struct {
	Acknowledged []Stored // each must be in the history, once
	InDoubt      []Stored // sent, never acknowledged: each may be in the history, once
	Reconnects   int      // connections opened after the first one of each device
	Refused      int64    // messages on down/error; with legal reports there are none
	FirstRefusal string
}

func (o *VerifyOptions) complete() error {
	bounds := bench.Bounds{}
	bounds.Within("window", &o.Window, 10, maxWindow)
	bounds.Within("rate", &o.Rate, 100, 1000) // per second and device
	if o.Away == 0 {
		o.Away = 30 * time.Second
	}
	if len(o.Devices) == 0 || len(o.Devices) > maxDevices || len(o.Properties) == 0 {
		return fmt.Errorf("verify: %d devices and %d properties: it must be 1–%d devices, and at least one property (report.Of)",
			len(o.Devices), len(o.Properties), maxDevices)
	}
	return bounds.Err()
}

// Verify reports with numbered, timed reports, remembers which were acknowledged, connects again whenever the connection
// ends, and sends again what was not acknowledged, in order and byte by byte the same. When ctx ends before everything is
// acknowledged, the ledger says what is in doubt and the error is the context's.
func Verify(ctx context.Context, o VerifyOptions) (Ledger, error) {
	if err := o.complete(); err != nil {
		return Ledger{}, err
	}
	witnesses := make([]*witness, len(o.Devices))
	var group errgroup.Group
	for i, who := range o.Devices {
		witnesses[i] = &witness{who: who, n: i, options: &o, writer: report.NewWriter(who.DID, o.Properties)}
		group.Go(func() error { return witnesses[i].run(ctx) })
	}
	err := group.Wait()
	var all Ledger
	for _, w := range witnesses {
		all.Acknowledged = append(all.Acknowledged, w.acked...)
		for _, r := range w.pending {
			all.InDoubt = append(all.InDoubt, w.stored(r))
		}
		all.Reconnects += max(0, w.connections-1)
		if all.Refused += w.refused; all.FirstRefusal == "" {
			all.FirstRefusal = w.firstRefusal
		}
	}
	return all, err
}
