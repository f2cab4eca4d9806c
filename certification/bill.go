package certification

import (
	"encoding/json"
	"fmt"
	"strings"
)

// Bill is what a software bill of materials says in short.
type Bill struct {
	Format     string // "SPDX" or "CycloneDX"
	Version    string // of the format
	Components int
}

// ReadBill reads a bill of materials as JSON and refuses one that lacks what its
// format requires of every document: CycloneDX 1.x (bomFormat, specVersion, and of
// each component type and name), SPDX 2.x (§6 spdxVersion, dataLicense, SPDXID,
// name and documentNamespace, and of each package SPDXID and name), SPDX 3
// (@context and @graph). One that names nothing is no bill.
func ReadBill(data []byte) (Bill, error) {
	var top struct {
		BOMFormat   string            `json:"bomFormat"`
		SpecVersion string            `json:"specVersion"`
		Components  []json.RawMessage `json:"components"`

		SPDXVersion string            `json:"spdxVersion"`
		License     string            `json:"dataLicense"`
		SPDXID      string            `json:"SPDXID"`
		Name        string            `json:"name"`
		Namespace   string            `json:"documentNamespace"`
		Packages    []json.RawMessage `json:"packages"`

		Context string            `json:"@context"`
		Graph   []json.RawMessage `json:"@graph"`
	}
	if err := json.Unmarshal(data, &top); err != nil {
		return Bill{}, badBill("it cannot be read: %v", err)
	}
	switch {
	case top.BOMFormat == "CycloneDX":
		b := Bill{"CycloneDX", top.SpecVersion, len(top.Components)}
		return b, wholeBill(b, top.Components, "components", "type", "name")
	case strings.HasPrefix(top.SPDXVersion, "SPDX-2."):
		b := Bill{"SPDX", strings.TrimPrefix(top.SPDXVersion, "SPDX-"), len(top.Packages)}
		for _, m := range []struct{ name, value string }{
			{"dataLicense", top.License}, {"SPDXID", top.SPDXID}, {"name", top.Name}, {"documentNamespace", top.Namespace},
		} {
			if m.value == "" {
				return Bill{}, badBill("SPDX %s without %s", b.Version, m.name)
			}
		}
		return b, wholeBill(b, top.Packages, "packages", "SPDXID", "name")
	case strings.HasPrefix(top.Context, "https://spdx.org/rdf/3."):
		version, _, _ := strings.Cut(strings.TrimPrefix(top.Context, "https://spdx.org/rdf/"), "/")
		b := Bill{"SPDX", version, 0}
		for _, raw := range top.Graph {
			var e struct {
				Type string `json:"type"`
			}
			if json.Unmarshal(raw, &e) == nil && strings.HasSuffix(e.Type, "Package") {
				b.Components++
			}
		}
		return b, wholeBill(b, top.Graph, "@graph", "type")
	}
	return Bill{}, badBill("it is neither SPDX (spdxVersion, or @context of SPDX 3) nor CycloneDX (bomFormat)")
}

// wholeBill wants of each element the members that it must have.
func wholeBill(b Bill, list []json.RawMessage, where string, members ...string) error {
	if b.Version == "" {
		return badBill("%s without a version", b.Format)
	}
	if b.Components == 0 {
		return badBill("%s %s that names no component in %s", b.Format, b.Version, where)
	}
	for i, raw := range list {
		var e map[string]any
		if err := json.Unmarshal(raw, &e); err != nil || e == nil {
			return badBill("%s[%d] is no object", where, i)
		}
		for _, m := range members {
			if s, ok := e[m].(string); !ok || s == "" {
				return badBill("%s[%d] lacks %s", where, i, m)
			}
		}
	}
	return nil
}

func badBill(format string, args ...any) error {
	return Refuse(ErrInvalid, "sbom-form", "bill of materials: %s", fmt.Sprintf(format, args...))
}
