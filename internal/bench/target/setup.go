package target

import (
	"fmt"
	"os"
	"os/exec"
	"time"
)

// MaxTime bounds every bench.
const MaxTime = time.Hour

// whole is how long a bench takes when nothing is said, all of it: under the 50 s of design §10.
const whole = 45 * time.Second

// Setup is what every bench that compares targets can be told. The zero value compares the gateway on SQLite with bare mochi
// and, where it is installed, mosquitto.
type Setup struct {
	Targets  []string      // names; the first is the subject of the medians and ratios
	Time     time.Duration // of the whole bench
	Binary   string        // proofmark itself, for the targets it starts; the running program when empty
	URL      string        // a broker that runs already
	Username string        // for URL; {did} stands for the device's did
	Password string
	Database string // postgres://… for the gateway on PostgreSQL
	Spec     []byte // of the devices; the sample air purifier when empty

	Log func(format string, args ...any) // progress; nil for none
}

// Complete fills in what was not said and reads the spec.
func (s *Setup) Complete() (Sample, error) {
	if len(s.Targets) == 0 {
		s.Targets = s.standard()
	}
	if s.Time == 0 {
		s.Time = whole
	}
	if s.Time < time.Second || s.Time > MaxTime {
		return Sample{}, fmt.Errorf("seconds %g: it must be 1–%g", s.Time.Seconds(), MaxTime.Seconds())
	}
	if s.Log == nil {
		s.Log = func(string, ...any) {}
	}
	var err error
	if s.Binary, err = Self(s.Binary); err != nil {
		return Sample{}, err
	}
	return SampleOf(s.Spec)
}

// Self is the program to start as a child: the one that was named, or this one.
func Self(binary string) (string, error) {
	if binary != "" {
		return binary, nil
	}
	binary, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("the program to start as a child: %w", err)
	}
	return binary, nil
}

// standard is the targets of a bench that was told none: with a URL that broker, with a database the gateway on it beside the
// one on SQLite.
func (s *Setup) standard() []string {
	names := []string{Gateway}
	if s.URL != "" {
		names = []string{URL}
	} else if s.Database != "" {
		names = []string{GatewayPostgres, Gateway}
	}
	names = append(names, Mochi)
	if _, err := exec.LookPath("mosquitto"); err == nil {
		names = append(names, Mosquitto)
	}
	return names
}
