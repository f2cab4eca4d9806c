package ingest

import (
	"time"

	"github.com/proofmark/proofmark/internal/bench"
	"github.com/proofmark/proofmark/internal/bench/target"
)

// The bounds of a bench; load beyond them is refused.
const (
	maxDevices = 20_000
	maxWindow  = 1_000
	maxRounds  = 100
)

// Options says what to measure. The zero value measures the gateway on SQLite, bare mochi and mosquitto, within 50 seconds.
type Options struct {
	target.Setup
	Devices  int           // 200
	Window   int           // unacknowledged reports per device: 10
	Rounds   int           // 3
	App      bool          // one more client, subscribed at QoS 1 to all devices
	AppPause time.Duration // how long the app rests after each message: a slow one
}

func (o *Options) complete() (target.Sample, error) {
	bounds := bench.Bounds{}
	bounds.Within("devices", &o.Devices, 200, maxDevices)
	bounds.Within("window", &o.Window, 10, maxWindow)
	bounds.Within("rounds", &o.Rounds, 3, maxRounds)
	if err := bounds.Err(); err != nil {
		return target.Sample{}, err
	}
	return o.Complete()
}

// spans divides the time: each run has a fixed cost (connecting, settling), a warm-up, and the measured span.
func (o *Options) spans(left time.Duration) (warmup, measured time.Duration) {
	runs := time.Duration(o.Rounds * len(o.Targets))
	each := left/runs - 400*time.Millisecond
	warmup = max(200*time.Millisecond, min(each/4, 2*time.Second))
	return warmup, max(500*time.Millisecond, each-warmup)
}

func (o *Options) setting(warmup, measured time.Duration) bench.Figures {
	return bench.Figures{
		"devices": o.Devices, "window": o.Window, "qos": 1, "rounds": o.Rounds, "targets": o.Targets,
		"warmup_s": bench.Round(warmup.Seconds(), 2), "measured_s": bench.Round(measured.Seconds(), 2),
		"app": o.App, "app_pause_ms": bench.Milliseconds(o.AppPause),
	}
}
