package fleet_test

import (
	"strings"
	"testing"

	"github.com/proofmark/proofmark/internal/bench/fleet"
)

func TestBoundsOfTheFleet(t *testing.T) {
	_, err := fleet.Run(t.Context(), fleet.Options{Devices: 20_001})
	if err == nil || !strings.Contains(err.Error(), "devices 20001: it must be 1–19000") {
		t.Errorf("%v; want the devices and their bound", err)
	}
}
