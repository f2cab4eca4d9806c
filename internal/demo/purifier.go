package demo

import (
	"encoding/json"

	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/certification/suite"
	"github.com/proofmark/proofmark/miot"
)

// Product is the purifier's name.
const Product = "Aurora One"

// Paper is a document of a submission.
type Paper struct{ Kind, Name, Text string }

// Image is the firmware that the purifier was certified with.
const Image = Product + " firmware 1.0.0"

// Seen is what an operator of the recorded runs gave as evidence: the device is
// software, and there is nothing to photograph.
const Seen = "what was seen at the device"

// SeenName is the name of that file.
const SeenName = "seen.txt"

// Draft is a device as its maker submits it. The recorder makes the runs of the
// very same submission: what is changed here has to be recorded anew.
func Draft(product string, spec []byte) (certification.Edit, []Paper, error) {
	s, err := miot.Parse(spec)
	if err != nil {
		return certification.Edit{}, nil, err
	}
	d := suite.Conforming(s, "declared")
	d.Firmware, d.Hardware = "1.0.0", ""
	declaration, err := json.Marshal(d)
	if err != nil {
		return certification.Edit{}, nil, err
	}
	hardware, regions := []string{"A1"}, []string{"IN"}
	e := certification.Edit{
		Product: &product, Hardware: &hardware, Regions: &regions, Spec: spec, Declaration: declaration,
		Firmware: &certification.Firmware{Version: "1.0.0", SHA256: sum(product + " firmware 1.0.0")},
		Platform: &certification.Platform{Module: "WM-32C3 rev 2", Firmware: "aurora-core 4.2.0"},
		Units: &certification.Units{
			SecretSHA256: sum(product + " secret 1"),
			Second:       suite.Unit{DID: "second-unit", Serial: "SN-2", SecretSHA256: sum(product + " secret 2")},
		},
	}
	return e, []Paper{
		{certification.BillOfGoods, "bill.cdx.json", `{"bomFormat":"CycloneDX","specVersion":"1.6","components":[{"type":"library","name":"lwip","version":"2.2.0"}]}`},
		{certification.Disclosure, "policy.txt", "Write to security@aurora.example. We answer within 5 days.\n"},
	}, nil
}
