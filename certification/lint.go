package certification

import (
	"errors"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/proofmark/proofmark/certification/translog"
)

// Limits of a payload.
const (
	MaxPayload     = 64 << 10                 // bytes
	MaxLife        = 3 * 366 * 24 * time.Hour // from issued_at to expires_at
	longestLabel   = 200                      // characters of a name
	longestWords   = 2000                     // characters of a text
	mostListed     = 100                      // entries of a list
	mostInstalment = 1000                     // transcripts of a run
)

var (
	serialForm = regexp.MustCompile(`^PM-[0-9]{4}-[0-9]{6,9}$`)
	modelForm  = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$`)
	urnForm    = regexp.MustCompile(`^urn:[a-z0-9-]+:device:[a-z0-9-]+:[0-9A-Fa-f]{8}:([A-Za-z0-9._-]+):[1-9][0-9]{0,8}$`)
)

// linter collects what is wrong.
type linter struct{ errs []error }

func (l *linter) want(ok bool, rule, format string, args ...any) {
	if !ok {
		l.errs = append(l.errs, Refuse(ErrInvalid, rule, format, args...))
	}
}

// Lint says everything for which the payload must not be signed. It looks at the
// payload as a stranger would: nothing that it was made of is known here.
func (p Payload) Lint() error {
	var l linter
	l.want(p.Version == PayloadVersion, "payload-version", "version %d; want %d", p.Version, PayloadVersion)
	l.want(serialForm.MatchString(p.Serial), "payload-serial", "serial %q; want PM-<year>-<six digits>", p.Serial)
	l.want(strings.HasSuffix(p.URL, "/certificates/"+p.Serial) && (strings.HasPrefix(p.URL, "https://") || strings.HasPrefix(p.URL, "http://")) && len(p.URL) <= 300,
		"payload-url", "url %q; want an http or https address that ends in /certificates/%s", p.URL, p.Serial)
	l.words("product", p.Product, longestLabel)
	l.want(modelForm.MatchString(p.Model), "payload-model", "model %q; want letters, digits, dot, dash, underscore", p.Model)
	l.words("vendor.id", p.Vendor.ID, longestLabel)
	l.words("vendor.name", p.Vendor.Name, longestLabel)
	l.hash("evidence", p.Evidence)
	urn := urnForm.FindStringSubmatch(p.Spec.URN)
	l.want(urn != nil && urn[1] == p.Model, "payload-urn", "spec.urn %q; want a device's URN of model %s", p.Spec.URN, p.Model)
	l.hash("spec.sha256", p.Spec.SHA256)
	l.lintDevices(p)
	l.lintTests(p)
	l.lintTimes(p)
	return errors.Join(l.errs...)
}

func (l *linter) lintDevices(p Payload) {
	l.count("firmware", len(p.Firmware), 1, mostListed)
	for _, f := range p.Firmware {
		l.words("firmware.version", f.Version, longestLabel)
		l.hash("firmware.sha256", f.SHA256)
	}
	l.count("hardware", len(p.Hardware), 1, mostListed)
	for _, h := range p.Hardware {
		l.words("hardware", h, longestLabel)
	}
	l.set("hardware", p.Hardware)
	l.count("regions", len(p.Regions), 0, mostListed)
	for _, r := range p.Regions {
		l.want(regionForm.MatchString(r), "payload-region", "region %q; want two capital letters (ISO 3166, or EU)", r)
	}
	l.set("regions", p.Regions)
}

func (l *linter) lintTests(p Payload) {
	l.words("suite", p.Suite, longestLabel)
	least := 1
	if p.Class == ClassA { // documents only: nothing runs again
		least = 0
	}
	l.count("plans", len(p.Plans), least, mostListed)
	l.set("plans", p.Plans)
	l.count("runs", len(p.Runs), least, mostListed)
	for _, r := range p.Runs {
		l.words("run.id", r.ID, longestLabel)
		l.want(slices.Contains(p.Plans, r.Plan), "payload-plan", "run %s is of plan %q, which is none of %v", r.ID, r.Plan, p.Plans)
		l.count("run.transcripts", len(r.Transcripts), 1, mostInstalment)
		for _, t := range r.Transcripts {
			l.hash("run.transcripts", t)
		}
	}
	l.want(p.Class == "" || slices.Contains([]ChangeClass{ClassA, ClassB, ClassC, ClassD, ClassE, ClassF}, p.Class), "payload-class", "class %q; want A to F or none", p.Class)
	l.want(p.Class == "" || p.Follows != "" || p.Parent != "", "payload-class", "class %s, but no certificate that it follows", p.Class)
	for _, s := range []string{p.Follows, p.Parent} {
		l.want(s == "" || serialForm.MatchString(s) && s != p.Serial, "payload-serial", "it refers to serial %q; want the serial of another certificate", s)
	}
}

func (l *linter) lintTimes(p Payload) {
	issued := l.time("issued_at", p.IssuedAt)
	expires := l.time("expires_at", p.ExpiresAt)
	l.want(expires.After(issued) && expires.Sub(issued) <= MaxLife, "payload-life", "valid from %s to %s; want at most %s", p.IssuedAt, p.ExpiresAt, MaxLife)
	l.count("conditions", len(p.Conditions), 0, mostListed)
	for _, c := range p.Conditions {
		l.words("condition.id", c.ID, longestLabel)
		l.words("condition.text", c.Text, longestWords)
		due := l.time("condition.due", c.Due)
		l.want(due.After(issued) && !due.After(expires), "payload-condition", "condition %s is due at %s; want a time within the certificate's life", c.ID, c.Due)
	}
	l.count("waivers", len(p.Waivers), 0, mostListed)
	for _, w := range p.Waivers {
		l.words("waiver.id", w.ID, longestLabel)
		l.words("waiver.requirement", w.Requirement, longestLabel)
		l.words("waiver.scope", w.Scope, longestWords)
		l.words("waiver.reason", w.Reason, longestWords)
		l.count("waiver.cases", len(w.Cases), 0, mostListed)
		until := l.time("waiver.until", w.Until)
		l.want(until.After(issued), "waiver-date", "waiver %s ended at %s, before the certificate is issued at %s", w.ID, w.Until, p.IssuedAt)
	}
}

func (l *linter) hash(name, value string) {
	l.want(hexSHA256.MatchString(value), "payload-hash", "%s %.80q; want a SHA-256 as 64 lower-case hex digits", name, value)
}

func (l *linter) count(name string, n, least, most int) {
	l.want(n >= least && n <= most, "payload-list", "%s has %d entries; want %d to %d", name, n, least, most)
}

func (l *linter) set(name string, values []string) {
	l.want(slices.IsSorted(values) && len(slices.Compact(slices.Clone(values))) == len(values), "payload-list", "%s %q; want each once, in order", name, values)
}

func (l *linter) words(name, value string, most int) {
	n := utf8.RuneCountInString(value)
	bad := strings.ContainsFunc(value, func(r rune) bool { return unicode.IsControl(r) && r != '\n' || unicode.Is(unicode.Bidi_Control, r) })
	l.want(n >= 1 && n <= most && strings.TrimSpace(value) == value && utf8.ValidString(value) && !bad, "payload-text",
		"%s %.80q has %d characters; want 1 to %d, without control characters or outer spaces", name, value, n, most)
}

func (l *linter) time(name, value string) time.Time {
	t, err := translog.ParseInstant(value)
	l.want(err == nil, "payload-time", "%s: %v", name, err)
	return t
}
