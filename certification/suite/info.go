package suite

import (
	"encoding/json"

	"github.com/proofmark/proofmark/miot"
)

// deviceInfo is a part of what miIO.info answers.
type deviceInfo struct {
	Model    string   `json:"model"`
	Firmware string   `json:"fw_ver"`
	MAC      string   `json:"mac"`
	Life     *float64 `json:"life"` // seconds since it booted
}

// info is what the device says about itself; nil when it does not.
func (t *T) info() *deviceInfo {
	r := t.Ask(miot.MethodInfo, nil)
	if r.R == nil || r.R.Error != nil {
		return nil
	}
	info := new(deviceInfo)
	if json.Unmarshal(r.R.Result, info) != nil {
		return nil
	}
	return info
}
