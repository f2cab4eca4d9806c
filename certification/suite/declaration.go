package suite

import (
	"slices"
	"strconv"
	"time"

	"github.com/proofmark/proofmark/miot"
)

// Declaration is what the maker says of the device before it is tested: the
// implementation conformance statement (ICS) and the extra information for
// testing (IXIT). Members name properties, actions and events as "siid.iid".
// docs/declaration.md explains each field; DECL-07 judges them together.
type Declaration struct {
	// The device.
	Model    string `yaml:"model" json:"model"` // vendor-product of the spec
	Serial   string `yaml:"serial" json:"serial"`
	Firmware string `yaml:"firmware" json:"firmware"`
	Hardware string `yaml:"hardware,omitempty" json:"hardware,omitempty"`

	// The connection.
	MQTT       string   `yaml:"mqtt" json:"mqtt"`                               // "3.1.1" or "5.0"
	KeepAlive  int      `yaml:"keep_alive" json:"keep_alive"`                   // seconds, 10 to 300
	BootTime   Duration `yaml:"boot_time" json:"boot_time"`                     // power on to subscribed, at most 60s
	Clock      bool     `yaml:"clock" json:"clock"`                             // it knows the time before TLS
	MaxPayload int      `yaml:"max_payload" json:"max_payload"`                 // bytes of one request, 512 to 4096
	MaxItems   int      `yaml:"max_items" json:"max_items"`                     // of one request, up to 64
	MinReport  Duration `yaml:"min_report_interval" json:"min_report_interval"` // per property, at least 1s

	// What must be handled with care.
	UnsafeProperties []string `yaml:"unsafe_properties,omitempty" json:"unsafe_properties,omitempty"` // never written
	UnsafeActions    []string `yaml:"unsafe_actions,omitempty" json:"unsafe_actions,omitempty"`       // never invoked
	VolatileMembers  []string `yaml:"volatile,omitempty" json:"volatile,omitempty"`                   // change by themselves, wear no flash
	StableMembers    []string `yaml:"stable,omitempty" json:"stable,omitempty"`                       // read-only ones that do not
	Persistent       []string `yaml:"persistent,omitempty" json:"persistent,omitempty"`               // survive a power cycle

	// How it behaves where the protocol leaves a choice.
	Deferred   []string       `yaml:"deferred,omitempty" json:"deferred,omitempty"`                 // answered with code 1, completed by a report
	Rounds     []string       `yaml:"rounds,omitempty" json:"rounds,omitempty"`                     // off-step values are rounded
	MaxString  map[string]int `yaml:"max_string,omitempty" json:"max_string,omitempty"`             // characters kept, per string property
	Exclusions []Exclusion    `yaml:"exclusions,omitempty" json:"exclusions,omitempty"`             // writes and actions barred by a state
	Timestamps bool           `yaml:"timestamps,omitempty" json:"timestamps,omitempty"`             // its reports carry ts
	Outage     string         `yaml:"events_in_outage,omitempty" json:"events_in_outage,omitempty"` // "delivered" or "lost"
	QoS2       bool           `yaml:"qos2,omitempty" json:"qos2,omitempty"`                         // it publishes at QoS 2

	// How an operator, or the bench, makes things happen.
	Power        string            `yaml:"power" json:"power"` // "operator", "none" (battery)
	Events       map[string]Recipe `yaml:"events,omitempty" json:"events,omitempty"`
	LocalChanges map[string]string `yaml:"local_changes,omitempty" json:"local_changes,omitempty"`           // property → what to do at the device
	Observable   []string          `yaml:"observable_actions,omitempty" json:"observable_actions,omitempty"` // an effect can be read back

	// Security and updates.
	Ports          []string `yaml:"open_ports,omitempty" json:"open_ports,omitempty"`           // "tcp/80"
	LocalInterface string   `yaml:"local_interface,omitempty" json:"local_interface,omitempty"` // how it is controlled in the local network; empty: not at all
	FactoryReset   string   `yaml:"factory_reset,omitempty" json:"factory_reset,omitempty"`     // "request" (miIO.restore) or what to press
	OTA            *OTA     `yaml:"ota,omitempty" json:"ota,omitempty"`                         // nil: no updates over this protocol
	NoTime         string   `yaml:"without_time,omitempty" json:"without_time,omitempty"`       // what it does without a time source
	Contact        string   `yaml:"disclosure_contact,omitempty" json:"disclosure_contact,omitempty"`
	SupportUntil   string   `yaml:"support_until,omitempty" json:"support_until,omitempty"` // date
	DebugPorts     string   `yaml:"debug_ports,omitempty" json:"debug_ports,omitempty"`     // "none" or a statement
	FreeHeap       string   `yaml:"free_heap,omitempty" json:"free_heap,omitempty"`         // property that tells free memory
	Uptime         string   `yaml:"uptime,omitempty" json:"uptime,omitempty"`               // property that tells seconds since boot; miIO.info's life otherwise
}

