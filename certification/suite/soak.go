package suite

import (
	"fmt"
	"slices"
	"time"

	"github.com/proofmark/proofmark/certification/suite/bench"
	"github.com/proofmark/proofmark/miot"
)

func init() {
	register(
		// In a day 99.9 % of the requests SHALL be answered, without a reboot.
		&Case{
			ID: "SOAK-01", Version: 1, Requirement: "SOAK-01", Title: "A day", Level: Mandatory,
			Hint: "What fails after hours is mostly memory: watch the free heap, and the number of open sockets and tasks.",
			Run:  soak01,
		},
		// Free memory SHALL NOT leak.
		&Case{
			ID: "SOAK-02", Version: 1, Requirement: "SOAK-02", Title: "No leak", Level: Conditional,
			Hint:    "Free memory that falls by a hundredth an hour is gone in four days.",
			Monitor: soak02,
		},
		// After each of 200 drops the device SHALL return.
		&Case{
			ID: "SOAK-03", Version: 1, Requirement: "SOAK-03", Title: "200 drops", Level: Mandatory,
			Hint: "Free everything of a lost connection, and reset the backoff after a stable one.",
			Run:  soak03,
		},
		// After each of 20 power cycles it SHALL return, with its state kept.
		&Case{
			ID: "SOAK-04", Version: 1, Requirement: "SOAK-04", Title: "20 power cycles", Level: Mandatory,
			Needs: Needs{Operator: true},
			Hint:  "Write settings so that a cut in the middle leaves the old or the new ones, never none.",
			Run:   soak04,
		},
		// Of 10,000 commands 99.9 % SHALL be answered, and no value be wrong.
		&Case{
			ID: "SOAK-05", Version: 1, Requirement: "SOAK-05", Title: "10,000 commands", Level: Mandatory,
			Hint: "An answer belongs to one request: look for buffers that two of them share.",
			Run:  soak05,
		},
	)
}

// soak01 mixes what a gateway asks: mostly reads, a write now and then of what
// wears no flash, and every five minutes how the device is.
func soak01(t *T) {
	t.Ready(returnLimit)
	var refs []miot.PropertyRef
	for _, p := range t.Rules.Properties() {
		if p.Readable {
			refs = append(refs, t.Ref(p.SIID, p.PIID))
		}
	}
	tireless := t.tireless()
	before := t.before()
	heap := t.heapRef()
	y := new(tally)
	long, drops := t.soak()
	t.Step("%v, a request every %v", long, SoakPace)
	for n := 0; t.now-before.at < long; n++ {
		next := t.now + SoakPace
		method, params := miot.MethodInfo, []byte(nil)
		switch {
		case n%30 == 0:
		case n%30 == 1 && heap != nil:
			method, params = miot.MethodGetProperties, miot.GetProperties(0, heap).Params
		case n%10 == 5 && len(tireless) > 0:
			p := tireless[t.Rand.IntN(len(tireless))]
			method, params = miot.MethodSetProperties, miot.SetProperties(0, []miot.PropertyValue{t.Val(p.SIID, p.PIID, t.draw(p))}).Params
		case len(refs) > 0:
			method, params = miot.MethodGetProperties, miot.GetProperties(0, refs[n%len(refs):][:1]).Params
		}
		y.asks(t, method, params, AnswerLimit)
		t.Idle(max(0, next-t.now), nil)
	}
	t.Check(y.answered() >= SoakAnswered, fmt.Sprintf("%.1f %% of the requests answered within %v", 100*SoakAnswered, AnswerLimit), y.String(), y.worst)
	n := t.Wire.Connects - before.wire.Connects
	t.Check(n <= drops, "at most "+plural(drops, "reconnect")+" that nobody asked for", plural(n, "reconnect"))
	if t.AwaitReady(returnLimit) {
		t.notRebooted(before, long.String()+" of work")
	} else {
		t.Failf("after %v the device is not there any more", long)
	}
}

// soak is how long SOAK-01 takes, by the header, and how many reconnects it bears.
func (t *T) soak() (long time.Duration, drops int) {
	if t.Header.SoakHours == ShortSoak {
		return ShortSoak * time.Hour, ShortDrops
	}
	return SoakTime, SoakDrops
}

// heapRef names the property that tells the free memory; nil where none does.
func (t *T) heapRef() []miot.PropertyRef {
	if siid, piid, ok := splitMember(t.Declaration.FreeHeap); ok {
		return []miot.PropertyRef{t.Ref(siid, piid)}
	}
	return nil
}

// tireless are the properties that may be written for ever: declared volatile,
// readable, never barred and not deferred.
func (t *T) tireless() []*miot.PropertyRule {
	return slices.DeleteFunc(slices.Clone(t.Rules.Properties()), func(p *miot.PropertyRule) bool {
		name := MemberName(p.SIID, p.PIID)
		barred := slices.ContainsFunc(t.Declaration.Exclusions, func(e Exclusion) bool { return e.Member == name && !e.Action })
		return !p.Readable || !t.settable(p) || barred || t.deferred(p) ||
			!slices.Contains(t.Declaration.VolatileMembers, name) || len(t.someValues(p)) == 0
	})
}

