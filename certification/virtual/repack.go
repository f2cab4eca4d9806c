package virtual

import (
	"bytes"

	"github.com/eclipse/paho.mqtt.golang/packets"
)

// repack makes a Behaviour.Send of a func that sees each packet decoded and returns what goes out after it; false: not even it.
func repack(more func(packets.ControlPacket) (after []packets.ControlPacket, itself bool)) func([]byte) [][]byte {
	return func(raw []byte) [][]byte {
		packet, err := packets.ReadPacket(bytes.NewReader(raw))
		if err != nil {
			return [][]byte{raw}
		}
		after, itself := more(packet)
		var out [][]byte
		if itself {
			out = append(out, raw)
		}
		for _, p := range after {
			var b bytes.Buffer
			if p.Write(&b) == nil {
				out = append(out, b.Bytes())
			}
		}
		return out
	}
}

// besides makes a Behaviour.Send that follows each report of properties by another message at QoS 0.
func besides(message func(report *packets.PublishPacket) (topic string, payload []byte)) func([]byte) [][]byte {
	return repack(func(p packets.ControlPacket) ([]packets.ControlPacket, bool) {
		report, ok := p.(*packets.PublishPacket)
		if !ok || !bytes.Contains(report.Payload, []byte(`"properties_changed"`)) {
			return nil, true
		}
		extra, _ := packets.NewControlPacket(packets.Publish).(*packets.PublishPacket)
		extra.TopicName, extra.Payload = message(report)
		return []packets.ControlPacket{extra}, true
	})
}
