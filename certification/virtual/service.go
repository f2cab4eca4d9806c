package virtual

import "time"

// What a person does to a device with a tool or a key.

// Install puts a firmware version on the device as its maker's own tool does: no download, no check, settings kept.
func (d *Device) Install(version string) {
	d.mu.Lock()
	d.update.abandon()
	d.version = version
	d.identify()
	d.power.cut, d.power.off = true, rebootTime
	d.mu.Unlock()
	d.poke()
}

// PressReset is the key that does what miIO.restore does.
func (d *Device) PressReset() {
	d.mu.Lock()
	d.forgetOwner()
	d.observe(Observation{Kind: Restored})
	d.power.cut, d.power.off = true, rebootTime
	d.mu.Unlock()
	d.poke()
}

// forgetOwner is a factory reset: settings, owner and configured secret are gone, the factory identity stays.
func (d *Device) forgetOwner() {
	if !d.cfg.Behaviour.KeepsSecret {
		d.key = d.cfg.Secret
	}
	if !d.cfg.Behaviour.KeepsSettings {
		d.tables[0].reset()
	}
	d.identify()
	d.update.abandon()
}

// brickedFor is how long a mutant stays dead: longer than anybody waits for it (OTA-06).
const brickedFor = 20 * time.Minute
