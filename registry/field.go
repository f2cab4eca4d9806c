package registry

import (
	"context"
	"time"
)

// What a delivered device does is counted per product, firmware and rule, in
// device-days: a device counts once a UTC day, however often it breaks a rule.
// What the counts mean is judged by certification/health; here is only what the
// gateway can see.

// FieldSpec begins the rules of a refused report: behind it stands the rule of
// the violation, as in "spec.value-range".
const FieldSpec = "spec."

// The other rules.
const (
	FieldOften      = "reports-too-often" // more than FieldReports messages in FieldReportsIn (NOTIFY-04)
	FieldUnreported = "set-unreported"    // no report within FieldReportIn of a write that changed a notify property (NOTIFY-01)
	FieldMissing    = "reply-missing"     // FieldReplies requests of a day without an answer in time (TIME-01)
	FieldLate       = "reply-late"        // FieldReplies answers of a day after the request was withdrawn (TIME-01)
	FieldReconnects = "reconnects"        // more than FieldConnections connections in an hour (SESS-06, SESS-11)
	FieldStuck      = "value-stuck"       // a sensor that must move had one value all day
	FieldModel      = "model-wrong"       // miIO.info names another model (LIFE-02)
)

// The limits of these rules, per device. In homes there are people and bad radio,
// so they are wider than those of the bench.
const (
	FieldReports     = 600              // messages in FieldReportsIn: one a second, as on the bench
	FieldReportsIn   = 10 * time.Minute //
	FieldReportIn    = 30 * time.Second // for the report that a write must cause; 2 s on the bench
	FieldReplies     = 3                // of a day: one may be lost with its connection
	FieldConnections = 30               // in an hour
	FieldSamples     = 24               // of a day, that a stuck sensor reported at least
)

// FieldMark is one count on its way to the store: a device, or what it did, on
// one day with one firmware.
type FieldMark struct {
	DID       string
	ProductID string
	Firmware  string
	Day       time.Time // UTC midnight
	Rule      string    // empty: the device was there, which is one trial of every rule
	SIID, IID int
	Count     int64
	LastAt    time.Time
	Last      string // the bytes that show it, at most 256 bytes
}

// FieldStore keeps what devices do in the field.
type FieldStore interface {
	// CountField adds the marks: a device that is there, or breaks a rule, the first
	// time on a day with a firmware adds one to the devices of that cell. Marks of a
	// device that is gone are left out.
	CountField(ctx context.Context, marks []FieldMark) error
}
