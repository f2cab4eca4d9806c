package app_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/mochi-mqtt/server/v2/packets"
)

// client is an MQTT 5 client that does only what it is told.
type client struct {
	t    *testing.T
	conn net.Conn
	r    *bufio.Reader
	id   uint16
}

func (s *service) dial(t *testing.T) *client {
	t.Helper()
	conn, err := net.Dial("tcp", s.Addresses().MQTT)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return newClient(t, conn)
}

func newClient(t *testing.T, conn net.Conn) *client {
	return &client{t: t, conn: conn, r: bufio.NewReader(conn)}
}

func (c *client) send(pk packets.Packet) {
	c.t.Helper()
	pk.ProtocolVersion = 5
	var b bytes.Buffer
	var err error
	switch pk.FixedHeader.Type {
	case packets.Connect:
		err = pk.ConnectEncode(&b)
	case packets.Publish:
		err = pk.PublishEncode(&b)
	case packets.Subscribe:
		err = pk.SubscribeEncode(&b)
	}
	if err == nil {
		_, err = c.conn.Write(b.Bytes())
	}
	if err != nil {
		c.t.Fatal(err)
	}
}

// read returns the next packet; its type is 0 when the connection has ended.
func (c *client) read() packets.Packet {
	c.t.Helper()
	if err := c.conn.SetReadDeadline(time.Now().Add(20 * time.Second)); err != nil {
		c.t.Fatal(err)
	}
	pk := packets.Packet{ProtocolVersion: 5}
	first, err := c.r.ReadByte()
	if err != nil {
		return pk
	}
	if err := pk.FixedHeader.Decode(first); err != nil {
		c.t.Fatal(err)
	}
	n, _, err := packets.DecodeLength(c.r)
	if err != nil {
		return pk
	}
	pk.FixedHeader.Remaining = n
	body := make([]byte, n)
	for got := 0; got < n; {
		m, err := c.r.Read(body[got:])
		if err != nil {
			return packets.Packet{}
		}
		got += m
	}
	switch pk.FixedHeader.Type {
	case packets.Connack:
		err = pk.ConnackDecode(body)
	case packets.Publish:
		err = pk.PublishDecode(body)
	case packets.Puback:
		err = pk.PubackDecode(body)
	case packets.Suback:
		err = pk.SubackDecode(body)
	case packets.Disconnect:
		err = pk.DisconnectDecode(body)
	}
	if err != nil {
		c.t.Fatal(err)
	}
	return pk
}

func (c *client) connect(did, secret string) byte {
	c.t.Helper()
	pk := packets.Packet{FixedHeader: packets.FixedHeader{Type: packets.Connect}}
	pk.Connect = packets.ConnectParams{
		ProtocolName: []byte("MQTT"), ClientIdentifier: did, Clean: true, Keepalive: 60,
		UsernameFlag: true, Username: []byte(did), PasswordFlag: true, Password: []byte(secret),
	}
	c.send(pk)
	return c.read().ReasonCode
}

func (c *client) publish(topic string, retain bool, payload string) {
	c.t.Helper()
	c.id++
	c.send(packets.Packet{
		FixedHeader: packets.FixedHeader{Type: packets.Publish, Qos: 1, Retain: retain},
		TopicName:   topic, PacketID: c.id, Payload: []byte(payload),
	})
}

// device logs in and listens to complaints.
func (s *service) device(t *testing.T, did, secret string) *client {
	t.Helper()
	c := s.dial(t)
	if code := c.connect(did, secret); code != 0 {
		t.Fatalf("CONNACK %#x", code)
	}
	c.send(packets.Packet{
		FixedHeader: packets.FixedHeader{Type: packets.Subscribe, Qos: 1}, PacketID: 9,
		Filters: packets.Subscriptions{{Filter: "device/" + did + "/down/error", Qos: 1}},
	})
	if pk := c.read(); pk.FixedHeader.Type != packets.Suback || pk.ReasonCodes[0] > 2 {
		t.Fatalf("SUBACK %+v", pk)
	}
	return c
}

