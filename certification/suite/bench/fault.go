package bench

import (
	"fmt"
	"slices"
	"time"
)

// How a bench is down.
const (
	DownReset  = "reset"  // accept, then RST
	DownClose  = "close"  // accept, then close
	DownSilent = "silent" // accept, then nothing
)

// Fault is everything that is wrong at a time. The zero value is nothing. A new one takes the place of the one before, and acts on
// the live connection at once.
type Fault struct {
	// Down is for new connections; the live one ends in the same manner.
	Down string `json:"down,omitempty"`

	// ConnackCode refuses each CONNECT, or with ConnackOnce the next one. Of the codes that say the same in 3.1.1 (1 to 5) and 5.0
	// (0x84, 0x85, 0x88, 0x86, 0x87) the device gets the one of its version.
	ConnackCode     byte `json:"connack_code,omitempty"`
	ConnackOnce     bool `json:"connack_once,omitempty"`
	WithholdConnack bool `json:"withhold_connack,omitempty"`

	// Withhold names types of packets that are never sent: PUBACK, PUBREC, PUBREL, PUBCOMP, SUBACK, UNSUBACK, PINGRESP. With a
	// count, so many of them altogether.
	Withhold      []string `json:"withhold,omitempty"`
	WithholdCount int      `json:"withhold_count,omitempty"`

	Mute      bool `json:"mute,omitempty"`      // reads, but sends nothing
	Blackhole bool `json:"blackhole,omitempty"` // nothing passes, no connection ends

	SubackCode  byte `json:"suback_code,omitempty"`  // refuses each subscription; a 3.1.1 device gets 0x80
	SubackCount int  `json:"suback_count,omitempty"` // so many; 0 is all

	Drop  *DropAfter `json:"drop,omitempty"`
	Rival *Rival     `json:"rival,omitempty"`

	Duplicate bool `json:"duplicate,omitempty"` // each PUBLISH goes out twice
	Corrupt   bool `json:"corrupt,omitempty"`   // one bit of each PUBLISH's payload is wrong

	Latency time.Duration `json:"latency,omitempty"` // one way, in each direction
	Jitter  time.Duration `json:"jitter,omitempty"`  // more or less than Latency, at most
	Loss    float64       `json:"loss,omitempty"`    // of segments of 1,460 bytes, 0 to 1, each way
	Drip    int           `json:"drip,omitempty"`    // bytes a second to the device

	Certificate string `json:"certificate,omitempty"` // of the next handshakes; good by default

	// Properties of an MQTT 5.0 CONNACK; ServerKeepAlive is in seconds.
	ServerKeepAlive   uint16 `json:"server_keep_alive,omitempty"`
	ReceiveMaximum    uint16 `json:"receive_maximum,omitempty"`
	MaximumPacketSize uint32 `json:"maximum_packet_size,omitempty"`

	// AtSubscribe are sent, as retained, after each SUBACK that grants something.
	AtSubscribe []Publish `json:"at_subscribe,omitempty"`
}

// DropAfter ends each connection some time after its CONNACK. A live one that is older ends at once.
type DropAfter struct {
	After time.Duration `json:"after"`
	Drop
}

// Rival is a second client of the same id that takes over some time after each CONNACK.
type Rival struct {
	Every time.Duration `json:"every"`
}

var withholdable = []string{"PUBACK", "PUBREC", "PUBREL", "PUBCOMP", "SUBACK", "UNSUBACK", "PINGRESP"}

func (f *Fault) valid() error {
	for _, n := range f.Withhold {
		if !slices.Contains(withholdable, n) {
			return fmt.Errorf("withhold %q, which is none of %v", n, withholdable)
		}
	}
	if !slices.Contains([]string{"", DownReset, DownClose, DownSilent}, f.Down) {
		return fmt.Errorf("down %q, needs %s, %s or %s", f.Down, DownReset, DownClose, DownSilent)
	}
	if !slices.Contains(certificates, f.Certificate) {
		return fmt.Errorf("certificate %q, which is none of %v", f.Certificate, certificates)
	}
	if !(f.Loss >= 0 && f.Loss <= 1) {
		return fmt.Errorf("loss of %v, needs 0 to 1", f.Loss)
	}
	if f.Latency < 0 || f.Jitter < 0 || f.Drip < 0 || f.WithholdCount < 0 || f.SubackCount < 0 {
		return fmt.Errorf("latency %s, jitter %s, drip %d, withhold %d, suback %d: none may be negative",
			f.Latency, f.Jitter, f.Drip, f.WithholdCount, f.SubackCount)
	}
	if f.Drop != nil {
		if f.Drop.After < 0 {
			return fmt.Errorf("drop after %s, needs 0 or more", f.Drop.After)
		}
		if err := f.Drop.valid(); err != nil {
			return err
		}
	}
	if f.Rival != nil && f.Rival.Every <= 0 {
		return fmt.Errorf("rival every %s, needs more than 0", f.Rival.Every)
	}
	for i := range f.AtSubscribe {
		if err := f.AtSubscribe[i].valid(); err != nil {
			return fmt.Errorf("at_subscribe %d: %w", i, err)
		}
	}
	return nil
}

func (d *Drop) valid() error {
	if !slices.Contains([]string{"", DropClose, DropReset, DropDisconnect}, d.How) {
		return fmt.Errorf("drop %q, needs %s, %s or %s", d.How, DropClose, DropReset, DropDisconnect)
	}
	return nil
}

func (p *Publish) valid() error {
	if p.QoS > 2 {
		return fmt.Errorf("QoS %d, needs 0 to 2; send others as %q", p.QoS, ActRaw)
	}
	if len(p.Topic) > 65535 {
		return fmt.Errorf("topic of %d bytes, MQTT takes 65535", len(p.Topic))
	}
	return nil
}

// Codes that say the same in both versions of MQTT.
var connackCodes = [][2]byte{{1, 0x84}, {2, 0x85}, {3, 0x88}, {4, 0x86}, {5, 0x87}}

// connackCode is a code in the words of a version.
func connackCode(code, version byte) byte {
	for _, pair := range connackCodes {
		if code == pair[0] || code == pair[1] {
			if version == 5 {
				return pair[1]
			}
			return pair[0]
		}
	}
	return code
}
