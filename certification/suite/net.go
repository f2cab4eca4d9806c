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
		// On a poor link requests SHALL still be answered.
		&Case{
			ID: "NET-01", Version: 1, Requirement: "NET-01", Title: "A poor link", Level: Mandatory,
			Hint: "Give TCP time: an answer or a PINGRESP that is a second late is no reason to reconnect.",
			Run:  net01,
		},
		// A bad link SHALL NOT reboot the device.
		&Case{
			ID: "NET-02", Version: 1, Requirement: "NET-02", Title: "A bad link", Level: Mandatory,
			Hint: "A full send buffer or a lost connection is no reason to restart.",
			Run:  net02,
		},
		// A silent black hole SHALL be given up, and left.
		&Case{
			ID: "NET-03", Version: 1, Requirement: "NET-03", Title: "A silent black hole", Level: Mandatory,
			Hint: "Close when PINGRESP does not come, and give up a connect that gets no CONNACK.",
			Run:  net03,
		},
		// After a restart of the broker the device SHALL be back with its state.
		&Case{
			ID: "NET-04", Version: 1, Requirement: "NET-04", Title: "A restart of the broker", Level: Mandatory,
			Hint: "Connect, subscribe and report the full state: the broker knows nothing any more.",
			Run:  net04,
		},
		// After a router's reboot or a new address it SHALL be online soon.
		&Case{
			ID: "NET-05", Version: 1, Requirement: "NET-05", Title: "Router reboot, new address", Level: Mandatory,
			Needs: Needs{Operator: true},
			Hint:  "A new address ends the old connection: close it and connect at once, with the backoff of a first attempt.",
			Run:   net05,
		},
		// A DNS change SHALL be followed, a DNS outage cause no flood.
		&Case{
			ID: "NET-06", Version: 1, Requirement: "NET-06", Title: "DNS change and outage", Level: Mandatory,
			Needs: Needs{Operator: true},
			Hint:  "Resolve the name before each connect, keep an answer no longer than its TTL, and back off when DNS fails.",
			Run:   net06,
		},
	)
}

// tally is what became of many requests.
type tally struct {
	asked int
	took  []time.Duration // of those that were answered
	worst *Event          // the slowest answer
}

func (y *tally) answered() float64 { return float64(len(y.took)) / float64(max(1, y.asked)) }

// p95 is what 95 % of the answers took at most.
func (y *tally) p95() time.Duration {
	if len(y.took) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(y.took))
	return sorted[(len(sorted)*95+99)/100-1]
}

func (y *tally) String() string {
	return fmt.Sprintf("%d of %d answered (%.2f %%)", len(y.took), y.asked, 100*y.answered())
}

// asks sends a request and counts its answer, if it comes in time.
func (y *tally) asks(t *T, method string, params []byte, within time.Duration) *Event {
	y.asked++
	id := t.Request(method, params)
	sent := t.now
	e := t.Await(within, Answer(id))
	if e == nil {
		return nil
	}
	if d := e.At - sent; y.worst == nil || d > slices.Max(y.took) {
		y.worst = e
	}
	y.took = append(y.took, e.At-sent)
	return e
}

// traffic reads one property after the other for a while.
func (t *T) traffic(d time.Duration) *tally {
	var refs []miot.PropertyRef
	for _, p := range t.Rules.Properties() {
		if p.Readable {
			refs = append(refs, t.Ref(p.SIID, p.PIID))
		}
	}
	y := new(tally)
	for began := t.now; t.now-began < d; {
		next := t.now + LinkPace
		if len(refs) == 0 {
			y.asks(t, miot.MethodInfo, nil, LateAnswer)
		} else {
			ref := refs[y.asked%len(refs)]
			y.asks(t, miot.MethodGetProperties, miot.GetProperties(0, []miot.PropertyRef{ref}).Params, LateAnswer)
		}
		t.Idle(max(0, next-t.now), nil)
	}
	return y
}

