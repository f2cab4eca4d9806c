package certification

import (
	"fmt"
	"slices"
	"strings"
)

// Part is what a vendor says has changed.
type Part string

// The parts of a product.
const (
	PartDocuments   Part = "documents"
	PartPackaging   Part = "packaging" // also its colour
	PartApplication Part = "application-firmware"
	PartNetwork     Part = "network-stack"
	PartTLS         Part = "tls"
	PartBootloader  Part = "bootloader"
	PartKeys        Part = "key-storage"
	PartSpec        Part = "spec"
	PartHardware    Part = "hardware-revision"
	PartModule      Part = "module"
	PartModel       Part = "model"
)

// Facts are what the papers and hashes show of a change, whatever is said.
type Facts struct {
	Firmware    bool     // the image is another one
	NewHardware []string // revisions that the certificate does not name
	Module      bool     // the radio module is another one
	Platform    bool     // the platform firmware is another one
	Model       bool     // it is another model

	// Of the same model.
	SpecWords  bool     // the document is another one
	SpecAdds   []string // members that came
	SpecBreaks []string // what DECL-08 forbids
	SpecStep   int      // by how much its version grew
}

// parts say to which class a part belongs, and which fact must bear it out.
var parts = []struct {
	part  Part
	class ChangeClass
	shown func(Facts) bool
	fact  string
}{
	{PartDocuments, ClassA, always, ""},
	{PartPackaging, ClassA, always, ""},
	{PartApplication, ClassB, Facts.image, "the firmware is the certified one"},
	{PartNetwork, ClassC, Facts.image, "the firmware is the certified one"},
	{PartTLS, ClassC, Facts.image, "the firmware is the certified one"},
	{PartBootloader, ClassC, Facts.image, "the firmware is the certified one"},
	{PartKeys, ClassC, func(f Facts) bool { return f.Firmware || len(f.NewHardware) > 0 }, "firmware and hardware are the certified ones"},
	{PartSpec, ClassD, func(f Facts) bool { return f.SpecWords }, "the spec is the certified one"},
	{PartHardware, ClassE, func(f Facts) bool { return len(f.NewHardware) > 0 }, "the certificate names all these hardware revisions"},
	{PartModule, "", func(f Facts) bool { return f.Module }, "the platform names the same module"},
	{PartModel, ClassF, func(f Facts) bool { return f.Model }, "the model is the certified one"},
}

func always(Facts) bool { return true }

func (f Facts) image() bool { return f.Firmware }

// Parts lists all parts in the order of the table.
func Parts() []Part {
	out := make([]Part, len(parts))
	for i, p := range parts {
		out[i] = p.part
	}
	return out
}

// demand is what a fact asks for, and by which part it should have been declared.
type demand struct {
	class ChangeClass
	parts []Part
	why   string
}

// demands are what the facts ask for by themselves.
func (f Facts) demands() (out []demand) {
	add := func(yes bool, class ChangeClass, why string, parts ...Part) {
		if yes {
			out = append(out, demand{class, parts, why})
		}
	}
	version := f.SpecStep != 0 || len(f.SpecAdds) > 0
	add(f.SpecWords && !version, ClassA, "the words of the spec changed", PartDocuments, PartSpec)
	add(f.Firmware, ClassB, "the firmware is another image", PartApplication, PartNetwork, PartTLS, PartBootloader, PartKeys)
	add(version, ClassD, fmt.Sprintf("the spec's version grew by %d%s", f.SpecStep, named(", adding ", f.SpecAdds)), PartSpec)
	add(f.Platform, ClassC, "the platform firmware is another one", PartNetwork, PartTLS, PartBootloader, PartKeys)
	add(len(f.NewHardware) > 0, ClassE, "new hardware revisions"+named(": ", f.NewHardware), PartHardware, PartModule)
	add(f.Module, "", "the module is another one: nothing of the certificate holds for it", PartModule)
	return out
}

func named(before string, list []string) string {
	if len(list) == 0 {
		return ""
	}
	return before + strings.Join(list, ", ")
}

