package broker

import "github.com/proofmark/proofmark/registry"

// valueTries is how often the last values are read again because of a report that came
// meanwhile; then whoever reports so often is known anyway.
const valueTries = 5

// sendValues sends a bridge the last reported value of each property that it has begun
// to watch, retained. Apps read values over HTTPS; a hub has only this.
func (b *bridge) sendValues(fresh map[string][]filter) {
	c := b.receipts.client
	ctx, cancel := c.question()
	defer cancel()
	for did, filters := range fresh {
		w := c.app.Load().watches[did]
		for try := 0; w != nil && try < valueTries; try++ {
			before := c.broker.watch.changesOf(w, did)
			parent, values, err := c.broker.config.Bridges.Values(ctx, b.Bridge, did)
			if err != nil {
				c.broker.log.Warn("last values not sent after SUBSCRIBE", "client", c.id, "did", did, "error", err)
				break
			}
			if c.broker.watch.values(w, before, change{DID: did, Parent: parent, Method: registry.MethodProperties}, filters, values) {
				break
			}
		}
	}
}

func (x *watchIndex) changesOf(w *watcher, did string) int {
	d, err := x.hold(did)
	if err != nil {
		return 0
	}
	defer d.mu.Unlock()
	return w.changes
}

// values sends values that were read, as items of ch, unless the app has been told of a
// change since; then it says false.
func (x *watchIndex) values(w *watcher, before int, ch change, filters []filter, values []registry.TwinValue) bool {
	d, err := x.hold(ch.DID)
	if err != nil {
		return true
	}
	defer d.mu.Unlock()
	if w.changes != before {
		return false
	}
	if !w.listed {
		return true
	}
	only := watcher{filters: filters}
	for _, v := range values {
		qos := only.qos(false, v.SIID, v.PIID)
		if qos < 0 {
			continue
		}
		ch.Items = []changed{{SIID: v.SIID, IID: v.PIID, Value: v.Value}}
		m := message{topic: ch.topic(0), payload: ch.payload(0), retain: true}
		if w.client.flow.send(parcel{m.frame(w.client.version, byte(qos)), byte(qos)}) {
			x.broker.stats.delivered.Add(1)
		}
	}
	return true
}
