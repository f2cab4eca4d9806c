package mail

import (
	"errors"
	"fmt"
	"net/mail"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// The errors of this package.
var (
	ErrMessage  = errors.New("bad message") // what Check says
	ErrNotFound = errors.New("not found")
)

// State says how far a message is.
type State string

// The states. Queued → sent | failed | kept.
const (
	Queued State = "queued"
	Sent   State = "sent"   // the mail server has it
	Failed State = "failed" // refused for good, or not taken within a day
	Kept   State = "kept"   // no mail server is configured: it is only here
)

// Message is a mail to one person, in plain text.
type Message struct {
	ID      string // msg_…; made when it is stored if empty
	Key     string // of several messages with one key the first is sent; empty: no other has it
	Account string // acc_… whose mailbox it is in; empty: that of who has the address, if anybody
	To      string // an address, bare: anna@example.org
	Subject string // one line
	Text    string // empty after KeptFor
	Topic   Topic  // what it is about, for who may not want it; empty: whoever it is for gets it
	// Unsubscribe is the address where the topic can be ended without a log-in (RFC 8058);
	// empty: it cannot.
	Unsubscribe string
	State       State
	Attempts    int
	LastError   string
	CreatedAt   time.Time
	SentAt      time.Time // zero until sent
}

// KeptFor is how long the text of a message is kept: it may hold what only its
// receiver should know.
const KeptFor = 30 * 24 * time.Hour

// What a message may have.
const (
	addressLimit = 254     // bytes (RFC 5321 §4.5.3.1.3, without the brackets)
	subjectLimit = 300     // bytes
	textLimit    = 1 << 20 // bytes
)

// Check says why a message cannot be sent.
func (m Message) Check() error {
	if err := CheckAddress(m.To); err != nil {
		return err
	}
	if strings.TrimSpace(m.Subject) == "" || len(m.Subject) > subjectLimit || !utf8.ValidString(m.Subject) {
		return fmt.Errorf("%w: subject %.40q: want one line of 1 to %d bytes", ErrMessage, m.Subject, subjectLimit)
	}
	// A line break would begin another header.
	if i := strings.IndexFunc(m.Subject, breaks); i >= 0 {
		return fmt.Errorf("%w: subject %.40q holds a line break or another control character", ErrMessage, m.Subject)
	}
	if len(m.Text) == 0 || len(m.Text) > textLimit || !utf8.ValidString(m.Text) || strings.ContainsRune(m.Text, 0) {
		return fmt.Errorf("%w: the text has %d bytes; want 1 to %d of UTF-8 without NUL", ErrMessage, len(m.Text), textLimit)
	}
	if strings.ContainsFunc(m.Unsubscribe, func(r rune) bool { return r <= ' ' || r > '~' || r == '<' || r == '>' }) {
		return fmt.Errorf("%w: the address to unsubscribe at %.80q is no URL", ErrMessage, m.Unsubscribe)
	}
	return nil
}

func breaks(r rune) bool { return unicode.IsControl(r) || unicode.In(r, unicode.Zl, unicode.Zp) }

// CheckAddress takes a bare address, spelled as it is sent: no name, no brackets,
// no comment, no quoted part.
func CheckAddress(address string) error {
	parsed, err := mail.ParseAddress(address)
	at := strings.LastIndexByte(address, '@')
	if err != nil || parsed.Name != "" || parsed.Address != address || len(address) > addressLimit || at < 1 || at > 64 ||
		strings.ContainsFunc(address, func(r rune) bool { return breaks(r) || unicode.IsSpace(r) || strings.ContainsRune(`"(),:;<>[\]`, r) }) {
		return fmt.Errorf("%w: address %.80q: want one as anna@example.org, at most %d bytes", ErrMessage, address, addressLimit)
	}
	return nil
}