// Classify gives the class of a change from what its vendor says (nil: nothing)
// and what the facts show. What was not declared is C beside what it is; of
// several classes the strongest stands, and each requires its runs. A statement
// that the facts contradict is refused.
func Classify(st *ChangeStatement, f Facts) (Classification, error) {
	if f.Model {
		return classifyModel(st, f)
	}
	switch {
	case len(f.SpecBreaks) > 0:
		return Classification{}, Refuse(ErrInvalid, "spec-additive", "the spec does more than add to the certified one: %s", strings.Join(f.SpecBreaks, "; "))
	case f.SpecStep == 0 && len(f.SpecAdds) > 0:
		return Classification{}, Refuse(ErrInvalid, "spec-version", "the spec adds %s, but its version is the certified one", strings.Join(f.SpecAdds, ", "))
	case f.SpecStep < 0 || f.SpecStep > 1:
		return Classification{}, Refuse(ErrInvalid, "spec-version", "the spec's version differs by %+d from the certified one: want +1", f.SpecStep)
	}
	var c Classification
	if st == nil {
		c.apply(ClassC, "there is no change statement: what is not declared counts as class C")
	} else if err := c.declared(st, f); err != nil {
		return Classification{}, err
	}
	for _, d := range f.demands() {
		c.apply(d.class, d.why)
		if st != nil && !st.names(d.parts...) {
			c.apply(ClassC, d.why+", which the statement does not declare")
		}
	}
	return c, nil
}

// declared applies what the statement says, as far as the facts bear it out.
func (c *Classification) declared(st *ChangeStatement, f Facts) error {
	for _, change := range st.Changes {
		row := parts[slices.Index(Parts(), change.Part)] // the form was checked
		if !row.shown(f) {
			return Refuse(ErrInvalid, "statement-contradicts", "the statement says that %s changed, but %s", change.Part, row.fact)
		}
		class := row.class
		if change.Part == PartSpec && f.SpecStep == 0 {
			class = ClassA // words only
		}
		c.apply(class, fmt.Sprintf("declared: %s, %s", change.Part, change.What))
	}
	return nil
}

// classifyModel is similarity: another model on the platform of a certified one.
func classifyModel(st *ChangeStatement, f Facts) (Classification, error) {
	switch {
	case st == nil || !st.names(PartModel):
		return Classification{}, Refuse(ErrInvalid, "similarity-statement", "the model is another one than the parent's, and no statement says how it differs (part %s)", PartModel)
	case f.Firmware && !st.names(PartApplication):
		return Classification{}, Refuse(ErrInvalid, "similarity-statement", "the firmware is another one than the parent's, and the statement does not say so (part %s)", PartApplication)
	case f.Module || f.Platform:
		return Classification{}, Refuse(ErrInvalid, "similarity-platform", "module or platform firmware are others than the parent's: certify the model by itself")
	case st.names(PartNetwork, PartTLS, PartBootloader, PartKeys, PartModule):
		return Classification{}, Refuse(ErrInvalid, "similarity-platform", "the statement says that the platform was changed: certify the model by itself")
	}
	var c Classification
	for _, change := range st.Changes {
		c.Reasons = append(c.Reasons, ClassReason{ClassF, fmt.Sprintf("declared: %s, %s", change.Part, change.What)})
	}
	c.Class, c.Applies = ClassF, []ChangeClass{ClassF}
	return c, nil
}

// apply adds a class and keeps the strongest as the class.
func (c *Classification) apply(class ChangeClass, why string) {
	c.Reasons = append(c.Reasons, ClassReason{class, why})
	if len(c.Applies) == 0 || Stronger(class, c.Class) {
		c.Class = class
	}
	if !slices.Contains(c.Applies, class) {
		c.Applies = append(c.Applies, class)
	}
}

// names says whether the statement declares one of the parts.
func (st *ChangeStatement) names(list ...Part) bool {
	return slices.ContainsFunc(st.Changes, func(c DeclaredChange) bool { return slices.Contains(list, c.Part) })
}

// ClassOfPart is the class that a part belongs to; empty: everything runs.
func ClassOfPart(p Part) ChangeClass {
	if i := slices.Index(Parts(), p); i >= 0 {
		return parts[i].class
	}
	return ""
}
