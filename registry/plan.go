package registry

import (
	"math/rand/v2"
	"time"
)

// plan is what one commit does: the rows to store and, per sender, the reports
// to answer once it is done. One plan serves all commits, each after the other.
type plan struct {
	batch   Batch
	now     time.Time
	id      int64
	senders []senderPlan
	slab    []Report // where the first report of each chunk lies

	bySender  map[*Live]int // index into senders
	fresh     map[sighting]struct{}
	byDevice  map[string]int // index into batch.Chunks
	byTwin    map[member]int
	byViolate map[violationKey]int
	ended     map[string]bool // desired ids
}

type senderPlan struct {
	live    *Live
	memory  *memory
	reports []*arrived
}

type sighting struct {
	of          *memory
	fingerprint uint64
}

type member struct {
	did        string
	siid, piid int
}

type violationKey struct {
	member
	rule string
}

func newPlan() plan {
	return plan{
		bySender:  make(map[*Live]int),
		fresh:     make(map[sighting]struct{}),
		byDevice:  make(map[string]int),
		byTwin:    make(map[member]int),
		byViolate: make(map[violationKey]int),
		ended:     make(map[string]bool),
	}
}

// reset lets go of everything but the room that it took.
func (p *plan) reset() {
	b := &p.batch
	clear(b.Chunks)
	clear(b.Twin)
	clear(b.Violations)
	clear(b.Ended)
	p.batch = Batch{Chunks: b.Chunks[:0], Twin: b.Twin[:0], Violations: b.Violations[:0], Ended: b.Ended[:0]}
	for i := range p.senders {
		s := &p.senders[i]
		clear(s.reports)
		s.live, s.memory, s.reports = nil, nil, s.reports[:0]
	}
	p.senders, p.slab = p.senders[:0], nil
	clear(p.bySender)
	clear(p.fresh)
	clear(p.byDevice)
	clear(p.byTwin)
	clear(p.byViolate)
	clear(p.ended)
}

// plan builds the commit of a batch. Repeats within the batch are told apart
// here too: a device may send again while its first copy still waits.
func (q *ingest) plan(batch []*arrived) *plan {
	p := &q.planned
	p.reset()
	p.now, p.id, p.slab = after(p.now, q.reg.now()), rand.Int64(), make([]Report, 0, len(batch))
	for _, in := range batch {
		s := q.sender(p, in.live)
		s.reports = append(s.reports, in)
		for _, seen := range in.seen {
			s.memory.add(seen.Fingerprint, seen.At, p.now)
		}
		mark := sighting{s.memory, in.report.Fingerprint}
		_, in.repeat = p.fresh[mark]
		if in.repeat = in.repeat || s.memory.has(in.report.Fingerprint, p.now); in.repeat {
			continue
		}
		p.fresh[mark] = struct{}{}
		p.add(in)
	}
	return p
}

// after keeps the commits of this node in order in history, whose times are whole
// microseconds; a clock that was set back is followed.
func after(last, now time.Time) time.Time {
	if behind := last.Sub(now); behind > -time.Microsecond && behind < time.Second {
		return last.Add(time.Microsecond)
	}
	return now
}

func (q *ingest) sender(p *plan, l *Live) *senderPlan {
	i, ok := p.bySender[l]
	if !ok {
		i = len(p.senders)
		p.bySender[l] = i
		if i < cap(p.senders) {
			p.senders = p.senders[:i+1] // with the room of an earlier one's reports
		} else {
			p.senders = append(p.senders, senderPlan{})
		}
		p.senders[i].live, p.senders[i].memory = l, q.memory(l.did)
	}
	return &p.senders[i]
}

func (q *ingest) memory(did string) *memory {
	m, ok := q.memories[did]
	if !ok {
		m = &memory{}
		q.memories[did] = m
	}
	return m
}

