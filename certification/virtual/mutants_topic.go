package virtual

import (
	"strings"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"
)

func init() {
	breed(
		Mutant{
			Name: "listens-to-everybody", Cases: []string{"TOPIC-01"},
			Sentence: "it subscribes to the requests of all devices besides its own",
			Behaviour: Behaviour{Send: repack(func(p packets.ControlPacket) ([]packets.ControlPacket, bool) {
				own, ok := p.(*packets.SubscribePacket)
				if !ok {
					return nil, true
				}
				extra, _ := packets.NewControlPacket(packets.Subscribe).(*packets.SubscribePacket)
				extra.MessageID, extra.Topics, extra.Qoss = own.MessageID+5000, []string{"device/+/down/#"}, []byte{1}
				return []packets.ControlPacket{extra}, true
			})},
		},
		Mutant{
			Name: "publishes-elsewhere", Cases: []string{"TOPIC-02"},
			Sentence: "it sends each report to its maker's own topic, too",
			Behaviour: Behaviour{Send: besides(func(report *packets.PublishPacket) (string, []byte) {
				return strings.Replace(report.TopicName, "device/", "aurora/", 1), report.Payload
			})},
		},
		Mutant{
			Name: "reports-in-words", Cases: []string{"TOPIC-03"},
			Sentence: "it sends the word online besides its reports",
			Behaviour: Behaviour{Send: besides(func(report *packets.PublishPacket) (string, []byte) {
				return report.TopicName, []byte("online")
			})},
		},
		Mutant{
			Name: "retains", Cases: []string{"TOPIC-04"},
			Sentence:  "it publishes with RETAIN",
			Behaviour: Behaviour{Retain: true},
		},
		Mutant{
			Name: "hammers-subscribe", Cases: []string{"TOPIC-05"},
			Sentence:  "it repeats a refused subscription each second",
			Behaviour: Behaviour{Resubscribe: time.Second},
		},
		Mutant{
			Name: "gives-up-subscribing", Cases: []string{"TOPIC-05"},
			Sentence:  "it does not repeat a refused subscription within an hour",
			Behaviour: Behaviour{Resubscribe: time.Hour},
		},
	)
}
