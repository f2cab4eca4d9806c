package broker

import (
	"fmt"
	"net"
	"sync/atomic"

	"github.com/mochi-mqtt/server/v2/packets"

	"github.com/proofmark/proofmark/internal/limit"
	"github.com/proofmark/proofmark/registry"
)

// device is the session of a connected device; it is the registry's Link to it.
type device struct {
	client   *client
	did      string
	session  registry.Session // set before the first packet is read
	receipts receipts
	granted  [len(downFilters)]int8 // QoS + 1 by filter, 0 if not subscribed
	request  atomic.Int32           // QoS + 1 at which requests go out
	errors   atomic.Int32           // the same for down/error
}

func newDevice(c *client) *device {
	return &device{client: c, did: c.id, receipts: receipts{client: c}}
}

// settle acknowledges a report.
func (d *device) settle(t ticket, o registry.Outcome) {
	d.receipts.settle(t, verdict{words: o.Errors}, o.More)
}

// downFilters are what a device may subscribe to, behind device/{did}/down/.
var downFilters = [...]string{"request", "error", "#", "+"}

// Request implements registry.Link. QoS 1 if the device asked for at least that.
func (d *device) Request(payload []byte) error {
	qos := d.request.Load() - 1
	if qos < 0 {
		return fmt.Errorf("%w: %s is not subscribed to its down/request", registry.ErrOffline, d.did)
	}
	m := message{topic: "device/" + d.did + "/down/request", payload: payload}
	if !d.send(&m, byte(min(qos, 1))) {
		return fmt.Errorf("%w: %s", registry.ErrOffline, d.did)
	}
	d.client.broker.stats.requests.Add(1)
	return nil
}

// Close implements registry.Link.
func (d *device) Close(reason registry.Reason) { d.client.stop(endingFor(reason)) }

// Origin implements registry.Origin.
func (d *device) Origin() string {
	host, _, err := net.SplitHostPort(d.client.conn.RemoteAddr().String())
	if err != nil { // a pipe
		return ""
	}
	return limit.Network(host)
}

// tell publishes why items were refused. At QoS 0: the violation is counted in the
// store, this is only a hint for whoever reads the device's log, and it must not
// take the in-flight places that requests need.
func (d *device) tell(errors [][]byte) {
	if len(errors) == 0 || d.errors.Load() == 0 {
		return
	}
	for _, e := range errors {
		m := message{topic: "device/" + d.did + "/down/error", payload: e}
		d.send(&m, 0)
	}
}

func (d *device) send(m *message, qos byte) bool {
	return d.client.flow.send(parcel{m.frame(d.client.version, qos), qos})
}

// subscribe decides about one filter.
func (d *device) subscribe(s packets.Subscription) byte {
	i := d.filter(s.Filter)
	if i < 0 {
		return packets.ErrNotAuthorized.Code
	}
	d.granted[i] = int8(s.Qos) + 1
	return s.Qos
}

func (d *device) unsubscribe(filter string) byte {
	i := d.filter(filter)
	if i < 0 || d.granted[i] == 0 {
		return packets.CodeNoSubscriptionExisted.Code
	}
	d.granted[i] = 0
	return packets.CodeSuccess.Code
}

func (d *device) filter(filter string) int {
	for i, name := range downFilters {
		if ownTopic(filter, d.did) && filter[len("device/")+len(d.did):] == "/down/"+name {
			return i
		}
	}
	return -1
}

// settled applies what a SUBSCRIBE or UNSUBSCRIBE has changed, after its answer
// has been written, and tells whether requests can be sent from now on.
func (d *device) settled() (ready bool) {
	all := max(d.granted[2], d.granted[3])
	before := d.request.Swap(int32(max(all, d.granted[0])))
	d.errors.Store(int32(max(all, d.granted[1])))
	return before == 0 && d.request.Load() > 0
}
