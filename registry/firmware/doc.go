// Package firmware brings new firmware to delivered devices, a few first.
//
// It owns the images of a product, their rollouts, and what each device makes of
// them. It refuses to offer an image that its vendor did not sign, that no active
// certificate of the model names, that is for other hardware, or that is older than
// what a device runs, unless somebody rolls back.
//
// The flow:
//
//	Announce: the vendor's signed manifest → Keep: the bytes, which must be those
//	Start → enlist the devices → wave 1 % → 10 % → 50 % → 100 %
//	each second, by one node: Drive → gate → due devices: miIO.ota, state, progress → Judge(tally)
//	device → GET /firmware/TOKEN (its own, for this offer) → installs → reboots → miIO.info says the version
//
// Everything that was decided stands in the store before a device is asked, so that
// a node that dies leaves nothing behind that another could not go on with.
// docs/decisions/0024-firmware-in-waves.md has the reasons.
package firmware