const (
	didUnderTest = "bad-input"
	reports      = "device/" + didUnderTest + "/up/properties_changed"
)

func item(siid, piid int, value string) string {
	return fmt.Sprintf(`{"id":5,"method":"properties_changed","params":[{"did":%q,"siid":%d,"piid":%d,"value":%s}]}`, didUnderTest, siid, piid, value)
}

// Every bad report is acknowledged once it is counted, and answered on
// down/error with the code and the rule of docs/protocol.md §7.
func TestABadReportIsCountedAndAnswered(t *testing.T) {
	s := start(t)
	secret := s.purifier(didUnderTest)
	c := s.device(t, didUnderTest, secret)
	for _, tc := range []struct {
		what, payload string
		code          int
		rule          string
	}{
		{"malformed JSON", `{"id":5,"method":"properties_changed",`, -32700, ""},
		{"bad UTF-8", "{\"id\":5,\"method\":\"properties_changed\",\"params\":\"\xff\"}", -32700, ""},
		{"no object", `[1]`, -32600, ""},
		{"another method than the topic's", `{"id":5,"method":"event_occured","params":{}}`, -32600, ""},
		{"params of the wrong kind", `{"id":5,"method":"properties_changed","params":{}}`, -32602, ""},
		{"an unknown siid", item(99, 1, `1`), -4003, "exists"},
		{"an unknown piid", item(3, 99, `1`), -4003, "exists"},
		{"no notify access", item(1, 1, `"Aurora"`), -4001, "access"},
		{"a wrong type", item(2, 1, `"true"`), -4005, "format"},
		{"a number for a bool", item(2, 1, `1`), -4005, "format"},
		{"beyond the format", item(3, 1, `100000`), -4005, "format"},
		{"off the range", item(3, 1, `60000`), -4005, "value-range"},
		{"between two steps", item(2, 4, `1351`), -4005, "step"},
		{"off the list", item(2, 2, `99`), -4005, "value-list"},
		{"a foreign did", strings.Replace(item(3, 1, `12`), didUnderTest+`"`, `somebody-else"`, 1), -4007, "did"},
	} {
		t.Run(tc.what, func(t *testing.T) {
			before := s.metric("proofmark_items_refused_total")
			c.publish(reports, false, tc.payload)
			acked, answered := false, false
			for !acked || !answered {
				switch pk := c.read(); pk.FixedHeader.Type {
				case packets.Puback:
					acked = pk.ReasonCode == 0
				case packets.Publish:
					answered = true
					var e struct {
						Error struct {
							Code int
							Data struct{ Rule string }
						}
					}
					if err := json.Unmarshal(pk.Payload, &e); err != nil {
						t.Fatalf("down/error %s: %v", pk.Payload, err)
					}
					if e.Error.Code != tc.code || e.Error.Data.Rule != tc.rule {
						t.Errorf("down/error %s, want code %d, rule %q", pk.Payload, tc.code, tc.rule)
					}
				default:
					t.Fatalf("packet type %d instead of an answer", pk.FixedHeader.Type)
				}
			}
			if now := s.metric("proofmark_items_refused_total"); now != before+1 {
				t.Errorf("proofmark_items_refused_total went from %v to %v, want one more", before, now)
			}
		})
	}
	var v struct {
		Violations []struct {
			Rule  string
			Count int
		}
	}
	s.call("GET", "/api/v1/devices/"+didUnderTest+"/violations", nil, &v)
	if len(v.Violations) < 8 {
		t.Errorf("violation counters: %+v, want one per rule and member", v.Violations)
	}
	c.good(t)
}

// good shows that the connection and the process live.
func (c *client) good(t *testing.T) {
	t.Helper()
	c.publish(reports, false, fmt.Sprintf(`{"id":%d,"method":"properties_changed","params":[{"did":%q,"siid":3,"piid":1,"value":12}]}`, time.Now().UnixNano()%1e9, didUnderTest))
	if pk := c.read(); pk.FixedHeader.Type != packets.Puback || pk.ReasonCode != 0 {
		t.Errorf("a good report is answered with packet %d, code %#x", pk.FixedHeader.Type, pk.ReasonCode)
	}
}

