package firmware

import (
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"time"

	"github.com/proofmark/proofmark/registry"
)

// RolloutState is where a rollout stands: preparing → running ⇄ paused;
// preparing | running | paused → stopped; running → done.
type RolloutState string

// The states of a rollout.
const (
	Preparing RolloutState = "preparing" // its devices are being enlisted
	Running   RolloutState = "running"
	Paused    RolloutState = "paused"  // nothing new is offered
	Stopped   RolloutState = "stopped" // for good: by somebody, or by itself; Reason says why
	Done      RolloutState = "done"    // nothing is left to offer
)

// Live says whether the rollout can still go on.
func (s RolloutState) Live() bool { return s == Preparing || s == Running || s == Paused }

// Rollout brings one image to the devices of its product.
type Rollout struct {
	ID      string `json:"id"` // rol_…
	Product string `json:"product"`
	Org     string `json:"org"`
	Image   string `json:"image"`
	Version string `json:"version"`
	Serial  string `json:"serial"`           // of the certificate on which it stands
	From    string `json:"from,omitempty"`   // a roll back: the version that its devices leave
	Undoes  string `json:"undoes,omitempty"` // a roll back: the rollout
	Waves   []Wave `json:"waves"`
	Wave    int    `json:"wave"` // the one under way, from 0

	WaveSince time.Time      `json:"wave_since,omitzero"`
	State     RolloutState   `json:"state"`
	Reason    string         `json:"reason,omitempty"` // of the state, in words
	Cursor    string         `json:"cursor,omitempty"` // enlisted up to this did
	Enlisted  int64          `json:"enlisted"`
	Skipped   map[string]int `json:"skipped,omitempty"` // devices left out, by why
	By        string         `json:"by"`
	At        time.Time      `json:"at"`
	EndedAt   time.Time      `json:"ended_at,omitzero"`
	Rev       int64          `json:"rev"`
}

// Wave is a share of the devices, and what must hold before the next one.
type Wave struct {
	Share      int     `json:"share"`       // of the devices, in hundredths of a percent: 100 is 1 %, 10,000 all
	Seconds    int     `json:"seconds"`     // since it began, at least
	Sample     int     `json:"sample"`      // devices that finished, at least; all of the wave where it has fewer
	MaxFailed  float64 `json:"max_failed"`  // rate of devices that failed
	MaxOffline float64 `json:"max_offline"` // rate of updated devices that are offline, beyond that of the others
}

// Whole is the Share of all devices.
const Whole = 10_000

// DefaultWaves are 1, 10, 50 and 100 %: a day each, 20 devices, at most 2 % failed
// and 5 % more offline than among the devices that were not updated.
var DefaultWaves = []Wave{
	{100, 86400, 20, 0.02, 0.05},
	{1000, 86400, 20, 0.02, 0.05},
	{5000, 86400, 20, 0.02, 0.05},
	{Whole, 0, 20, 0.02, 0.05},
}

// checkWaves holds what somebody wants to sense: growing shares that end with all,
// and no condition that says nothing.
func checkWaves(waves []Wave) error {
	last := 0
	for i, w := range waves {
		bad := func(what string, value any, rule string) error {
			return Refuse(ErrInvalid, "waves", "wave %d: %s is %v: want %s", i+1, what, value, rule)
		}
		switch {
		case w.Share <= last || w.Share > Whole:
			return bad("share", w.Share, "more than the wave before, at most 10000")
		case w.Seconds < 0 || w.Seconds > 90*86400:
			return bad("seconds", w.Seconds, "0 to 90 days")
		case w.Sample < 1 || w.Sample > 100_000:
			return bad("sample", w.Sample, "1 to 100000")
		case w.MaxFailed <= 0 || w.MaxFailed > 0.5:
			return bad("max_failed", w.MaxFailed, "above 0, at most 0.5")
		case w.MaxOffline <= 0 || w.MaxOffline > 0.5:
			return bad("max_offline", w.MaxOffline, "above 0, at most 0.5")
		}
		last = w.Share
	}
	if len(waves) == 0 || len(waves) > 10 || last != Whole {
		return Refuse(ErrInvalid, "waves", "there are %d waves, the last of %d: want 1 to 10, the last of 10000", len(waves), last)
	}
	return nil
}

// TargetState is where one device of a rollout stands: waiting ⇄ offered → done | failed.
type TargetState string

// The states of a device.
const (
	Waiting  TargetState = "waiting" // for its wave, its connect, or its next attempt
	Offered  TargetState = "offered" // it took the offer, and downloads or installs
	Updated  TargetState = "done"    // it said the version after its reboot
	GaveUp   TargetState = "failed"  // after Attempts
	Attempts             = 3
)

// Target is one device of a rollout.
type Target struct {
	Rollout   string
	DID       string
	State     TargetState
	Cohort    int // 0 to 9,999
	Attempt   int
	Refusals  int // how often it was busy since the last attempt
	DueAt     time.Time
	OfferedAt time.Time
	Token     string // SHA-256 of the one in its URL; empty: none is valid
	Progress  int    // percent, as the device says
	Reason    string // what went wrong last
	Before    string // the firmware it had
}

// cohort is the place of a device in the waves of an image: stable, so that waves
// only grow, and another one for each image, so that it is not the same homes that
// are first every time.
func cohort(did, sha string) int {
	sum := sha256.Sum256([]byte(did + " " + sha))
	return int(binary.BigEndian.Uint64(sum[:]) % Whole)
}

// eligible says why a device is left out; empty: it is not.
func (r *Rollout) eligible(d registry.Device, hardware []string) string {
	switch fw := d.Info.Firmware; {
	case d.Parent != "":
		return "sub-device" // its gateway updates it
	case fw == "" || d.Info.Hardware == "":
		return "unknown" // it has never said what it is
	case !slices.Contains(hardware, d.Info.Hardware):
		return "hardware"
	case fw == r.Version:
		return "up to date"
	case r.From != "" && fw != r.From:
		return "not concerned"
	case r.From == "" && CompareVersions(fw, r.Version) > 0:
		return "newer"
	}
	return ""
}
