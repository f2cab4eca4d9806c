package virtual

import (
	"cmp"
	"encoding/json"
	"fmt"
	"time"

	"github.com/proofmark/proofmark/miot"
)

// maxSecret bounds what config_key takes; a gateway's own are 256 bits.
const maxSecret = 128

// netif is part of miIO.info.
type netif struct {
	LocalIP string `json:"localIp"`
	Mask    string `json:"mask"`
	Gateway string `json:"gw"`
}

// info answers miIO.info. life is the uptime in seconds, by which a bench sees a reboot.
func (d *Device) info(request miot.Request, now time.Time) []byte {
	h := hash(d.cfg.DID)
	var key string
	if d.cfg.Behaviour.TellsKey {
		key = d.key
	}
	return respond(request.ID, struct {
		Model    string `json:"model"`
		Firmware string `json:"fw_ver"`
		Hardware string `json:"hw_ver"`
		MAC      string `json:"mac"`
		Life     int64  `json:"life"`
		Netif    netif  `json:"netif"`
		Key      string `json:"key,omitempty"` // of a mutant
	}{
		Model: d.cfg.Model, Firmware: d.version, Hardware: cmp.Or(d.cfg.Hardware, "virtual"),
		// 02 marks an address that no maker was given.
		MAC:   fmt.Sprintf("02:%02X:%02X:%02X:%02X:%02X", byte(h), byte(h>>8), byte(h>>16), byte(h>>24), byte(h>>32)),
		Key:   key,
		Life:  int64(now.Sub(d.booted) / time.Second),
		Netif: netif{LocalIP: fmt.Sprintf("192.0.2.%d", h%253+2), Mask: "255.255.255.0", Gateway: "192.0.2.1"},
	})
}

// configKey answers miIO.config_key: the device logs in with the new secret from now on, beginning at once, for the old one stays
// valid until then. It never goes back to the old one by itself: a device that tries credentials in turn fails CONN-07.
func (d *Device) configKey(request miot.Request, now time.Time) []byte {
	var params struct {
		Secret string `json:"secret"`
	}
	if err := json.Unmarshal(request.Params, &params); err != nil || params.Secret == "" || len(params.Secret) > maxSecret {
		return refuse(request.ID, miot.CodeInvalidParams, "params: needs {secret} of 1 to %d bytes", maxSecret)
	}
	d.key = params.Secret
	d.observe(Observation{Kind: Rekeyed, ID: request.ID})
	d.order(reconnect, now)
	return ok(request.ID)
}

// restore answers miIO.restore: settings, owner and configured secret are gone, the factory identity stays.
func (d *Device) restore(request miot.Request, now time.Time) []byte {
	d.forgetOwner()
	d.observe(Observation{Kind: Restored, ID: request.ID})
	d.order(reboot, now)
	return ok(request.ID)
}

// identify fills in device-information, the service in which a device names itself.
func (d *Device) identify() {
	for i, t := range d.tables {
		model, serial := d.cfg.Model, d.cfg.Serial
		if i > 0 {
			serial = "SN-" + t.did
			if urn, err := t.plan.rules.Spec().URN(); err == nil {
				model = urn.Model
			}
		}
		for slot := range t.plan.slots {
			rule := t.plan.slots[slot].rule
			if rule.SIID != 1 || rule.Format != miot.FormatString {
				continue
			}
			switch rule.Name {
			case "manufacturer":
				t.put(slot, miot.StringValue(d.cfg.Manufacturer))
			case "model":
				t.put(slot, miot.StringValue(model))
			case "serial-number":
				t.put(slot, miot.StringValue(serial))
			case "firmware-revision":
				t.put(slot, miot.StringValue(d.version))
			}
		}
	}
}

func ok(id int64) []byte { return respond(id, "ok") }

func respond(id int64, result any) []byte {
	raw, err := json.Marshal(result)
	if err != nil {
		return refuse(id, miot.CodeInternal, "%s", err)
	}
	return miot.Answer(id, raw).Payload()
}
