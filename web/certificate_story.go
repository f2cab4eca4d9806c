package web

import (
	"strings"
	"time"
)

// day is a day of the sample world.
func day(year int, month time.Month, d int) time.Time {
	return time.Date(year, month, d, 9, 30, 0, 0, time.UTC)
}

func sampleRow(serial, product, vendor, model, state string) CertificateRow {
	return CertificateRow{
		Serial: serial, Product: product, Vendor: vendor, Model: model, State: state,
		Issued: day(2026, 3, 14), Expires: day(2029, 3, 13),
	}
}

var certificateStates = []string{"active", "suspended", "superseded", "expired", "withdrawn", "revoked"}

func sampleCertificate(state string) *CertificateView {
	row := sampleRow("PM-2026-000042", "Aurora Pure One", "Aurora Air Private Limited", "aurora-pure1", state)
	v := &CertificateView{
		Page: Page{
			Title: row.Product + " " + row.Serial, Path: "/certificates/" + row.Serial,
			Description: "What was certified, and what holds now.",
		},
		CertificateRow: row, Since: day(2026, 11, 2),
		Firmware: []FirmwareView{{"2.1.0_0042", strings.Repeat("9f86d081884c7d65", 4)}}, Hardware: []string{"R1", "R2"},
		SpecURN: "urn:miot-spec-v2:device:air-purifier:0000A007:aurora-pure1:1", SpecSHA256: strings.Repeat("2c26b46b68ffc68f", 4),
		Suite: "2026.2", Plans: []string{"full", "soak"}, Class: "B", Follows: "PM-2026-000007",
		Groups: []GroupView{
			{Group: "READ", Title: "reading", Pass: 41},
			{Group: "WRITE", Title: "writing", Pass: 63, Warn: 1, Waived: 1},
			{Group: "SEC", Title: "security", Pass: 7, Review: 2, NotFor: 1},
		},
		Waivers:    []WaiverView{{"WRITE-04", "firmware 2.1.0 on aurora-pure1", "Off-step fan levels are rounded, and the app shows the rounded value.", day(2027, 1, 31), false}},
		Conditions: []ConditionView{{Text: "Publish the disclosure policy in Hindi as well.", Due: day(2026, 12, 31)}},
		Regions: []RegionView{
			{Region: "IN", Holds: true, Papers: []PaperView{{"BIS CRS", "R-41012345", "Aurora Air Private Limited", day(2028, 2, 1)}, {"WPC ETA", "ETA-20260214001", "Aurora Air Private Limited", day(2036, 1, 1)}}},
			{Region: "EU", Why: "The declaration under RED names no hardware revision R2."},
		},
		Events:   []EventView{{"issued", day(2026, 3, 14), 41, ""}},
		LogIndex: 41, KeyID: "cert-2026-1", Bundle: "#bundle", Proof: "#proof", Badge: "/stories/badge.svg", JSON: "#json",
		Embed: `<a href="https://proofmark.example/certificates/PM-2026-000042"><img src="https://proofmark.example/certificates/PM-2026-000042/badge.svg" alt="Proofmark"></a>`,
	}
	if state == "active" {
		return v
	}
	v.Reason = "Devices in homes stopped reporting the filter's life after an update."
	v.Events = append(v.Events, EventView{state, v.Since, 97, v.Reason})
	if state == "superseded" {
		v.SupersededBy = "PM-2026-000077"
	}
	return v
}

func init() {
	for _, state := range certificateStates {
		story("certificate-"+state, "certificate", func() Pager { return sampleCertificate(state) })
	}
	story("certificate-hostile", "certificate", func() Pager {
		v := sampleCertificate("active")
		v.Product, v.Vendor = `<script>alert("x")</script>`, `"><img src=x onerror=alert(1)>`
		v.Waivers[0].Reason = strings.Repeat("averyverylongwordwithoutanybreak", 12)
		return v
	})
	story("certificates", "certificates", func() Pager {
		return &CertificateList{
			Page: Page{Title: "Certificates", Path: "/certificates"}, States: certificateStates, Next: "?after=PM-2026-000042",
			Rows: []CertificateRow{
				sampleRow("PM-2026-000042", "Aurora Pure One", "Aurora Air Private Limited", "aurora-pure1", "active"),
				sampleRow("PM-2026-000041", "Lumen Desk", "Kiran Lights", "kiran-desk2", "suspended"),
				sampleRow("PM-2026-000040", "A very long product name that somebody thought would be good for the search engines", "Nilgiri Home Devices and Appliances Private Limited", "nilgiri-averylongmodelname9000", "revoked"),
			},
		}
	})
	story("certificates-none", "certificates", func() Pager {
		return &CertificateList{Page: Page{Title: "Certificates", Path: "/certificates"}, States: certificateStates, Query: "toaster", State: "active"}
	})
	story("verify", "verify", func() Pager { return &VerifyPage{Page: Page{Title: "Verify", Path: "/certificates/verify"}} })
	story("verify-valid", "verify", func() Pager {
		return &VerifyPage{
			Page: Page{Title: "Verify", Path: "/certificates/verify"}, Verdict: "valid", Serial: "PM-2026-000042",
			Checks: []CheckView{
				{"good", "The signature is right, by the key cert-2026-1."},
				{"good", "It is leaf 41 of the log at size 98."},
				{"good", "The status list of 29 Nov 2026, 10:00 UTC says: active."},
				{"warn", "One condition is due on 31 Dec 2026."},
			},
		}
	})
	story("verify-fault", "verify", func() Pager {
		return &VerifyPage{Page: Page{Title: "Verify", Path: "/certificates/verify"}, Fault: "photo.png is no JSON: it begins with the bytes of a PNG picture."}
	})
}
