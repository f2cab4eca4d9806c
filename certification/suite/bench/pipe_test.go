package bench

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

func TestPipeIsBuffered(t *testing.T) {
	a, b := newPipe()
	if n, err := a.Write([]byte("hello")); n != 5 || err != nil {
		t.Fatal(n, err)
	}
	_ = a.Close()
	if got, err := io.ReadAll(b); string(got) != "hello" || err != nil {
		t.Errorf("read %q, %v", got, err)
	}
	if _, err := a.Read(make([]byte, 1)); !errors.Is(err, net.ErrClosed) {
		t.Errorf("read of what is closed: %v", err)
	}
	if _, err := a.Write([]byte{1}); !errors.Is(err, net.ErrClosed) {
		t.Errorf("write of what is closed: %v", err)
	}
	if n, err := b.Write([]byte{1}); n != 1 || err != nil {
		t.Errorf("first write to what is closed: %d, %v", n, err)
	}
	if _, err := b.Write([]byte{1}); !errors.Is(err, syscall.EPIPE) {
		t.Errorf("second write to what is closed: %v", err)
	}
}

func TestPipeWaitsWhenItIsFull(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := newPipe()
		large := bytes.Repeat([]byte("0123456789"), pipeBuffer/5)
		done := make(chan int)
		go func() {
			n, err := a.Write(large)
			if err != nil {
				t.Error(err)
			}
			done <- n
		}()
		synctest.Wait()
		select {
		case <-done:
			t.Error("a full pipe took everything")
		default:
		}
		got := make([]byte, len(large))
		if _, err := io.ReadFull(b, got); err != nil || !bytes.Equal(got, large) {
			t.Errorf("read something else: %v", err)
		}
		if n := <-done; n != len(large) {
			t.Errorf("wrote %d of %d", n, len(large))
		}
	})
}

func TestPipeDeadlines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := newPipe()
		began := time.Now()
		_ = a.SetDeadline(began.Add(time.Second))
		if _, err := a.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) || time.Since(began) != time.Second {
			t.Errorf("read: %v after %s", err, time.Since(began))
		}
		var timeout net.Error
		_, err := a.Write([]byte{1})
		if !errors.As(err, &timeout) || !timeout.Timeout() {
			t.Errorf("write: %v, needs a time-out", err)
		}
		_ = a.SetWriteDeadline(time.Now().Add(time.Second))
		if n, err := a.Write(make([]byte, 2*pipeBuffer)); n != pipeBuffer || !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("write: %d, %v", n, err)
		}
		_ = a.SetDeadline(time.Time{})
		// A deadline that is set while somebody waits.
		go func() {
			time.Sleep(time.Second)
			_ = a.SetReadDeadline(time.Now())
		}()
		if _, err := a.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("read: %v", err)
		}
		_ = b.Close()
	})
}

func TestPipeReset(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := newPipe()
		_, _ = a.Write([]byte("lost"))
		failed := make(chan error)
		go func() {
			_, err := a.Read(make([]byte, 1))
			failed <- err
		}()
		synctest.Wait()
		b.Reset()
		_ = b.Close()
		if err := <-failed; !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("read: %v", err)
		}
		if _, err := a.Write([]byte{1}); !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("write: %v", err)
		}
		if n, err := b.Read(make([]byte, 1)); n != 0 || err == nil {
			t.Errorf("read of what was reset: %d, %v", n, err)
		}
	})
}
