package virtual_test

import (
	"context"
	"crypto/ed25519"
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/proofmark/proofmark/certification/virtual"
	"github.com/proofmark/proofmark/miot"
)

// passwords are those of all logins so far.
func (b *bench) passwords() (list []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, l := range b.logins {
		list = append(list, l.password)
	}
	return list
}

func TestConfiguredKeyAndRestore(t *testing.T) {
	inBubble(t, virtual.Config{}, func(t *testing.T, b *bench, d *virtual.Device) {
		r := b.ask("lamp-1", miot.Call(0, miot.MethodConfigKey, json.RawMessage(`{"secret":"second"}`)))
		if string(r.Result) != `"ok"` {
			t.Fatalf("config_key: %s", r.Payload())
		}
		time.Sleep(3 * time.Second)
		if got := b.passwords(); !slices.Equal(got, []string{"factory", "second"}) {
			t.Fatalf("logins with %q", got)
		}
		if r := b.ask("lamp-1", miot.Call(0, miot.MethodConfigKey, json.RawMessage(`{"secret":""}`))); r.Error == nil || r.Error.Code != miot.CodeInvalidParams {
			t.Errorf("an empty secret was taken: %s", r.Payload())
		}
		b.forget()
		b.set(func(b *bench) { b.refuse = true })
		b.drop()
		time.Sleep(10 * time.Minute)
		for _, p := range b.passwords() {
			if p != "second" {
				t.Errorf("after a refusal it tried %q", p)
			}
		}
		b.set(func(b *bench) { b.refuse = false })
		time.Sleep(3 * time.Minute)
		turn(t, d, 2, 2, miot.UintValue(13))
		if r := b.ask("lamp-1", miot.Call(0, miot.MethodRestore, nil)); string(r.Result) != `"ok"` {
			t.Fatalf("restore: %s", r.Payload())
		}
		b.forget()
		time.Sleep(15 * time.Second)
		if got := b.passwords(); !slices.Equal(got, []string{"factory"}) {
			t.Errorf("after restore it logged in with %q", got)
		}
		if raw, _ := b.value("lamp-1", 2, 2); raw != "80" {
			t.Errorf("after restore brightness is %s, needs its first value 80", raw)
		}
	})
}

func TestPowerCycle(t *testing.T) {
	inBubble(t, virtual.Config{}, func(t *testing.T, b *bench, d *virtual.Device) {
		for range 5 {
			turn(t, d, 2, 2, miot.UintValue(17))
			time.Sleep(2 * time.Second)
			heard := b.heard()
			before := heard[len(heard)-1].report.ID
			b.forget()
			d.PowerCycle(5 * time.Second)
			time.Sleep(4 * time.Second)
			if n := len(b.passwords()); n != 0 {
				t.Error("it logged in without power")
			}
			time.Sleep(3 * time.Second)
			if raw, _ := b.value("lamp-1", 2, 2); raw != "17" {
				t.Errorf("after the power cut brightness is %q", raw)
			}
			if after := b.heard()[0].report.ID; after == before+1 {
				t.Error("report ids went on counting")
			}
		}
	})
}

func TestEventsKeepTheirTimeThroughAnOutage(t *testing.T) {
	inBubble(t, virtual.Config{}, func(t *testing.T, b *bench, d *virtual.Device) {
		b.set(func(b *bench) { b.down = true })
		b.drop()
		b.forget()
		var fired []int64
		for range 5 {
			time.Sleep(10 * time.Second)
			fired = append(fired, time.Now().UnixMilli())
			if err := d.Fire(2, 1); err != nil {
				t.Fatal(err)
			}
		}
		b.set(func(b *bench) { b.down = false })
		time.Sleep(3 * time.Minute)
		var told []int64
		for _, p := range b.heard() {
			if p.report.Method == miot.MethodEventOccured {
				told = append(told, *p.report.TS)
			}
		}
		if !slices.Equal(told, fired) {
			t.Errorf("events of %v were told as of %v", fired, told)
		}
	})
}

func TestRetainedRequestIsIgnored(t *testing.T) {
	inBubble(t, virtual.Config{}, func(t *testing.T, b *bench, d *virtual.Device) {
		set := miot.SetProperties(5, []miot.PropertyValue{{DID: "lamp-1", SIID: 2, PIID: 2, Value: []byte("3")}})
		b.drop()
		if err := b.server.Publish("device/lamp-1/down/request", set.Payload(), true, 1); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Second)
		if v, _ := d.Value(2, 2); v.Equal(miot.IntValue(3)) {
			t.Error("a retained request acted")
		}
	})
}

// download stands for the maker's server: what it gives is set by each case.
type download struct {
	data []byte
	err  error
	at   int // of how many fetches
}

func (f *download) fetch(ctx context.Context, _ string) ([]byte, error) {
	f.at++
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-time.After(3 * time.Second):
	}
	return f.data, f.err
}

