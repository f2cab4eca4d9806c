package orders

import (
	"bufio"
	"bytes"
	"fmt"
	"strings"
	"testing"
)

func TestAnswersAreRead(t *testing.T) {
	const body = `{"id":"ord_1","state":"reserved"}`
	c := client{in: bufio.NewReader(strings.NewReader(strings.Repeat(
		fmt.Sprintf("HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(body), body), 2)))}
	for range 2 { // one after the other on a kept connection
		status, got, err := c.answer()
		if err != nil || status != 201 || string(got) != body || orderID(got) != "ord_1" {
			t.Errorf("%d %q %v", status, got, err)
		}
	}
	if _, _, err := c.answer(); err == nil {
		t.Error("an answer out of nothing")
	}
}

func TestWhatIsNoLoadIsRefused(t *testing.T) {
	for _, o := range []Options{{Connections: -1}, {Connections: maxConnections + 1}, {Rounds: maxRounds + 1}, {Time: 1}} {
		if _, err := Run(t.Context(), o); err == nil {
			t.Errorf("%+v was run", o)
		}
	}
}

func FuzzAnswer(f *testing.F) {
	f.Add([]byte("HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\n{}"))
	f.Add([]byte("HTTP/1.1 503\r\nContent-Length: -1\r\n\r\n"))
	f.Fuzz(func(t *testing.T, bytesIn []byte) {
		c := client{in: bufio.NewReader(bytes.NewReader(bytesIn))}
		if _, body, err := c.answer(); err == nil && len(body) > len(bytesIn) {
			t.Errorf("%d bytes out of %d", len(body), len(bytesIn))
		}
	})
}