// Exclusion is a write or an action that a state bars: while every property in
// While has its value, Member is refused.
type Exclusion struct {
	Member string         `yaml:"member" json:"member"`
	Action bool           `yaml:"action,omitempty" json:"action,omitempty"`
	Value  any            `yaml:"value,omitempty" json:"value,omitempty"`
	While  map[string]any `yaml:"while" json:"while"`
}

// Recipe makes an event happen.
type Recipe struct {
	Do    string         `yaml:"do,omitempty" json:"do,omitempty"`         // what the operator does
	Set   map[string]any `yaml:"set,omitempty" json:"set,omitempty"`       // or properties to write
	Call  string         `yaml:"call,omitempty" json:"call,omitempty"`     // or an action to invoke
	Alarm bool           `yaml:"alarm,omitempty" json:"alarm,omitempty"`   // it warns or tells of a fault: prompt, QoS 1
	In    []any          `yaml:"in,omitempty" json:"in,omitempty"`         // the action's arguments
	Skip  string         `yaml:"cannot,omitempty" json:"cannot,omitempty"` // why it cannot be provoked on a bench
}

// OTA is how updates are tested.
type OTA struct {
	Previous    string `yaml:"previous_version" json:"previous_version"`               // N−1
	Image       string `yaml:"image" json:"image"`                                     // URL of the image of this version
	Damaged     string `yaml:"damaged_image,omitempty" json:"damaged_image,omitempty"` // offered with the hashes of the good one
	WrongKey    string `yaml:"wrongly_signed_image,omitempty" json:"wrongly_signed_image,omitempty"`
	WrongKeyMD5 string `yaml:"wrongly_signed_md5,omitempty" json:"wrongly_signed_md5,omitempty"`
	Older       string `yaml:"older_image,omitempty" json:"older_image,omitempty"` // of N−1, rightly signed
	OlderMD5    string `yaml:"older_md5,omitempty" json:"older_md5,omitempty"`
	Untrusted   string `yaml:"untrusted_url,omitempty" json:"untrusted_url,omitempty"` // the image, on a server with another CA's certificate
	Redirect    string `yaml:"redirect_url,omitempty" json:"redirect_url,omitempty"`   // answers with a redirect to the image by http
	SHA256      string `yaml:"image_sha256" json:"image_sha256"`
	MD5         string `yaml:"image_md5" json:"image_md5"`
	Downgrade   string `yaml:"downgrade,omitempty" json:"downgrade,omitempty"` // "refused" or the declared policy
}

// Duration is a time in a declaration: "30s", "2m".
type Duration time.Duration

// MarshalText writes it as time.Duration does.
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// UnmarshalText reads it.
func (d *Duration) UnmarshalText(b []byte) error {
	v, err := time.ParseDuration(string(b))
	*d = Duration(v)
	return err
}

// MemberName is how a declaration and a case's id name a property, action or event.
func MemberName(siid, iid int) string { return strconv.Itoa(siid) + "." + strconv.Itoa(iid) }

// Unsafe says that a property must never be written.
func (d *Declaration) Unsafe(siid, piid int) bool {
	return slices.Contains(d.UnsafeProperties, MemberName(siid, piid))
}

// UnsafeAction says that an action must never be invoked.
func (d *Declaration) UnsafeAction(siid, aiid int) bool {
	return slices.Contains(d.UnsafeActions, MemberName(siid, aiid))
}

// Volatile says that a property may change by itself. Read-only ones do unless
// they are declared stable.
func (d *Declaration) Volatile(p *miot.PropertyRule) bool {
	name := MemberName(p.SIID, p.PIID)
	if slices.Contains(d.VolatileMembers, name) {
		return true
	}
	return !p.Writable && !slices.Contains(d.StableMembers, name)
}

// Submission is what is known from the papers rather than from the wire.
type Submission struct {
	FirmwareSHA256 string            `json:"firmware_sha256,omitempty"` // of the uploaded image
	SecretSHA256   string            `json:"secret_sha256,omitempty"`   // of the unit's factory secret, for SEC-01: from 256 random bits it tells nothing
	Documents      map[string]string `json:"documents,omitempty"`       // kind → SHA-256: "sbom", "disclosure", "photo"
	SecondUnit     *Unit             `json:"second_unit,omitempty"`
}

// Unit is another device of the same product.
type Unit struct {
	DID          string `json:"did"`
	Serial       string `json:"serial"`
	SecretSHA256 string `json:"secret_sha256,omitempty"` // of its factory secret
}
