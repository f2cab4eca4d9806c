package connections

import (
	"fmt"

	"github.com/proofmark/proofmark/internal/bench"
	"github.com/proofmark/proofmark/internal/bench/target"
)

const (
	maxCount = 100_000
	// files is what a process holds open besides its connections: the databases, the listeners, the poller, and a margin,
	// as a gateway at its limit would refuse clients for its own sake.
	files = 200
)

// Options says what to measure. The zero value measures 20,000 connections to the gateway on SQLite, bare mochi and mosquitto.
type Options struct {
	target.Setup
	Count int // 20,000
}

func (o *Options) complete() (target.Sample, error) {
	bounds := bench.Bounds{}
	bounds.Within("count", &o.Count, 20_000, maxCount)
	if err := bounds.Err(); err != nil {
		return target.Sample{}, err
	}
	return o.Complete()
}

// raise makes room for the connections; where the system refuses, it lowers their number and says so.
func (o *Options) raise(result *bench.Result) error {
	result.Setting["asked"] = o.Count
	limit, err := target.RaiseFiles(o.Count + files)
	if err != nil {
		return err
	}
	if room := limit - files; room < o.Count {
		if room < 1 {
			return fmt.Errorf("RLIMIT_NOFILE %d leaves no room beside the %d files that a server has open", limit, files)
		}
		result.Note("%d connections were asked for; the hard RLIMIT_NOFILE is %d and may not be raised here, so %d were opened",
			o.Count, limit, room)
		o.Count = room
	}
	result.Setting["connections"] = o.Count
	return nil
}
