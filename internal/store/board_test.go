package store_test

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/proofmark/proofmark/campaigns"
	"github.com/proofmark/proofmark/internal/bus"
)

// onBoard has a real campaign, on SQLite and in a bubble of time, shown on a board
// that hears of every commit of its book.
func onBoard(t *testing.T, test func(s *shop, board *campaigns.Board, book *campaigns.Book)) {
	t.Helper()
	onBoardAs(t, func(p campaigns.Progress, at time.Time) []byte {
		body, err := json.Marshal(map[string]int64{"reserved": p.Reserved, "at": at.UnixMilli()})
		must(t, err)
		return body
	}, test)
}

// onBoardAs shows it in a form of the test's own.
func onBoardAs(t *testing.T, form func(campaigns.Progress, time.Time) []byte, test func(s *shop, board *campaigns.Board, book *campaigns.Book)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		db := open(t, "sqlite:"+filepath.Join(t.TempDir(), "proofmark.db"))
		began := time.Now()
		s := newShop(t, db, 0, func(c *campaigns.Campaign) {
			c.TargetUnits, c.PublishedAt, c.OpensAt, c.ClosesAt = 10, began, began.Add(-time.Hour), began.Add(time.Hour)
		})
		on := bus.NewLocal(bus.Options{})
		defer on.Close()
		board := campaigns.NewBoard(campaigns.BoardOptions{Store: db.Campaigns(), Encode: form})
		must(t, board.Listen(on))
		book := campaigns.NewBook(campaigns.Options{Store: s.store, Bus: on})
		defer func() { must(t, book.Stop(context.Background())) }()
		test(s, board, book)
	})
}

// reserved is what a frame or a body says.
func reserved(t testing.TB, body []byte) int64 {
	t.Helper()
	var said struct{ Reserved int64 }
	must(t, json.Unmarshal(body, &said))
	return said.Reserved
}

// A flash sale of an order every 10 ms is two frames a second for who watches, and
// the last frame is the truth.
func TestABoardShowsTwoFramesASecondAndTheLastOneIsTrue(t *testing.T) {
	onBoard(t, func(s *shop, board *campaigns.Board, book *campaigns.Book) {
		frame := get(board.Frame(ctx, s.ID))(s.t)
		frames := 0
		watched := make(chan struct{})
		watching, leave := context.WithCancel(ctx)
		go func() {
			defer close(watched)
			for {
				select {
				case <-frame.Next:
				case <-watching.Done():
					return
				}
				next, err := board.Frame(ctx, s.ID)
				if err != nil {
					s.t.Error(err)
					return
				}
				frame = next
				frames++
			}
		}()
		const seconds, orders = 5, 500
		for i := range orders {
			get(book.Do(ctx, s.wish(fmt.Sprint("b", i), 1)))(s.t)
			time.Sleep(seconds * time.Second / orders)
		}
		time.Sleep(campaigns.BoardPause)
		synctest.Wait()
		leave()
		<-watched
		if most := int(seconds*time.Second/campaigns.BoardPause) + 2; frames > most || frames < most-4 {
			s.t.Errorf("%d frames in %d seconds, want two a second", frames, seconds)
		}
		same(s.t, reserved(s.t, frame.Bytes), int64(orders))
		// Who watches no more holds nothing up: there is a next frame for the others.
		get(book.Do(ctx, s.wish("after", 1)))(s.t)
		time.Sleep(campaigns.BoardPause)
		synctest.Wait()
		same(s.t, reserved(s.t, get(board.Frame(ctx, s.ID))(s.t).Bytes), int64(orders+1))
	})
}

// A body is shared for a second, then its time is made new; its tag stays as long as
// it says the same.
func TestABodyIsAtMostASecondOldAndKeepsItsTag(t *testing.T) {
	onBoard(t, func(s *shop, board *campaigns.Board, book *campaigns.Book) {
		first := get(board.Body(ctx, s.ID))(s.t)
		time.Sleep(999 * time.Millisecond)
		if again := get(board.Body(ctx, s.ID))(s.t); again != first {
			s.t.Error("within a second the body was made anew")
		}
		time.Sleep(time.Millisecond)
		later := get(board.Body(ctx, s.ID))(s.t)
		if !later.At.After(first.At) || later.Tag[0] != first.Tag[0] {
			s.t.Errorf("after a second: at %s with tag %s, before %s with %s", later.At, later.Tag, first.At, first.Tag)
		}
		get(book.Do(ctx, s.wish("ann", 3)))(s.t)
		synctest.Wait()
		told := get(board.Body(ctx, s.ID))(s.t) // at once, though no second has passed
		if told.Tag[0] == first.Tag[0] || reserved(s.t, told.Bytes) != 3 {
			s.t.Errorf("after an order: %s with tag %s", told.Bytes, told.Tag)
		}
	})
}

// What the bus did not tell of, such as the commit of a node that died, is found by
// a look at the store every two seconds.
func TestABoardFindsWhatItWasNotTold(t *testing.T) {
	onBoard(t, func(s *shop, board *campaigns.Board, _ *campaigns.Book) {
		same(s.t, reserved(s.t, get(board.Body(ctx, s.ID))(s.t).Bytes), int64(0))
		s.at = time.Now()
		s.order("ann", 2) // by nobody's book
		time.Sleep(1900 * time.Millisecond)
		get(board.Body(ctx, s.ID))(s.t)
		synctest.Wait()
		same(s.t, reserved(s.t, get(board.Body(ctx, s.ID))(s.t).Bytes), int64(0))
		time.Sleep(200 * time.Millisecond)
		get(board.Body(ctx, s.ID))(s.t) // has it look; nobody waits for that
		synctest.Wait()
		time.Sleep(time.Second)
		same(s.t, reserved(s.t, get(board.Body(ctx, s.ID))(s.t).Bytes), int64(2))
	})
}
