package bench

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/proofmark/proofmark/certification/suite/transcript"
)

// The actions of a bench. Each takes the JSON of the type beside it.
const (
	ActRequest  = "request"  // Request
	ActPublish  = "publish"  // Publish
	ActPacket   = "packet"   // RawPacket
	ActRaw      = "raw"      // Raw
	ActFault    = "fault"    // Fault
	ActDrop     = "drop"     // Drop
	ActRestart  = "restart"  // Restart
	ActOperator = "operator" // Question
)

// Data is the JSON of an action. It is the same for the same value, as replaying needs it.
func Data(action any) json.RawMessage {
	data, err := json.Marshal(action)
	if err != nil {
		// Only the types of this file are given here, and all their values marshal.
		panic(fmt.Sprintf("bench: action %T: %v", action, err))
	}
	return data
}

// Request is a PUBLISH on device/{did}/down/request over the present connection, whether the device has subscribed or not.
type Request struct {
	// Payload is sent with each «secret:NAME» replaced by that secret of the bench's configuration: the transcript and a
	// replay hold the mark.
	Payload    string         `json:"payload,omitempty"`
	PayloadHex transcript.Hex `json:"payload_hex,omitempty"` // in place of Payload, for what is no UTF-8
	QoS        byte           `json:"qos"`                   // the protocol wants 1
	Retain     bool           `json:"retain,omitempty"`
	Dup        bool           `json:"dup,omitempty"`
	ID         uint16         `json:"id,omitempty"` // the packet id; 0 is the next free one
}

// Publish is a PUBLISH on any topic.
type Publish struct {
	Topic string `json:"topic"`
	Request
}

// RawPacket is a well-formed packet that nobody asked for.
type RawPacket struct {
	Type    string `json:"type"` // CONNACK, PUBACK, PUBREC, PUBREL, PUBCOMP, SUBACK, UNSUBACK, PINGRESP, DISCONNECT
	ID      uint16 `json:"id,omitempty"`
	Reason  byte   `json:"reason,omitempty"`
	Reasons []int  `json:"reasons,omitempty"` // of a SUBACK or UNSUBACK
}

// Raw is bytes as they are, such as malformed MQTT.
type Raw struct {
	Hex transcript.Hex `json:"hex"`
}

// How a connection is ended.
const (
	DropClose      = "close"      // the default: TCP FIN, with TLS's close_notify
	DropReset      = "reset"      // TCP RST
	DropDisconnect = "disconnect" // an MQTT 5.0 DISCONNECT first; 3.1.1 has none from a server and is just closed
)

// Drop ends the present connection.
type Drop struct {
	How    string `json:"how,omitempty"`
	Reason byte   `json:"reason,omitempty"` // of DISCONNECT; 0 is 0x8B, server shutting down
}

// Restart is a broker that goes and comes back: the connection is reset, and so is each new one until it is over.
type Restart struct {
	For time.Duration `json:"for"`
}

// The kinds of questions to an operator.
const (
	PowerOff      = "power-off"
	PowerOn       = "power-on"
	PowerCycle    = "power-cycle"    // off for Question.For
	Press         = "press"          // a key of the device
	LocalChange   = "local-change"   // of property SIID.PIID, to Value when one is given
	Provoke       = "provoke"        // event SIID.EIID
	ResetKey      = "reset-key"      // the factory reset
	UnplugNetwork = "unplug-network" // for Question.For
	SecondUnit    = "second-unit"
	Install       = "install" // firmware, by the maker's own tool; Value is its version
	Confirm       = "confirm" // yes or no
	Photo         = "photo"
	Upload        = "upload" // a file, such as a pcap
)

// Question is what an operator is asked to do or to say.
type Question struct {
	ID       string        `json:"id"` // of the answer, unique in the run
	Kind     string        `json:"kind"`
	Text     string        `json:"text"`
	Timeout  time.Duration `json:"timeout,omitempty"`  // after it the operator is not asked any more; 0 is never
	Evidence string        `json:"evidence,omitempty"` // what is wanted: photo, video, pcap, document

	// What a machine in the operator's place needs to know.
	For   time.Duration   `json:"for,omitempty"`
	SIID  int             `json:"siid,omitempty"`
	PIID  int             `json:"piid,omitempty"`
	EIID  int             `json:"eiid,omitempty"`
	Value json.RawMessage `json:"value,omitempty"`
}
