package id_test

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/proofmark/proofmark/internal/id"
)

func TestNewIsValid(t *testing.T) {
	for _, prefix := range []string{"a", "dev", "ord", "twelveletter"} {
		s := id.New(prefix)
		if err := id.Valid(prefix, s); err != nil {
			t.Errorf("New(%q) = %q: %v", prefix, s, err)
		}
	}
}

func TestIdsOfOneProcessSortByTheirMaking(t *testing.T) {
	ids := make([]string, 20_000)
	for i := range ids {
		ids[i] = id.New("dev")
	}
	for i := 1; i < len(ids); i++ {
		if ids[i-1] >= ids[i] {
			t.Fatalf("id %d is %s, not after its predecessor %s", i, ids[i], ids[i-1])
		}
	}
}

// Ids of several processes are ordered by the clock: k-sorted, k being what is
// made in one millisecond. The first 48 bits of the UUID are that clock.
func TestIdsCarryTheTimeOfTheirMaking(t *testing.T) {
	before := time.Now().Truncate(time.Millisecond)
	_, u, err := id.Parse(id.New("dev"))
	if err != nil {
		t.Fatal(err)
	}
	sec, nsec := u.Time().UnixTime()
	made := time.Unix(sec, nsec)
	// Strict order is bought by running ahead of the clock after a burst.
	if made.Before(before) || made.After(time.Now().Add(time.Second)) {
		t.Errorf("the id says it was made at %v, want between %v and now", made, before)
	}
}

func TestAFloorStandsUnderTheIdsOfItsTime(t *testing.T) {
	before := id.New("dev")
	_, u, err := id.Parse(before)
	if err != nil {
		t.Fatal(err)
	}
	made := time.Unix(u.Time().UnixTime())
	for at, above := range map[time.Time]bool{made.Add(-time.Hour): true, made: true, made.Add(2 * time.Millisecond): false, {}: true} {
		floor := id.Floor("dev", at)
		if above != (before >= floor) {
			t.Errorf("%s and the floor %s of %v", before, floor, at)
		}
		if err := id.Valid("dev", floor); err != nil {
			t.Error(err)
		}
	}
}

func TestIdsMadeAtOnceAreDistinct(t *testing.T) {
	const workers, each = 8, 2000
	lists := make([][]string, workers)
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for range each {
				lists[w] = append(lists[w], id.New("dev"))
			}
		})
	}
	wg.Wait()
	all := slices.Concat(lists...)
	slices.Sort(all)
	if n := len(slices.Compact(all)); n != workers*each {
		t.Errorf("%d distinct ids, want %d", n, workers*each)
	}
}

func TestRejected(t *testing.T) {
	const v7 = "0199f0c2-5a3e-7c41-9a55-0d8f3b6c2e17"
	cases := map[string]string{
		"empty":               "",
		"no prefix":           v7,
		"empty prefix":        "_" + v7,
		"upper-case prefix":   "Dev_" + v7,
		"digit in the prefix": "d3v_" + v7,
		"long prefix":         "thirteenchars_" + v7,
		"no uuid":             "dev_",
		"upper-case uuid":     "dev_" + strings.ToUpper(v7),
		"braces":              "dev_{" + v7 + "}",
		"urn":                 "dev_urn:uuid:" + v7,
		"no dashes":           "dev_" + strings.ReplaceAll(v7, "-", ""),
		"version 4":           "dev_0199f0c2-5a3e-4c41-9a55-0d8f3b6c2e17",
		"foreign variant":     "dev_0199f0c2-5a3e-7c41-ca55-0d8f3b6c2e17",
		"not hexadecimal":     "dev_0199f0c2-5a3e-7c41-9a55-0d8f3b6c2e1z",
		"trailing space":      "dev_" + v7 + " ",
		"another kind":        "ord_" + v7,
		"very long":           "dev_" + strings.Repeat("0", 1<<20),
	}
	for name, s := range cases {
		t.Run(name, func(t *testing.T) {
			err := id.Valid("dev", s)
			if !errors.Is(err, id.ErrInvalid) {
				t.Fatalf("Valid(dev, %.60q) = %v, want ErrInvalid", s, err)
			}
			if len(err.Error()) > 300 {
				t.Errorf("the error has %d characters: it repeats what it was given", len(err.Error()))
			}
		})
	}
	if err := id.Valid("dev", "dev_"+v7); err != nil {
		t.Errorf("a good id: %v", err)
	}
}

func TestNewRefusesABadPrefix(t *testing.T) {
	for _, prefix := range []string{"", "Dev", "a_b", "thirteenchars"} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("New(%q) did not panic", prefix)
				}
			}()
			id.New(prefix)
		}()
	}
}

func FuzzParse(f *testing.F) {
	f.Add("dev_0199f0c2-5a3e-7c41-9a55-0d8f3b6c2e17")
	f.Add("_")
	f.Fuzz(func(t *testing.T, s string) {
		prefix, u, err := id.Parse(s)
		if err == nil && prefix+"_"+u.String() != s {
			t.Errorf("Parse(%q) accepted a second spelling of %s_%s", s, prefix, u)
		}
	})
}

func BenchmarkNew(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		id.New("dev")
	}
}