// remember is called once the batch is stored: only then is a report a repeat.
func (q *ingest) remember(p *plan) {
	for i := range p.senders {
		s := &p.senders[i]
		for _, in := range s.reports {
			if !in.repeat {
				s.memory.add(in.report.Fingerprint, p.now, p.now)
			}
		}
	}
}

func (p *plan) add(in *arrived) {
	// The sender's chunk carries the fingerprint, even without items of its own.
	own, others := split(in.live.did, in.report.Items)
	report := in.report
	report.Items = own
	p.chunk(in.live.did, report)
	for did, items := range others {
		report.Fingerprint, report.Items = 0, items
		p.chunk(did, report)
	}
	if in.report.Method == MethodProperties {
		for i := range in.report.Items {
			p.noteValue(in, &in.report.Items[i])
		}
	}
	for i := range in.refused {
		p.violation(in, &in.refused[i])
	}
}

// split parts the items into the sender's own and those of its sub-devices.
func split(sender string, items []Item) (own []Item, others map[string][]Item) {
	n := 0
	for n < len(items) && items[n].DID == sender {
		n++
	}
	own = items[:n:n] // all of them, but for a gateway
	for _, it := range items[n:] {
		if it.DID == sender {
			own = append(own, it)
			continue
		}
		if others == nil {
			others = make(map[string][]Item)
		}
		others[it.DID] = append(others[it.DID], it)
	}
	return own, others
}

func (p *plan) chunk(did string, r Report) {
	i, ok := p.byDevice[did]
	if ok {
		c := &p.batch.Chunks[i]
		c.Reports = append(c.Reports, r)
		return
	}
	p.byDevice[did] = len(p.batch.Chunks)
	p.slab = append(p.slab, r)
	n := len(p.slab)
	p.batch.Chunks = append(p.batch.Chunks, Chunk{DID: did, At: p.now, Batch: p.id, Reports: p.slab[n-1 : n : n]})
}

func (p *plan) noteValue(in *arrived, it *Item) {
	v := TwinValue{
		DID: it.DID, SIID: it.SIID, PIID: it.IID, Value: it.Value,
		At: in.report.At, ReceivedAt: in.at, Quality: in.report.Quality,
	}
	k := member{it.DID, it.SIID, it.IID}
	if i, ok := p.byTwin[k]; !ok {
		p.byTwin[k] = len(p.batch.Twin)
		p.batch.Twin = append(p.batch.Twin, v)
	} else if !v.At.Before(p.batch.Twin[i].At) {
		p.batch.Twin[i] = v
	}
	if end, ok := in.live.endsWish(&v, p.now); ok && !p.ended[end.ID] {
		p.ended[end.ID] = true
		p.batch.Ended = append(p.batch.Ended, end)
	}
}

const lastOffence = 256 // bytes of the offending value kept with a violation

func (p *plan) violation(in *arrived, r *refusal) {
	k := violationKey{member{r.did, r.siid, r.iid}, r.rule}
	i, ok := p.byViolate[k]
	if !ok {
		i = len(p.batch.Violations)
		p.byViolate[k] = i
		p.batch.Violations = append(p.batch.Violations, Violation{
			DID: r.did, Day: p.now.UTC().Truncate(day), Rule: r.rule, SIID: r.siid, IID: r.iid,
			Firmware: in.firmware(r.did),
		})
	}
	v := &p.batch.Violations[i]
	v.Count++
	v.LastAt, v.Last = in.at, clip(r.value, lastOffence)
}

// firmware is what the device whose item it is runs, as last told by miIO.info.
func (in *arrived) firmware(did string) string {
	if k, ok := in.owner(did); ok {
		return k.device.Info.Firmware
	}
	return in.known.device.Info.Firmware
}

// errors are the down/error payloads for the refused items of a report.
func (in *arrived) errors() [][]byte {
	if len(in.refused) == 0 {
		return nil
	}
	out := make([][]byte, len(in.refused))
	for i := range in.refused {
		out[i] = in.refused[i].answer.Payload()
	}
	return out
}