// Whatever breaks the topic rules or MQTT ends the connection with a reason, is
// counted under its rule, and changes nothing for the next connection.
func TestABrokenRuleEndsTheConnectionWithAReason(t *testing.T) {
	s := start(t)
	secret := s.purifier(didUnderTest)
	for _, tc := range []struct {
		what string
		do   func(*client)
		code byte
		rule string
	}{
		{"a foreign topic", func(c *client) { c.publish("device/other/up/properties_changed", false, item(3, 1, `1`)) }, 0x87, "foreign-topic"},
		{"a $ topic", func(c *client) { c.publish("$SYS/x", false, "1") }, 0x90, "dollar-topic"},
		{"a wildcard in the topic", func(c *client) { c.publish("device/+/up/properties_changed", false, item(3, 1, `1`)) }, 0x90, "wildcard-topic"},
		{"a retained publish", func(c *client) { c.publish(reports, true, item(3, 1, `1`)) }, 0x9A, "retain"},
		{"a packet that is too large", func(c *client) { c.publish(reports, false, strings.Repeat("x", 70<<10)) }, 0x95, "packet-size"},
		{"a bad UTF-8 topic", func(c *client) { c.publish("device/\xff\xfe/up", false, "1") }, 0, "malformed"},
		{"a second CONNECT", func(c *client) {
			pk := packets.Packet{FixedHeader: packets.FixedHeader{Type: packets.Connect}}
			pk.Connect = packets.ConnectParams{ProtocolName: []byte("MQTT"), ClientIdentifier: "x", Clean: true}
			c.send(pk)
		}, 0x82, "second-connect"},
	} {
		t.Run(tc.what, func(t *testing.T) {
			name := fmt.Sprintf("proofmark_mqtt_refused_total{rule=%q}", tc.rule)
			before := s.metric(name)
			c := s.device(t, didUnderTest, secret)
			tc.do(c)
			pk := c.read()
			if pk.FixedHeader.Type != packets.Disconnect || (tc.code != 0 && pk.ReasonCode != tc.code) {
				t.Errorf("packet %d with code %#x, want DISCONNECT with %#x", pk.FixedHeader.Type, pk.ReasonCode, tc.code)
			}
			if pk := c.read(); pk.FixedHeader.Type != 0 {
				t.Errorf("packet %d after the DISCONNECT, want the end of the connection", pk.FixedHeader.Type)
			}
			if now := s.metric(name); now != before+1 {
				t.Errorf("%s went from %v to %v, want one more", name, before, now)
			}
			if !strings.Contains(s.log.String(), "rule="+tc.rule) {
				t.Errorf("no log line names the rule %s", tc.rule)
			}
			s.device(t, didUnderTest, secret).good(t)
		})
	}
}

func TestALoginIsRefusedOrTakesOver(t *testing.T) {
	s := start(t)
	secret := s.purifier(didUnderTest)
	for _, tc := range []struct {
		what, did, secret string
		code              byte
	}{
		{"a wrong secret", didUnderTest, "wrong", 0x86},
		{"an unknown did", "nobody", secret, 0x86},
		{"an empty secret", didUnderTest, "", 0x82}, // the packet itself is wrong
	} {
		if code := s.dial(t).connect(tc.did, tc.secret); code != tc.code {
			t.Errorf("%s: CONNACK %#x, want %#x", tc.what, code, tc.code)
		}
	}
	first := s.device(t, didUnderTest, secret)
	second := s.device(t, didUnderTest, secret)
	if pk := first.read(); pk.FixedHeader.Type != packets.Disconnect || pk.ReasonCode != 0x8E {
		t.Errorf("the first connection got packet %d, code %#x; want DISCONNECT 0x8E", pk.FixedHeader.Type, pk.ReasonCode)
	}
	second.good(t)
}
