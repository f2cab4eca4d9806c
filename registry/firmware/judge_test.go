package firmware_test

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/proofmark/proofmark/registry/firmware"
)

func TestJudge(t *testing.T) {
	w := firmware.Wave{Share: 1000, Seconds: 3600, Sample: 20, MaxFailed: 0.02, MaxOffline: 0.05}
	last := w
	last.Share = firmware.Whole
	for _, c := range []struct {
		name  string
		tally firmware.Tally
		wave  firmware.Wave
		since time.Duration
		want  string // "next", "stop" or "wait"
	}{
		{"nothing yet", firmware.Tally{Waiting: 100}, w, 2 * time.Hour, "wait"},
		{"too soon", firmware.Tally{Done: 100}, w, time.Hour - 1, "wait"},
		{"enough, and in time", firmware.Tally{Waiting: 80, Done: 20}, w, time.Hour, "next"},
		{"all of a wave that has fewer than the sample", firmware.Tally{Done: 3}, w, time.Hour, "next"},
		{"the first device fails", firmware.Tally{Waiting: 99, Failed: 1}, w, time.Minute, "stop"},
		{"one of ten fails", firmware.Tally{Waiting: 90, Done: 9, Failed: 1}, w, time.Hour, "wait"},
		{"one of fifty", firmware.Tally{Done: 49, Failed: 1}, w, time.Hour, "next"},
		{"five of fifty", firmware.Tally{Done: 45, Failed: 5}, w, time.Hour, "stop"},
		{"updated ones are offline, others are not", firmware.Tally{Done: 50, DoneOffline: 10, Others: 500}, w, time.Hour, "stop"},
		{"everybody is offline: it is the night", firmware.Tally{Done: 50, DoneOffline: 10, Others: 500, OthersOffline: 110}, w, time.Hour, "next"},
		{"the last wave waits for all", firmware.Tally{Waiting: 1, Done: 99}, last, 3 * time.Hour, "wait"},
		{"and ends with them", firmware.Tally{Done: 100}, last, 3 * time.Hour, "next"},
	} {
		v := firmware.Judge(c.tally, c.wave, c.since)
		got := "wait"
		switch {
		case v.Stop != "":
			got = "stop"
		case v.Next:
			got = "next"
		}
		if got != c.want || got == "wait" && v.Wait == "" {
			t.Errorf("%s: %s, want %s: %+v", c.name, got, c.want, v)
		}
	}
}

func TestCompareVersions(t *testing.T) {
	order := []string{"0.9", "1.0", "1.0.rc1", "1.0.0", "1.0.1", "1.2.9", "1.2.10", "2", "10.0"}
	for i := range order {
		for j := range order {
			if got := firmware.CompareVersions(order[i], order[j]); got < 0 != (i < j) || got > 0 != (i > j) {
				t.Errorf("%s against %s: %d", order[i], order[j], got)
			}
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		version := rapid.StringMatching(`[0-9a-c]{1,2}([.-][0-9a-c]{1,2}){0,3}`)
		v := []string{version.Draw(t, "a"), version.Draw(t, "b"), version.Draw(t, "c")}
		slices.SortFunc(v, firmware.CompareVersions)
		if firmware.CompareVersions(v[0], v[2]) > 0 || firmware.CompareVersions(v[0], v[1]) != -firmware.CompareVersions(v[1], v[0]) && firmware.CompareVersions(v[0], v[1])*firmware.CompareVersions(v[1], v[0]) >= 0 {
			t.Fatalf("no order: %v", v)
		}
	})
}

func FuzzReadManifest(f *testing.F) {
	f.Add([]byte(`{"model":"aurora-pure1","version":"1.1.0","sha256":"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855","size":7,"hardware":["A"]}`))
	f.Add([]byte(`{"size":1e400}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		m, err := firmware.ReadManifest(raw)
		if err == nil && (m.Version == "" || len(m.SHA256) != 64 || m.Size < 1 || len(m.Hardware) == 0) {
			t.Errorf("%q gives %+v", raw, m)
		}
	})
}
