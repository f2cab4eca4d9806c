package store_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// moneyMutants are mistakes that somebody could make in the rules of orders and
// money, each as one edit of package campaigns.
var moneyMutants = []struct{ name, file, old, new string }{
	{"one unit too many is sold", "reserve.go", "case room < o.Units:", "case room+1 < o.Units:"},
	{"who waits is passed over", "reserve.go", "case waiting > 0:", "case waiting > 1<<20:"},
	{"a backer has no limit", "decide.go", "if d.counter.PerBackerLimit == 0 || d.s.Blind {", "if true {"},
	{"a key given twice is two orders", "reserve.go", "if before := d.s.Keys[BackerKey{o.Backer, o.Key}]; before != nil {", "if before := d.s.Keys[BackerKey{o.Backer, o.ID}]; before != nil {"},
	{"a paid order runs out", "cancel.go", "if o.State == OrderReserved && !d.at.Before(o.PayUntil) {", "if !d.at.Before(o.PayUntil) {"},
	{"what runs out is not for sale again", "cancel.go", "d.count(&o.Order, -o.Units, 0, 0)\n\t\td.book", "d.book"},
	{"a cancellation given twice gives back twice", "cancel.go", "if d.s.Events[c.event()] || c.Units == 0", "if c.Units == 0"},
	{"a part that is cancelled gives the whole price back", "cancel.go", "paid, o, kind, units, units*o.Price, c.Reason", "paid, o, kind, units, o.Live()*o.Price, c.Reason"},
	{"a cancelled order keeps its advance", "cancel.go", "o.Advanced -= back\n\tif c.Cause", "if c.Cause"},
	{"nobody waits for the last refund", "move.go", "d.s.Owed[o.ID]--", "d.s.Owed[o.ID] = 0"},
	{"a refund that the bank sent back stays done", "move.go", "d.s.Owed[o.ID]++\n\t\t}\n\t}", "d.s.Owed[o.ID] += 0\n\t\t}\n\t}"},
	{"a refund's reversal is booked as a refund", "move.go", "refunded(r.Kind, from, r.Amount).reverse())", "refunded(r.Kind, from, r.Amount))"},
	{"a refund by hand leaves from the provider", "move.go", "from, r.ByHand = AccountBank, true", "r.ByHand = true"},
	{"a capture that is told twice counts twice", "capture.go", "p != nil && p.State == PaymentCaptured {\n\t\td.answer", "p != nil && p.State == PaymentAuthorized {\n\t\td.answer"},
	{"a second payment takes the first one's place", "capture.go", "if p.State == PaymentCaptured { // paid twice", "if p.State == PaymentAuthorized { // paid twice"},
	{"too little is enough", "capture.go", "case o.State == OrderReserved && got.Amount >= due:", "case o.State == OrderReserved:"},
	{"what was paid too much stays here", "capture.go", "if over := got.Amount - due; over > 0 {", "if over := got.Amount - due; over > 1<<40 {"},
	{"an orphan is kept", "capture.go", "r := d.refund(c.RefundID, p, o, RefundOrphan,", "r := (&decision{s: &Snapshot{Refunds: map[string]*RefundRow{}, Owed: map[string]int{}}, at: d.at}).refund(c.RefundID, p, o, RefundOrphan,"},
	{"what is readmitted does not look for room", "capture.go", "return d.fits(&asked, v) == nil", "return d.fits(&asked, v) == nil || asked.Price == 0"},
	{"an orphan goes back from the backers' money", "posting.go", "if kind == RefundOrphan || kind == RefundSurplus {", "if kind == RefundSurplus {"},
	{"a new try has the first one's key", "payment.go", "func (r *Refund) Key() string {", "func (r *Refund) Key() string {\n\tr = &Refund{ID: r.ID, Try: 1}"},
	{"what failed at the provider is done", "apply.go", "step(r.State, RefundFailed, time.Time{})\n", "step(r.State, RefundProcessed, time.Time{})\n"},
	{"a refund is not asked about again", "move.go", "r.WakeAt = at.Add(AskRefundAfter)", "r.WakeAt = time.Time{}"},
	{"the counter of backers counts orders", "decide.go", "case has && !had:", "case has:"},
	{"what comes free is offered whole to everybody", "waiting.go", "units := min(e.Units, room, d.allowed(d.backer(e.Backer)))", "units := min(e.Units, d.allowed(d.backer(e.Backer)))"},
}

// TestEveryMutantOfTheMoneyDies says whether the models of orders and of money
// would notice. It builds the store anew for each mutant: PROOFMARK_MUTANTS=1.
func TestEveryMutantOfTheMoneyDies(t *testing.T) {
	if os.Getenv("PROOFMARK_MUTANTS") == "" {
		t.Skip("builds and runs the models once per mutant: PROOFMARK_MUTANTS=1, or make mutants")
	}
	root, err := filepath.Abs("../../campaigns")
	must(t, err)
	for _, m := range moneyMutants {
		t.Run(m.name, func(t *testing.T) {
			path := filepath.Join(root, m.file)
			text := string(get(os.ReadFile(path))(t))
			if n := strings.Count(text, m.old); n != 1 {
				t.Fatalf("%s has %q %d times, want once: the mutant is out of date", m.file, m.old, n)
			}
			dir := t.TempDir()
			mutant, overlay := filepath.Join(dir, m.file), filepath.Join(dir, "overlay.json")
			must(t, os.WriteFile(mutant, []byte(strings.Replace(text, m.old, m.new, 1)), 0o600))
			must(t, os.WriteFile(overlay, get(json.Marshal(map[string]map[string]string{"Replace": {path: mutant}}))(t), 0o600))
			binary := filepath.Join(dir, "models.test")
			if out, err := exec.CommandContext(t.Context(), "go", "test", "-c", "-overlay", overlay, "-o", binary, ".").CombinedOutput(); err != nil {
				t.Fatalf("the mutant does not build: %v\n%s", err, out)
			}
			run := exec.CommandContext(t.Context(), binary, "-test.run", "^Test(OrdersFollowTheirModel|MoneyIsNeverLostOrTakenTwice)$",
				"-test.failfast", "-test.timeout", "5m", "-rapid.nofailfile", "-rapid.shrinktime", "1ms", "-rapid.checks", "300")
			run.Env = append(os.Environ(), "PROOFMARK_TEST_POSTGRES=") // the rules are one engine's as the other's
			out, err := run.CombinedOutput()
			if err == nil {
				t.Fatalf("no model noticed")
			}
			if strings.Contains(string(out), "test timed out") {
				t.Errorf("it hung: a mistake is to be noticed, not waited for\n%.2000s", out)
			}
			for line := range strings.Lines(string(out)) { // the steps that led there are rapid's draws
				if strings.HasPrefix(line, "panic:") || strings.Contains(line, "_test.go:") && !strings.Contains(line, "[rapid] draw ") {
					t.Logf("noticed: %s", strings.TrimSpace(line))
				}
			}
		})
	}
}
