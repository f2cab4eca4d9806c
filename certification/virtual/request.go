package virtual

import (
	"errors"
	"fmt"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"

	"github.com/proofmark/proofmark/miot"
)

// Limits of a command (protocol §2), and of what the device looks at all.
const (
	maxCommand      = 4096
	maxCommandItems = 64
	maxMessage      = 64 << 10
	// inboxSize bounds the requests that wait; what a flood brings beyond is dropped (ROB-07).
	inboxSize = 256
)

// incoming is a message from the gateway.
type incoming struct {
	topic    string
	payload  []byte
	retained bool
}

// receive takes a message from the MQTT client, which acknowledges it on return and must not be kept waiting.
func (d *Device) receive(m mqtt.Message) {
	d.mu.Lock()
	d.count(time.Now())
	room := len(d.inbox) < inboxSize
	if room {
		d.inbox = append(d.inbox, incoming{topic: m.Topic(), payload: m.Payload(), retained: m.Retained()})
	}
	d.mu.Unlock()
	if !room {
		d.log.Warn("request dropped", "waiting", inboxSize)
		return
	}
	d.poke()
}

// work answers what is in the inbox.
func (d *Device) work(now time.Time) {
	for {
		d.mu.Lock()
		if len(d.inbox) == 0 {
			d.inbox = nil
			d.mu.Unlock()
			return
		}
		in := d.inbox[0]
		d.inbox = d.inbox[1:]
		answer := d.handle(in, now)
		d.mu.Unlock()
		if answer == nil || d.link == nil {
			continue
		}
		if late := d.cfg.Behaviour.AnswerAfter; late > 0 {
			d.tardy = append(d.tardy, answered{answer, now.Add(late)})
			continue
		}
		d.reply(answer)
		if d.cfg.Behaviour.AnswerTwice {
			d.reply(answer)
		}
	}
}

// reply sends an answer.
func (d *Device) reply(answer []byte) {
	token := d.publish(d.topics.response, 1, answer)
	d.log.Debug("answered", "payload", string(answer))
	d.observe(Observation{Kind: Answered, Topic: d.topics.response, Payload: answer})
	d.mu.Lock()
	defer d.mu.Unlock()
	for i := range d.orders {
		if d.orders[i].answered == nil {
			d.orders[i].answered = token.Done()
		}
	}
}

// handle gives the answer to a message; nil when there is none to give.
func (d *Device) handle(in incoming, now time.Time) []byte {
	if d.cfg.Behaviour.Crash != nil && d.cfg.Behaviour.Crash(in.payload) {
		d.crash()
		return nil
	}
	switch {
	case in.topic == d.topics.complaint && !in.retained:
		d.log.Warn("report refused by the gateway", "error", string(in.payload))
		d.observe(Observation{Kind: Complained, Topic: in.topic, Payload: in.payload})
		return nil
	case in.topic != d.topics.request && !d.cfg.Behaviour.AnyTopic, len(in.payload) == 0, len(in.payload) > maxMessage,
		in.retained && !d.cfg.Behaviour.ObeyRetained:
		// A request that the broker kept was meant for another time (protocol §4).
		d.observe(Observation{Kind: Ignored, Topic: in.topic, Payload: in.payload})
		return nil
	}
	if d.cfg.Behaviour.Hear != nil {
		in.payload = d.cfg.Behaviour.Hear(in.payload)
	}
	answer := d.answer(in.payload, now)
	if d.cfg.Behaviour.Answer != nil {
		answer = d.cfg.Behaviour.Answer(in.payload, answer)
	}
	return answer
}

// answer does what a request asks, once per id, and gives the answer; nil for bytes whose sender cannot be told apart.
func (d *Device) answer(payload []byte, now time.Time) []byte {
	request, err := miot.ParseRequest(payload)
	if err != nil {
		d.observe(Observation{Kind: Ignored, Topic: d.topics.request, Payload: payload, Err: err})
		var bad *miot.MessageError
		if errors.As(err, &bad) {
			if response, ok := bad.Response(); ok {
				return response.Payload()
			}
		}
		return nil
	}
	// Not the payload: config_key carries a secret.
	d.log.Debug("asked", "id", request.ID, "method", request.Method)
	d.observe(Observation{Kind: Asked, Topic: d.topics.request, ID: request.ID, Payload: payload})
	if len(payload) > maxCommand {
		return refuse(request.ID, miot.CodeInvalidRequest, "request of %d bytes, at most %d are taken", len(payload), maxCommand)
	}
	if answer, known := d.memory.answer(request.ID, now); known && !d.cfg.Behaviour.ActTwice {
		return answer
	}
	answer := d.act(request, now)
	d.memory.keep(request.ID, now, answer)
	return answer
}

func (d *Device) act(request miot.Request, now time.Time) []byte {
	switch request.Method {
	case miot.MethodGetProperties:
		return d.getProperties(request)
	case miot.MethodSetProperties:
		return d.setProperties(request)
	case miot.MethodAction:
		return d.invoke(request, now)
	case miot.MethodInfo:
		return d.info(request, now)
	case miot.MethodConfigKey:
		return d.configKey(request, now)
	case miot.MethodRestore:
		return d.restore(request, now)
	case miot.MethodOTA:
		return d.ota(request, now)
	case miot.MethodOTAState:
		return d.otaState(request)
	case miot.MethodOTAProgress:
		return d.otaProgress(request, now)
	}
	return refuse(request.ID, miot.CodeNoMethod, "no method %.60q", request.Method)
}

func refuse(id int64, code miot.Code, format string, args ...any) []byte {
	return miot.AnswerError(id, code, fmt.Sprintf(format, args...)).Payload()
}
