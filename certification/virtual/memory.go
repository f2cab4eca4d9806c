package virtual

import "time"

// A device answers a repeated request with its first answer, without acting again (protocol §2): the gateway repeats what was
// lost with a connection, and QoS 1 delivers twice when it must.
const (
	remembered  = 32
	rememberFor = 60 * time.Second
)

// memory holds the answers to the last requests, the oldest first. It outlives connections.
type memory struct{ entries []memo }

type memo struct {
	id     int64
	at     time.Time
	answer []byte
}

// answer is the first answer to the request of this id, when it is remembered.
func (m *memory) answer(id int64, now time.Time) ([]byte, bool) {
	m.expire(now)
	for _, e := range m.entries {
		if e.id == id {
			return e.answer, true
		}
	}
	return nil, false
}

// keep remembers an answer, at the cost of the oldest.
func (m *memory) keep(id int64, now time.Time, answer []byte) {
	m.expire(now)
	if len(m.entries) == remembered {
		m.entries = append(m.entries[:0], m.entries[1:]...)
	}
	m.entries = append(m.entries, memo{id: id, at: now, answer: answer})
}

func (m *memory) expire(now time.Time) {
	old := 0
	for old < len(m.entries) && now.Sub(m.entries[old].at) > rememberFor {
		old++
	}
	if old > 0 {
		m.entries = append([]memo(nil), m.entries[old:]...)
	}
}