// draw is one of the values that a property must take.
func (t *T) draw(p *miot.PropertyRule) []byte {
	values := t.someValues(p)
	return values[t.Rand.IntN(len(values))]
}

func soak03(t *T) {
	for n := range SoakDropCount {
		t.Stable()
		t.Drop(bench.DropClose)
		mark := t.Wire
		e := t.Await(FirstRetry, opened)
		if !t.Check(e != nil, fmt.Sprintf("a retry within %v of drop %d", FirstRetry, n+1), "none") {
			break
		}
		if !t.Check(t.AwaitReturn(mark, ConnectLimit+ReadyLimit), fmt.Sprintf("connected and subscribed %v later", ConnectLimit+ReadyLimit), t.absence(mark)) {
			break
		}
	}
	t.Ready(returnLimit)
}

func soak04(t *T) {
	t.powered()
	t.Ready(returnLimit)
	kept := t.persistent()
	found := t.settings()
	t.disturb(kept)
	limit := min(time.Duration(t.Declaration.BootTime), OnlineLimit)
	for n := range SoakCycles {
		off := time.Duration(1+t.Rand.IntN(60)) * time.Second
		before := t.read(kept)
		if !t.powerCycle(off, fmt.Sprintf("round %d of %d", n+1, SoakCycles), limit) {
			break
		}
		for i, after := range t.read(kept) {
			t.Check(before[i].Equal(after), fmt.Sprintf("%s kept over a power cut: %s", label(kept[i]), before[i]), after.String())
		}
	}
	t.Ready(returnLimit)
	t.restore(found)
}

// disturb gives properties other values than they have: at their defaults a
// device that forgets them would not be seen to. What is refused stays as it is.
func (t *T) disturb(props []*miot.PropertyRule) {
	for i, now := range t.read(props) {
		if raw, ok := t.another(props[i], now); ok && t.settable(props[i]) {
			t.askSet(props[i], raw)
		}
	}
}

// persistent are the properties that are declared to survive a power cycle.
func (t *T) persistent() []*miot.PropertyRule {
	return slices.DeleteFunc(slices.Clone(t.Rules.Properties()), func(p *miot.PropertyRule) bool {
		return !p.Readable || !slices.Contains(t.Declaration.Persistent, MemberName(p.SIID, p.PIID))
	})
}

// read is what properties hold now.
func (t *T) read(props []*miot.PropertyRule) []miot.Value {
	var refs []miot.PropertyRef
	for _, p := range props {
		refs = append(refs, t.Ref(p.SIID, p.PIID))
	}
	var out []miot.Value
	for _, part := range t.split(refs) {
		for _, res := range t.Get(part...) {
			v, _ := miot.DecodeValue(res.Value)
			out = append(out, v)
		}
	}
	return out
}

func soak05(t *T) {
	t.Ready(returnLimit)
	tireless := t.tireless()
	if len(tireless) == 0 {
		t.NotApplicable("no property that can be read and written is declared volatile: writing 10,000 times would wear the others out")
	}
	y := new(tally)
	wrong := 0
	t.Step("%d commands", SoakCommands)
	for y.asked < SoakCommands && wrong < 3 {
		p := tireless[t.Rand.IntN(len(tireless))]
		raw := t.draw(p)
		set := y.asks(t, miot.MethodSetProperties, miot.SetProperties(0, []miot.PropertyValue{t.Val(p.SIID, p.PIID, raw)}).Params, AnswerLimit)
		t.breathe()
		get := y.asks(t, miot.MethodGetProperties, miot.GetProperties(0, []miot.PropertyRef{t.Ref(p.SIID, p.PIID)}).Params, AnswerLimit)
		t.breathe()
		switch {
		case set == nil || get == nil: // lost, which the tally counts
		case !done(set) || !done(get):
			t.Check(false, fmt.Sprintf("%s := %s taken and read", label(p), shown(raw)), saysCode(set)+", then "+saysCode(get), set, get)
			wrong++
		default:
			want, _ := p.Check(raw)
			got, _ := miot.DecodeValue(get.Response.Results[0].Value)
			if !t.Check(got.Equal(want), fmt.Sprintf("%s to read back as %s", label(p), shown(raw)), shown(get.Response.Results[0].Value), set, get) {
				wrong++
			}
		}
	}
	t.Check(y.answered() >= SoakAnswered, fmt.Sprintf("%.1f %% of the commands answered within %v", 100*SoakAnswered, AnswerLimit), y.String(), y.worst)
}

// breathe is the pause between two commands.
func (t *T) breathe() { t.Idle(CommandPause+time.Duration(t.Rand.Int64N(int64(CommandSpread))), nil) }

func done(e *Event) bool {
	return len(e.Response.Results) == 1 && e.Response.Results[0].Code == miot.CodeDone
}

func saysCode(e *Event) string { return Reply{R: e.Response}.saying() }
