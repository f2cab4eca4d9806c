package wire_test

import (
	"errors"
	"testing"

	"github.com/proofmark/proofmark/internal/bench/wire"
)

func TestOnlyLoopbackIsAnAddress(t *testing.T) {
	for url, want := range map[string]string{
		"mqtt://127.0.0.1:1884":  "127.0.0.1:1884",
		"mqtt://127.0.0.1:1884/": "127.0.0.1:1884",
		"tcp://127.9.9.9":        "127.9.9.9:1883",
		"localhost":              "127.0.0.1:1883",
		"[::1]:1885":             "[::1]:1885",
	} {
		if addr, err := wire.Loopback(url); err != nil || addr.String() != want {
			t.Errorf("%s is %v, %v; want %s", url, addr, err, want)
		}
	}
	for _, url := range []string{"mqtt://192.0.2.1:1883", "mqtt://0.0.0.0:1883", "broker.example:1883", "[2001:db8::1]:1883", ""} {
		if _, err := wire.Loopback(url); !errors.Is(err, wire.ErrNotLoopback) {
			t.Errorf("%q: %v; want it refused as not loopback", url, err)
		}
	}
	for _, url := range []string{"mqtts://127.0.0.1:8883", "http://127.0.0.1", "127.0.0.1:0", "127.0.0.1:99999"} {
		if addr, err := wire.Loopback(url); err == nil {
			t.Errorf("%q is %v; want it refused", url, addr)
		}
	}
}
