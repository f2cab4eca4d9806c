package suite

import (
	"bytes"
	"context"
	"errors"
	"os"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/proofmark/proofmark/certification/suite/bench"
	"github.com/proofmark/proofmark/miot"
)

// smallDisk is a file on a disk that has room for so many lines.
type smallDisk struct {
	*os.File
	room int
}

func (d *smallDisk) Write(b []byte) (int, error) {
	if d.room -= bytes.Count(b, []byte("\n")); d.room < 0 {
		return 0, &os.PathError{Op: "write", Path: d.Name(), Err: syscall.ENOSPC}
	}
	return d.File.Write(b)
}

func TestFullDiskEndsTheRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := Setup{
			Dir: Folder(t.TempDir()), Spec: miot.Sample("lamp"), DID: "d-1",
			Declaration: Conforming(sampleSpec(t, "lamp"), "d-1"), Cases: []string{"DECL"},
		}
		s.create = func(n int) (evidence, error) {
			f, err := s.Dir.create(n)
			if err != nil {
				return nil, err
			}
			return &smallDisk{f.(*os.File), 6}, nil //nolint:forcetypeassert // it is what create returns
		}
		rep, err := Live(t.Context(), s)
		if !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), "the evidence is incomplete") {
			t.Errorf("error %v", err)
		}
		if rep == nil || len(rep.Missing) == 0 || rep.Summarize().ExitCode() != ExitOpen {
			t.Fatalf("%+v", rep.Summarize())
		}
		segments, err := s.Dir.Segments()
		if err != nil {
			t.Fatal(err)
		}
		if len(segments[0].Records) != len(rep.Segments[0]) {
			t.Errorf("judged by %d records, kept %d", len(rep.Segments[0]), len(segments[0].Records))
		}
	})
}

func TestNoRoomForTheHeader(t *testing.T) {
	s := Setup{
		Dir: Folder(t.TempDir()), Spec: miot.Sample("lamp"), DID: "d-1",
		Declaration: Conforming(sampleSpec(t, "lamp"), "d-1"), Cases: []string{"DECL"},
	}
	s.create = func(n int) (evidence, error) {
		f, err := s.Dir.create(n)
		return &smallDisk{f.(*os.File), 0}, err //nolint:forcetypeassert // it is what create returns
	}
	if rep, err := Live(t.Context(), s); rep != nil || !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("report %v, error %v", rep, err)
	}
}

// What a device sends without end must not fill the memory.
func TestFloodEndsTheRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := Setup{
			Dir: Folder(t.TempDir()), Spec: miot.Sample("lamp"), DID: "d-1", Declaration: Conforming(sampleSpec(t, "lamp"), "d-1"),
			Cases: []string{"READ-01"}, Secrets: map[string]string{"factory": "secret-1"}, most: 500,
		}
		s.Attach = func(ctx context.Context, b *bench.Bench) error {
			for ctx.Err() == nil {
				if conn, err := b.Dial(ctx); err == nil {
					_ = conn.Close()
				}
				time.Sleep(5 * time.Millisecond)
			}
			return nil
		}
		rep, err := Live(t.Context(), s)
		if !errors.Is(err, ErrFlood) || rep == nil || rep.Summarize().ExitCode() != ExitOpen {
			t.Errorf("error %v", err)
		}
	})
}
