package transcript

import (
	"encoding/json"
	"time"
)

// Kind says what a record is.
type Kind string

// The kinds of records.
const (
	KindHeader  Kind = "header"  // record 0; Data is a Header
	KindBegin   Kind = "begin"   // a case begins; Case, Attempt
	KindEnd     Kind = "end"     // a case has ended; Case, Attempt
	KindDo      Kind = "do"      // the bench was told to act; Name, Data
	KindTimeout Kind = "timeout" // a wait ended without what it waited for; Until
	KindOpen    Kind = "open"    // a connection was accepted; Conn, Name is the remote address
	KindTLS     Kind = "tls"     // a handshake ended; Conn, Data is a TLS
	KindPacket  Kind = "packet"  // an MQTT packet; Conn, Dir, Name is its type, Data a Packet, Raw its bytes
	KindBytes   Kind = "bytes"   // bytes that are no MQTT packet; Conn, Dir, Raw
	KindClose   Kind = "close"   // a connection ended; Conn, Name says who ended it and why
	KindAnswer  Kind = "answer"  // an operator answered; Name is the question's, Data an Answer
	KindNote    Kind = "note"    // said for the reader: progress, environment; Text
	KindLag     Kind = "lag"     // the bench itself was late by Data nanoseconds
	KindFinish  Kind = "finish"  // the run is over; nothing follows but the signature
)

// Direction is seen from the bench.
type Direction string

// The directions of packets and bytes.
const (
	In  Direction = "in"  // from the device
	Out Direction = "out" // to the device
)

// Record is one line of a transcript.
type Record struct {
	Seq     int             `json:"seq"`
	At      time.Duration   `json:"at"` // ns since the run began, monotonic
	Kind    Kind            `json:"kind"`
	Case    string          `json:"case,omitempty"`
	Attempt int             `json:"attempt,omitempty"`
	Conn    int             `json:"conn,omitempty"` // counts connections from 1
	Dir     Direction       `json:"dir,omitempty"`
	Name    string          `json:"name,omitempty"`
	Until   time.Duration   `json:"until,omitempty"`
	Text    string          `json:"text,omitempty"`
	Data    json.RawMessage `json:"data,omitempty"`
	Raw     Hex             `json:"raw,omitempty"`

	packet *Packet // decoded Data, once asked for
}

// Packet is a decoded MQTT packet, with the members that its type has.
type Packet struct {
	Version    byte     `json:"version,omitempty"` // of the protocol: 4 is 3.1.1, 5 is 5.0
	QoS        byte     `json:"qos,omitempty"`
	Dup        bool     `json:"dup,omitempty"`
	Retain     bool     `json:"retain,omitempty"`
	ID         uint16   `json:"id,omitempty"`
	Topic      string   `json:"topic,omitempty"`
	Payload    string   `json:"payload,omitempty"` // as text where it is valid UTF-8; the bytes are in Raw
	PayloadHex Hex      `json:"payload_hex,omitempty"`
	Size       int      `json:"size,omitempty"` // bytes of the payload
	Filters    []Filter `json:"filters,omitempty"`
	Codes      []byte   `json:"-"`
	Reasons    []int    `json:"reasons,omitempty"` // of SUBACK and UNSUBACK
	Reason     int      `json:"reason,omitempty"`  // of CONNACK, acks and DISCONNECT
	Session    bool     `json:"session_present,omitempty"`
	ClientID   string   `json:"client_id,omitempty"`
	Username   string   `json:"username,omitempty"`
	Password   string   `json:"password,omitempty"`   // «secret:NAME» when it is a known one
	KeepAlive  int      `json:"keep_alive,omitempty"` // seconds
	Clean      bool     `json:"clean,omitempty"`
	Will       *Will    `json:"will,omitempty"`
	ReceiveMax int      `json:"receive_maximum,omitempty"`
	MaxPacket  int      `json:"maximum_packet_size,omitempty"`
	ServerKeep int      `json:"server_keep_alive,omitempty"`
}

// Filter is one entry of a SUBSCRIBE or UNSUBSCRIBE.
type Filter struct {
	Topic string `json:"topic"`
	QoS   byte   `json:"qos"`
}

// Will is a CONNECT's last will.
type Will struct {
	Topic   string `json:"topic"`
	Payload string `json:"payload"`
	QoS     byte   `json:"qos"`
	Retain  bool   `json:"retain"`
}

// TLS is what a handshake showed.
type TLS struct {
	Hello     *Hello `json:"hello,omitempty"`
	Version   string `json:"version,omitempty"`
	Suite     string `json:"suite,omitempty"`
	Error     string `json:"error,omitempty"` // why it failed; empty: it did not
	Alert     string `json:"alert,omitempty"`
	ClientKey string `json:"client_key,omitempty"` // kind and size of the client certificate's key
	ClientCN  string `json:"client_cn,omitempty"`
	NotBefore string `json:"not_before,omitempty"`
	NotAfter  string `json:"not_after,omitempty"`
}

// Hello is what a device offered.
type Hello struct {
	ServerName string   `json:"server_name"`
	Versions   []uint16 `json:"versions"`
	Suites     []uint16 `json:"suites"`
	Names      []string `json:"suite_names"`
}

// Answer is what an operator said.
type Answer struct {
	Answer string `json:"answer"` // done, yes, no, skip, or a text
	Note   string `json:"note,omitempty"`
	File   string `json:"file,omitempty"` // SHA-256 of the evidence, hex
}

// Packet decodes the record's packet; ok is false for other records.
func (r *Record) Packet() (*Packet, bool) {
	if r.Kind != KindPacket {
		return nil, false
	}
	if r.packet == nil {
		p := new(Packet)
		if json.Unmarshal(r.Data, p) != nil {
			return nil, false
		}
		r.packet = p
	}
	return r.packet, true
}

// Bytes is the payload as it was.
func (p *Packet) Bytes() []byte {
	if p.PayloadHex != nil {
		return p.PayloadHex
	}
	return []byte(p.Payload)
}
