package suite

import "time"

// The limits of the OTA cases.
const (
	UpdateLimit    = 10 * time.Minute // from the offer to the new version
	PowerBackLimit = 5 * time.Minute  // online after a power cut during an update
	NetworkOff     = 5 * time.Minute
	UpdateAnswer   = 30 * time.Second // answers may come late while flash is written
	updatePoll     = time.Second
	powerOffFor    = 5 * time.Second
	// networkLossAt is in percent. A device may count the installation, too: half of the
	// whole is then after the download, which needs no network any more.
	networkLossAt    = 25
	progressPatience = 200 * time.Millisecond
)
