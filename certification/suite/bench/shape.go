package bench

import (
	"math/rand/v2"
	"time"
)

const (
	segment    = 1460 // bytes of TCP payload in an Ethernet frame
	leastStall = 200 * time.Millisecond
	mostStalls = 6 // so many times in a row a segment is lost at most
)

// shape is what the network between device and bench is like. The zero value is a perfect one.
type shape struct {
	latency, jitter time.Duration // one way
	loss            float64       // of a segment
	drip            int           // bytes a second to the device; 0 is as fast as it goes
	hole            bool          // nothing passes
}

func (f *Fault) shape() shape {
	return shape{
		latency: f.Latency, jitter: f.Jitter, loss: f.Loss, drip: f.Drip,
		hole: f.Blackhole || f.Down == DownSilent,
	}
}

// flat says that bytes pass at once.
func (s shape) flat() bool { return s.latency == 0 && s.jitter == 0 && s.loss == 0 }

// delay draws how long so many bytes take. A lost segment is, to the one who waits for it, a stall: TCP sends it again after a
// time-out that doubles each time.
func (s shape) delay(random *rand.Rand, bytes int) time.Duration {
	if s.flat() {
		return 0
	}
	d := s.latency
	if s.jitter > 0 {
		d += time.Duration(random.Int64N(int64(2*s.jitter)+1)) - s.jitter
	}
	d = max(d, 0)
	if s.loss > 0 {
		for range (bytes + segment - 1) / segment {
			stall := max(leastStall, 4*s.latency) // 2 RTT
			for n := 0; n < mostStalls && random.Float64() < s.loss; n++ {
				d += stall
				stall *= 2
			}
		}
	}
	return d
}

// chunk is how many bytes may go at a time and how long to wait after them: twenty times a second at most, so that a drip is a
// drip without a timer for each byte of a fast one.
func (s shape) chunk() (bytes int, pause time.Duration) {
	bytes = max(1, s.drip/20)
	return bytes, time.Duration(bytes) * time.Second / time.Duration(s.drip)
}