func net01(t *T) {
	t.Ready(returnLimit)
	mark := t.Wire
	t.Step("%v with %.0f %% loss and %v ± %v there and back", PoorLinkTime, 100*PoorLinkLoss, 2*PoorLinkLatency, 2*PoorLinkJitter)
	t.Fault(bench.Fault{Loss: PoorLinkLoss, Latency: PoorLinkLatency, Jitter: PoorLinkJitter})
	y := t.traffic(PoorLinkTime)
	t.Back()
	t.Check(y.answered() >= PoorLinkAnswered, fmt.Sprintf("%.0f %% of the requests answered within %v", 100*PoorLinkAnswered, LateAnswer), y.String(), y.worst)
	t.Check(y.p95() <= PoorLinkP95, fmt.Sprintf("95 %% of the answers within %v", PoorLinkP95), y.p95().String(), y.worst)
	n := t.Wire.Connects - mark.Connects
	t.Check(n <= PoorLinkDrops, "at most "+plural(PoorLinkDrops, "reconnect"), plural(n, "reconnect"))
}

func net02(t *T) {
	t.Ready(returnLimit)
	before := t.before()
	t.Step("%v with %.0f %% loss", BadLinkTime, 100*BadLinkLoss)
	t.Fault(bench.Fault{Loss: BadLinkLoss})
	y := t.traffic(BadLinkTime)
	t.Step("%s", y)
	t.Heal()
	const anyNumber = 1 << 30 // reconnects are no fault here
	t.survived(before, anyNumber, NormalAgain, "a bad link")
}

func net03(t *T) {
	t.Ready(returnLimit)
	conn, limit := t.Wire.Conn, t.goneLimit()
	t.Step("for %v nothing passes, and nothing is closed", BlackHoleTime)
	t.Fault(bench.Fault{Blackhole: true})
	from := t.now
	e := t.Await(limit, closed(conn))
	t.Check(e != nil && bench.ByDevice(e.Record), fmt.Sprintf("the device to give the connection up within %v (1.5 keep-alives + %v)", limit, MuteGrace), endOf(e), e)
	t.Idle(from+BlackHoleTime-t.now, nil)
	mark := t.Wire
	t.Heal()
	t.Check(t.AwaitReady(RetryLimit), fmt.Sprintf("the device online within %v after the black hole", RetryLimit), t.absence(mark))
}

func net04(t *T) {
	t.Ready(returnLimit)
	mark := t.Wire
	h := t.hear()
	defer h.stop()
	t.Step("the broker restarts, with its sessions lost")
	t.Do(bench.Restart{For: RestartTime})
	latest := t.now + RestartTime + RetryLimit
	if !t.Check(t.AwaitReturn(mark, latest-t.now), fmt.Sprintf("the device connected and subscribed within %v after the restart", RetryLimit), t.absence(mark)) {
		return
	}
	if still := t.stillReported(); len(still) > 0 {
		t.stateTold(h, still, latest)
	}
}

func net05(t *T) {
	const rounds = 5
	for n := range rounds {
		t.Stable() // or the backoff would be that of five outages in a row
		mark := t.Wire
		round := fmt.Sprintf("round %d of %d", n+1, rounds)
		_, at := t.AskOperator(bench.Question{
			Kind: bench.UnplugNetwork, For: NetworkAway, Timeout: 2 * OperatorLimit,
			Text: fmt.Sprintf("Restart the router of the device, or have it give the device a new address, %s. Answer in the moment that its Wi-Fi is back.", round),
		})
		t.Check(t.AwaitReturn(mark, NetworkReturn-(t.now-at)), fmt.Sprintf("the device online within %v of Wi-Fi, %s", NetworkReturn, round), t.absence(mark))
	}
}

func net06(t *T) {
	t.confirmed(bench.Question{
		Kind: bench.Upload, Evidence: "pcap", Timeout: 6 * OperatorLimit,
		Text: fmt.Sprintf("Give the name of the bench, with a TTL of %v, a second address where the bench answers too, and end the device's "+
			"connection. Upload the capture. Answer yes if the device connects to the new address within %v, else no; skip if it is "+
			"configured with an address.", NameTTL, NameTTL+NameGrace),
	}, fmt.Sprintf("the new address used within %v (TTL + %v)", NameTTL+NameGrace, NameGrace))
	t.confirmed(bench.Question{
		Kind: bench.Upload, Evidence: "pcap", Timeout: 6 * OperatorLimit,
		Text: fmt.Sprintf("Let the name server answer SERVFAIL for %v and end the device's connection. Upload the capture. Answer yes if the "+
			"device asks at most once a second, and connects again afterwards, else no.", NameServerFailure),
	}, "at most one query a second while DNS fails")
}
