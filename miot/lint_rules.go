package miot

import (
	"maps"
	"slices"
)

// LintRule is one rule of the linter.
type LintRule struct {
	ID            string
	Severity      Severity
	Certification Severity // in LintForCertification, where it differs
	Sentence      string
	Mend          string
	Source        string // the paragraph it comes from
	Requirement   string // the case that fails with it
}

// LintRules lists all rules by id.
func LintRules() []LintRule {
	rules := make([]LintRule, 0, len(lintRules))
	for _, id := range slices.Sorted(maps.Keys(lintRules)) {
		rules = append(rules, lintRules[id])
	}
	return rules
}

var lintRules = func() map[string]LintRule {
	const fail, warn = SeverityError, SeverityWarning
	rules := map[string]LintRule{}
	for _, r := range []LintRule{
		{"MIOT-DOC-01", fail, "", "Every member has the JSON type of §1.", "Give the member the type that the message names.", "protocol §1", "DECL-01"},
		{"MIOT-DOC-02", fail, "", "A document has services.", "Describe what the device does in at least one service.", "protocol §1", "DECL-01"},
		{"MIOT-URN-01", fail, "", "The device type is a URN.", "Write urn:miot-spec-v2:device:<name>:<8 hex>:<vendor-product>:<version>.", "protocol §1", "DECL-01"},
		{"MIOT-URN-02", fail, "", "Every inner type is a URN.", "Write urn:<namespace>:<kind>:<name>:<8 hex>:<vendor-product>:<version>.", "protocol §1", "DECL-01"},
		{"MIOT-URN-03", fail, "", "The kind in a URN is that of the thing it types.", "Use the kind of the place where the type stands.", "protocol §1", "DECL-01"},
		{"MIOT-URN-04", warn, "", "Inner types have the namespace of the device.", "Use the device's namespace unless the type is another vendor's on purpose.", "DECL-01", "DECL-01"},
		{"MIOT-SVC-01", warn, fail, "Service 1 is device-information (00007801).", "Add the standard service device-information with iid 1 in the first place.", "protocol §1", "DECL-02"},
		{"MIOT-SVC-02", warn, fail, "Service 1 has manufacturer 1.1, model 1.2, serial-number 1.3 and firmware-revision 1.4.", "Add the property with the standard iid and type.", "protocol §1", "DECL-02"},
		{"MIOT-SVC-03", warn, fail, "The properties of device-information are readable.", "Add \"read\" to its access.", "DECL-02", "DECL-02"},
		{"MIOT-SVC-04", warn, "", "A service has at least one property, action or event.", "Describe it or leave the service out.", "protocol §1", ""},
		{"MIOT-IID-01", fail, "", "iids are 1 or more.", "Number from 1.", "DECL-03", "DECL-03"},
		{"MIOT-IID-02", fail, "", "iids are unique at their level.", "Give the later one a free number.", "protocol §1", "DECL-03"},
		{"MIOT-FMT-01", fail, "", "The format is one of the eleven.", "Use bool, uint8/16/32/64, int8/16/32/64, float or string.", "protocol §1", "DECL-04"},
		{"MIOT-ACC-01", fail, "", "Access is a subset of read, write, notify.", "Remove the word.", "protocol §1", "DECL-04"},
		{"MIOT-ACC-02", warn, "", "Access names each word once.", "Remove the repeated word.", "protocol §1", ""},
		{"MIOT-ACC-03", fail, "", "Only a property that is an argument may have empty access.", "Give it access, name it in an action or event of its service, or remove it.", "DECL-04", "DECL-04"},
		{"MIOT-UNIT-01", warn, "", "The unit is of the usual vocabulary.", "Use a usual unit if one means the same; apps show an unknown one as it is written.", "protocol §1", ""},
		{"MIOT-RNG-01", fail, "", "value-range stands on numbers only.", "Remove the range or change the format.", "protocol §1", "DECL-05"},
		{"MIOT-RNG-02", fail, "", "min is not above max.", "Swap or correct the bounds.", "protocol §1", "DECL-05"},
		{"MIOT-RNG-03", fail, "", "step is above 0.", "Write the distance between two values.", "protocol §1", "DECL-05"},
		{"MIOT-RNG-04", fail, "", "min, max and step are numbers that fit the format.", "Correct the number or widen the format.", "protocol §1", "DECL-05"},
		{"MIOT-RNG-05", fail, "", "max − min is a multiple of step.", "Move max onto the last step.", "protocol §1", "DECL-05"},
		{"MIOT-RNG-06", fail, "", "min is a multiple of step.", "Move min onto a multiple of step, or choose a finer step.", "protocol §1", "DECL-05"},
		{"MIOT-LST-01", fail, "", "value-list stands on integers only.", "Remove the list or change the format.", "protocol §1", "DECL-05"},
		{"MIOT-LST-02", fail, "", "Listed values fit the format.", "Correct the value or widen the format.", "protocol §1", "DECL-05"},
		{"MIOT-LST-03", fail, "", "Listed values are distinct.", "Remove or renumber the repeated value.", "protocol §1", "DECL-05"},
		{"MIOT-LST-04", warn, "", "A value-list is not empty.", "List the values or leave the list out; an empty one allows everything.", "protocol §1", ""},
		{"MIOT-VAL-01", fail, "", "A property has value-range or value-list, not both.", "Keep the one that is meant.", "protocol §1", "DECL-05"},
		{"MIOT-ARG-01", fail, "", "in and out of an action name properties of its service.", "Add the property to the service or correct the piid.", "protocol §1", "DECL-06"},
		{"MIOT-ARG-02", fail, "", "Arguments of an event name properties of its service.", "Add the property to the service or correct the piid.", "protocol §1", "DECL-06"},
		{"MIOT-ARG-03", warn, "", "Arguments are named once.", "Remove the repeated piid, or add a property for the second value.", "protocol §1", ""},
	} {
		rules[r.ID] = r
	}
	return rules
}()
