package registry

import (
	"crypto/sha256"
	"encoding/binary"
	"time"
)

// repeatWindow is how long a report is remembered to tell its repeats (protocol §4).
const repeatWindow = 10 * time.Minute

// fingerprint stands for (method, id, payload): the id is part of the payload, the
// method chooses a part of the digest. Sixty-four bits of SHA-256 are enough,
// since a device can only collide with itself. It is never 0, which means none.
func fingerprint(method string, payload []byte) uint64 {
	sum := sha256.Sum256(payload)
	part := sum[:8]
	if method == MethodEvent {
		part = sum[8:16]
	}
	return max(1, binary.BigEndian.Uint64(part))
}

// memory remembers the fingerprints of one sender's reports. Only the ingest
// goroutine touches it.
type memory struct {
	seen    map[uint64]int64 // fingerprint → Unix seconds
	used    int64            // Unix seconds of the last report
	pruneAt int              // size at which old entries are looked for
}

func (m *memory) has(f uint64, now time.Time) bool {
	at, ok := m.seen[f]
	return ok && now.Unix()-at < int64(repeatWindow/time.Second)
}

func (m *memory) add(f uint64, at, now time.Time) {
	if m.seen == nil {
		m.seen, m.pruneAt = make(map[uint64]int64), 64
	}
	if len(m.seen) >= m.pruneAt {
		m.prune(now)
	}
	if s := at.Unix(); s > m.seen[f] {
		m.seen[f] = s
	}
	m.used = max(m.used, at.Unix())
}

func (m *memory) prune(now time.Time) {
	oldest := now.Add(-repeatWindow).Unix()
	for f, at := range m.seen {
		if at <= oldest {
			delete(m.seen, f)
		}
	}
	m.pruneAt = max(64, 2*len(m.seen))
}
