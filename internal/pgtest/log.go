package pgtest

import (
	"strings"
	"sync"
)

// watchedLog keeps what the server says, for the message of a failed test, and
// tells when it says what is waited for.
type watchedLog struct {
	mu    sync.Mutex
	text  strings.Builder
	want  string
	found chan struct{}
}

// await forgets the past and returns a channel that is closed when the text
// appears.
func (l *watchedLog) await(want string) <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text.Reset()
	l.want, l.found = want, make(chan struct{})
	return l.found
}

// Write implements io.Writer.
func (l *watchedLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	n, err := l.text.Write(p)
	if l.want != "" && strings.Contains(l.text.String(), l.want) {
		l.want = ""
		close(l.found)
	}
	return n, err
}

// String implements fmt.Stringer.
func (l *watchedLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}
