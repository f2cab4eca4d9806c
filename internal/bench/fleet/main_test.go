package fleet_test

import (
	"testing"

	"github.com/proofmark/proofmark/internal/bench/benchtest"
)

func TestMain(m *testing.M) { benchtest.Main(m) }
