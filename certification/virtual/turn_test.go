package virtual_test

import (
	"testing"

	"github.com/proofmark/proofmark/certification/virtual"
	"github.com/proofmark/proofmark/miot"
)

// turn is somebody at the knob.
func turn(t *testing.T, d *virtual.Device, siid, piid int, v miot.Value) {
	t.Helper()
	if err := d.Set(siid, piid, v); err != nil {
		t.Error(err)
	}
}
