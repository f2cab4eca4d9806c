package virtual

import (
	"bytes"
	"regexp"

	"github.com/eclipse/paho.mqtt.golang/packets"
)

// reportID finds the id in a report.
var reportID = regexp.MustCompile(`"id":(\d+)`)

func init() {
	breed(
		Mutant{
			Name: "never-acknowledges", Cases: []string{"QOS-01"},
			Sentence: "it sends no PUBACK",
			Behaviour: Behaviour{Send: repack(func(p packets.ControlPacket) ([]packets.ControlPacket, bool) {
				_, ack := p.(*packets.PubackPacket)
				return nil, !ack
			})},
		},
		Mutant{
			Name: "acknowledges-twice", Cases: []string{"QOS-01"},
			Sentence: "it sends each PUBACK twice",
			Behaviour: Behaviour{Send: repack(func(p packets.ControlPacket) ([]packets.ControlPacket, bool) {
				if ack, ok := p.(*packets.PubackPacket); ok {
					return []packets.ControlPacket{ack}, true
				}
				return nil, true
			})},
		},
		Mutant{
			Name: "forgets-what-was-sent", Cases: []string{"QOS-02"},
			Sentence:  "it forgets a report as soon as that has gone, acknowledged or not",
			Behaviour: Behaviour{Resend: func([]byte) []byte { return nil }},
		},
		Mutant{
			Name: "renumbers-repeats", Cases: []string{"QOS-02"},
			Sentence: "it gives a report that it sends again a new id",
			Behaviour: Behaviour{Resend: func(payload []byte) []byte {
				return reportID.ReplaceAll(payload, []byte(`"id":9$1`))
			}},
		},
		Mutant{
			Name: "acts-on-repeats", Cases: []string{"QOS-03", "ACT-06", "SEC-04"},
			Sentence:  "it remembers no request and carries out a repeated one again",
			Behaviour: Behaviour{ActTwice: true},
		},
		Mutant{
			Name: "reuses-packet-ids", Cases: []string{"QOS-04"},
			Sentence: "it sends each report twice under one packet id, without DUP",
			Behaviour: Behaviour{Send: repack(func(p packets.ControlPacket) ([]packets.ControlPacket, bool) {
				report, ok := p.(*packets.PublishPacket)
				if !ok || !bytes.Contains(report.Payload, []byte(`"properties_changed"`)) {
					return nil, true
				}
				return []packets.ControlPacket{report}, true
			})},
		},
		Mutant{
			Name: "forgets-qos2", Cases: []string{"QOS-05"},
			Sentence:  "it publishes at QoS 2 and does not send again what had no PUBREC",
			Behaviour: Behaviour{Resend: func([]byte) []byte { return nil }},
			Configure: func(c *Config) { c.ReportQoS = 2 },
		},
	)
}
