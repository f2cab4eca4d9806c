package health

import (
	"strings"

	"github.com/proofmark/proofmark/registry"
)

// Rule is one thing that delivered devices must not do, with what is tolerated.
// Rates are of device-days: of all days on which a device was there, those on
// which it broke the rule at least once.
type Rule struct {
	ID          string  `json:"id"`
	Requirement string  `json:"requirement"` // of the catalogue, where the bench tests the same
	Text        string  `json:"text"`
	Good        float64 `json:"good"` // p0: a fleet with this rate is left alone
	Bad         float64 `json:"bad"`  // p1: a fleet with this rate is to be found
}

// Foreign is the rule of devices that run a firmware of no certificate.
const Foreign = "firmware-foreign"

// Rules are the thresholds of the certificate programme. What only the firmware can
// cause has 0.1 % and 1 %; where a home's radio and people have a part in it, more
// is tolerated. docs/field-health.md is written from this table.
var Rules = []Rule{
	{registry.FieldSpec, "NOTIFY-03, EVT-01, EVT-02, TOPIC-03", "A report breaks the product's spec, or is no report; one rule for each kind of violation, as spec.value-range.", 0.001, 0.01},
	{registry.FieldOften, "NOTIFY-04", "More than 600 messages within 10 minutes.", 0.001, 0.01},
	{registry.FieldModel, "LIFE-02", "miIO.info names another model than the registered one.", 0.001, 0.01},
	{Foreign, "OTA-01", "The firmware has a version that no certificate of the model names.", 0.001, 0.01},
	{registry.FieldUnreported, "NOTIFY-01", "A write changed a notify property, and no report of it came within 30 s over the connection that stood.", 0.005, 0.03},
	{registry.FieldMissing, "TIME-01", "Three requests of a day were not answered within 4 s, and the connection stood.", 0.01, 0.05},
	{registry.FieldLate, "TIME-01", "Three answers of a day came after the request was withdrawn.", 0.01, 0.05},
	{registry.FieldReconnects, "SESS-06, SESS-11", "More than 30 connections in an hour.", 0.01, 0.05},
	{registry.FieldStuck, "", "A sensor that is never still in a home (temperature, humidity, particles, carbon dioxide, pressure, light) had one value in all of 24 or more reports of a day.", 0.01, 0.05},
}

// RuleOf is the rule by which marks of that name are judged; a violation's name
// stays in it.
func RuleOf(name string) (Rule, bool) {
	for _, r := range Rules {
		if r.ID == name {
			return r, true
		}
		if r.ID == registry.FieldSpec && strings.HasPrefix(name, r.ID) {
			r.ID = name
			return r, true
		}
	}
	return Rule{}, false
}
