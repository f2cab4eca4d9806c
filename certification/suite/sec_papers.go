package suite

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/proofmark/proofmark/certification/suite/bench"
)

// sec02 is done by hand: a scan does not pass the bench's connection.
func sec02(t *T) {
	t.Ready(ConnectLimit)
	open := slices.Sorted(slices.Values(t.Declaration.Ports))
	declared := cmp.Or(strings.Join(open, ", "), "none at all")
	for _, telnet := range []string{"tcp/23", "tcp/2323"} {
		t.Check(!slices.Contains(open, telnet), "no telnet", telnet+" is declared open")
	}
	t.confirmed(bench.Question{
		Kind: bench.Confirm, Evidence: "scan", Timeout: ScanLimit,
		Text: "Scan all TCP ports and the 1,000 most used UDP ports of the device (nmap -sS -p- and nmap -sU --top-ports 1000) and keep the output. Are exactly these open: " + declared + "?",
	}, "open ports as declared: "+declared)
	if !slices.ContainsFunc(open, func(p string) bool { return strings.HasPrefix(p, "tcp/") }) {
		return
	}
	t.confirmed(bench.Question{
		Kind: bench.Confirm, Evidence: "pcap", Timeout: ScanLimit,
		Text: "Open " + declared + " without a login, and capture it. Is it true that nothing can be changed there so, and that no page and no log shows a key, token or password?",
	}, "no unauthenticated administration and no secret on "+declared)
}

// sec09 looks at what was submitted; whether it is good enough is for a reviewer.
func sec09(t *T) {
	if len(t.Header.Submission) == 0 || string(t.Header.Submission) == "null" {
		t.Skip("nothing was submitted: this run has no documents to look at")
	}
	for _, doc := range []struct{ kind, what string }{
		{"sbom", "a software bill of materials (SPDX or CycloneDX)"}, {"disclosure", "a policy for the disclosure of vulnerabilities"},
	} {
		hash := t.Submission.Documents[doc.kind]
		t.Check(hex64.MatchString(hash), fmt.Sprintf("%s, submitted as %q", doc.what, doc.kind), quoted(hash))
	}
	d := t.Declaration
	t.Check(strings.TrimSpace(d.Contact) != "", "a contact for disclosure (disclosure_contact)", quoted(d.Contact))
	until, err := time.Parse(time.DateOnly, d.SupportUntil)
	t.Check(err == nil && until.After(t.Header.Began), "a support period that has not ended on "+t.Header.Began.UTC().Format(time.DateOnly)+" (support_until)", quoted(d.SupportUntil))
	t.Reviewf("a reviewer reads: bill of materials %s, disclosure policy %s, contact %s, support until %s",
		clip(t.Submission.Documents["sbom"], 12), clip(t.Submission.Documents["disclosure"], 12), quoted(d.Contact), quoted(d.SupportUntil))
}

// sec10 leaves the photo and the statement to a reviewer.
func sec10(t *T) {
	statement := strings.TrimSpace(t.Declaration.DebugPorts)
	t.Check(statement != "", "a statement about debug ports (debug_ports)", "none")
	a := t.Operator(bench.Question{
		Kind: bench.Photo, Evidence: "photo",
		Text: fmt.Sprintf("Open the device and photograph both sides of its board. The maker states about debug ports: %q. Is that what you see (connectors, test pads, and what answers on them)?", statement),
	})
	t.Check(a.Answer != "no", "debug ports as stated: "+statement, "the operator says no: "+a.Note, t.last)
	if a.File == "" {
		t.Reviewf("the operator says %s, without a photo; stated is %s", quoted(a.Answer), quoted(statement))
		return
	}
	t.Reviewf("a reviewer looks at the photo %s; stated is %s", clip(a.File, 12), quoted(statement))
}