func TestFirmwareUpdate(t *testing.T) {
	public, private, _ := ed25519.GenerateKey(nil)
	_, stranger, _ := ed25519.GenerateKey(nil)
	image := func(version string, key ed25519.PrivateKey) []byte {
		return virtual.SealImage(virtual.Image{Model: "proof-lamp1", Version: version, Body: []byte("code")}, key)
	}
	flipped := image("2.0.0", private)
	flipped[len(flipped)-1] ^= 1
	for _, c := range []struct {
		sentence, state, version string
		serve, announce          []byte
		err                      error
	}{
		{"a good image is installed", "idle", "2.0.0", image("2.0.0", private), nil, nil},
		{"an image with one bit flipped is refused", "failed", "1.5.0", flipped, image("2.0.0", private), nil},
		{"so is one whose hash was announced so", "failed", "1.5.0", flipped, nil, nil},
		{"an image of another key is refused", "failed", "1.5.0", image("2.0.0", stranger), nil, nil},
		{"an image below the security floor is refused", "failed", "1.5.0", image("1.1.9", private), nil, nil},
		{"an untrusted download is refused", "failed", "1.5.0", nil, image("2.0.0", private), virtual.ErrUntrusted},
	} {
		t.Run(c.sentence, func(t *testing.T) {
			server := &download{data: c.serve, err: c.err}
			cfg := virtual.Config{Firmware: "1.5.0", Fetch: server.fetch, FirmwareKey: public, FirmwareFloor: "1.2"}
			inBubble(t, cfg, func(t *testing.T, b *bench, d *virtual.Device) {
				turn(t, d, 2, 2, miot.UintValue(44))
				if r := offer(b, announced(c.announce, c.serve)); string(r.Result) != `"ok"` {
					t.Fatalf("offer: %s", r.Payload())
				}
				if r := offer(b, c.serve); r.Error == nil || r.Error.Code != miot.CodeState {
					t.Errorf("a second offer meanwhile: %s", r.Payload())
				}
				state(t, b, "downloading")
				time.Sleep(time.Minute)
				state(t, b, c.state)
				info := b.ask("lamp-1", miot.Call(0, miot.MethodInfo, nil))
				if !strings.Contains(string(info.Result), `"fw_ver":"`+c.version+`"`) || d.Firmware() != c.version {
					t.Errorf("info after the update: %s", info.Payload())
				}
				if v, _ := d.Value(2, 2); !v.Equal(miot.IntValue(44)) {
					t.Errorf("settings are gone: brightness %s", v)
				}
			})
		})
	}
	t.Run("a network that is gone for five minutes is waited for", func(t *testing.T) {
		server := &download{err: errors.New("no route")}
		cfg := virtual.Config{Fetch: server.fetch}
		inBubble(t, cfg, func(t *testing.T, b *bench, d *virtual.Device) {
			data := image("2.0.0", nil)
			offer(b, data)
			time.Sleep(5 * time.Minute)
			server.data, server.err = data, nil
			time.Sleep(time.Minute)
			if d.Firmware() != "2.0.0" {
				t.Errorf("firmware is %s after %d fetches", d.Firmware(), server.at)
			}
		})
	})
	t.Run("a power cut leaves the old version", func(t *testing.T) {
		data := image("2.0.0", nil)
		server := &download{data: data}
		inBubble(t, virtual.Config{Fetch: server.fetch}, func(t *testing.T, b *bench, d *virtual.Device) {
			for _, after := range []time.Duration{time.Second, 10 * time.Second, 18 * time.Second} {
				offer(b, data)
				time.Sleep(after)
				d.PowerCycle(5 * time.Second)
				time.Sleep(30 * time.Second)
				state(t, b, "idle")
				if d.Firmware() != "1.0.0" {
					t.Errorf("cut after %s: firmware is %s", after, d.Firmware())
				}
			}
		})
	})
}

func announced(other, served []byte) []byte {
	if other != nil {
		return other
	}
	return served
}

// offer announces the hashes of this image.
func offer(b *bench, image []byte) miot.Response {
	sum5, sum := md5.Sum(image), sha256.Sum256(image)
	params, _ := json.Marshal(map[string]string{
		"mode": "normal", "app_url": "https://ota.example/image", "proc": "dnld install",
		"file_md5": hex.EncodeToString(sum5[:]), "file_sha256": hex.EncodeToString(sum[:]),
	})
	return b.ask("lamp-1", miot.Call(0, miot.MethodOTA, params))
}

func state(t *testing.T, b *bench, want string) {
	t.Helper()
	if r := b.ask("lamp-1", miot.Call(0, miot.MethodOTAState, nil)); string(r.Result) != `"`+want+`"` {
		t.Errorf("state %s, want %s", r.Payload(), want)
	}
}
