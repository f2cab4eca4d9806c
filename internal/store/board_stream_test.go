package store_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/proofmark/proofmark/campaigns"
	"github.com/proofmark/proofmark/internal/api"
)

// pipes is a listener in a bubble of time: its connections are in memory.
type pipes chan net.Conn

func (p pipes) Accept() (net.Conn, error) {
	c, ok := <-p
	if !ok {
		return nil, net.ErrClosed
	}
	return c, nil
}

func (p pipes) Close() error   { close(p); return nil }
func (p pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipe", Net: "pipe"} }

// streamed has a campaign's board served by real HTTP. watch opens a stream, and
// gives its lines; leave ends it, as a browser that is closed does.
func streamed(t *testing.T, test func(s *shop, book *campaigns.Book, watch func() (lines <-chan string, leave func()))) {
	t.Helper()
	onBoardAs(t, api.EncodeProgress, func(s *shop, board *campaigns.Board, book *campaigns.Book) {
		on := make(pipes)
		server := &http.Server{Handler: api.NewProgress(board, nil).Ahead(http.NotFoundHandler()), ReadHeaderTimeout: time.Minute}
		served := make(chan error)
		go func() { served <- server.Serve(on) }()
		client := &http.Client{Transport: &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
			here, there := net.Pipe()
			on <- there
			return here, nil
		}}}
		test(s, book, func() (<-chan string, func()) {
			watching, leave := context.WithCancel(ctx)
			r := get(http.NewRequestWithContext(watching, http.MethodGet, "http://pipe/api/v1/campaigns/"+s.ID+"/progress/stream", nil))(s.t)
			answer := get(client.Do(r))(s.t)
			lines := make(chan string)
			go func() {
				defer close(lines)
				defer func() { _ = answer.Body.Close() }()
				scan := bufio.NewScanner(answer.Body)
				for scan.Scan() {
					if scan.Text() != "" {
						lines <- scan.Text()
					}
				}
			}()
			return lines, func() {
				leave()
				for range lines { // what was on its way
				}
			}
		})
		client.CloseIdleConnections()
		must(s.t, server.Close())
		if err := <-served; !errors.Is(err, http.ErrServerClosed) {
			s.t.Error(err)
		}
	})
}

// told reads the next event of a stream.
func told(t testing.TB, lines <-chan string) (p api.CampaignProgress) {
	t.Helper()
	line := <-lines
	for line == ": alive" {
		line = <-lines
	}
	same(t, line, "event: progress")
	data, ok := strings.CutPrefix(<-lines, "data: ")
	if !ok {
		t.Fatalf("the event has no data")
	}
	must(t, json.Unmarshal([]byte(data), &p))
	return p
}

// A stream that has nothing to tell says every 15 s that it is alive; what changes
// meanwhile does not wait for that.
func TestAStreamSaysThatItIsAlive(t *testing.T) {
	streamed(t, func(s *shop, book *campaigns.Book, watch func() (<-chan string, func())) {
		lines, leave := watch()
		defer leave()
		began := time.Now()
		same(s.t, told(s.t, lines).Units.Reserved, int64(0))
		for beat := 1; beat <= 3; beat++ {
			same(s.t, <-lines, ": alive")
			same(s.t, time.Since(began), time.Duration(beat)*15*time.Second)
		}
		get(book.Do(ctx, s.wish("ann", 2)))(s.t)
		ordered := time.Now()
		same(s.t, told(s.t, lines).Units.Reserved, int64(2))
		if late := time.Since(ordered); late > campaigns.BoardPause {
			s.t.Errorf("an order was told after %s, want at most %s", late, campaigns.BoardPause)
		}
	})
}

// Who leaves ends his stream, and holds nothing up for those who stay. The bubble
// ends only when no goroutine of a stream is left.
func TestWatchersThatLeaveHoldNobodyUp(t *testing.T) {
	streamed(t, func(s *shop, book *campaigns.Book, watch func() (<-chan string, func())) {
		stays, leave := watch()
		defer leave()
		told(s.t, stays)
		for range 20 {
			lines, gone := watch()
			told(s.t, lines)
			gone()
		}
		idle, gone := watch() // never reads, and leaves
		get(book.Do(ctx, s.wish("ann", 1)))(s.t)
		same(s.t, told(s.t, stays).Units.Reserved, int64(1))
		gone()
		if _, open := <-idle; open {
			s.t.Error("a stream that was left goes on")
		}
		get(book.Do(ctx, s.wish("bob", 1)))(s.t)
		same(s.t, told(s.t, stays).Units.Reserved, int64(2))
	})
}

// The countdown is anchored on the server's time: each event has the deadline and
// the time of the server, and when the campaign has closed, that is told without an
// order that would wake the board.
func TestAStreamCountsDownToTheClosing(t *testing.T) {
	streamed(t, func(s *shop, book *campaigns.Book, watch func() (<-chan string, func())) {
		lines, leave := watch()
		defer leave()
		left := func(p api.CampaignProgress) time.Duration { return p.ClosesAt.Sub(p.ServerTime) }
		first := told(s.t, lines)
		same(s.t, []any{first.State, left(first).Round(time.Second)}, []any{"live", time.Hour})
		for range 40 { // 10 minutes
			same(s.t, <-lines, ": alive")
		}
		get(book.Do(ctx, s.wish("ann", 1)))(s.t)
		same(s.t, left(told(s.t, lines)).Round(time.Second), 50*time.Minute)
		desk := campaigns.NewDesk(campaigns.DeskOptions{Store: s.db.Campaigns(), Now: time.Now})
		for time.Now().Before(first.ClosesAt) {
			same(s.t, <-lines, ": alive")
		}
		must(s.t, desk.Step(ctx, s.ID))
		closed := time.Now()
		last := told(s.t, lines)
		if last.State == "live" { // what was on its way before the step
			last = told(s.t, lines)
		}
		same(s.t, last.State, "closing")
		if left(last) > 0 || time.Since(closed) > 15*time.Second {
			s.t.Errorf("%s are left, told %s after the closing; want none, within 15 s", left(last), time.Since(closed))
		}
		synctest.Wait()
	})
}
