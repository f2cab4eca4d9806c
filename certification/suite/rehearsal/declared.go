package rehearsal

import (
	"encoding/json"
	"fmt"

	"github.com/proofmark/proofmark/certification/suite"
	"github.com/proofmark/proofmark/certification/virtual"
)

// Declared makes a device behave as its declaration says where the protocol
// leaves it a choice: what a state bars, what is answered before it is done, how
// long texts may be, what provokes an event.
func Declared(c *virtual.Config, d *suite.Declaration) error {
	c.Deferred, c.MaxTexts = d.Deferred, d.MaxString
	if err := translate(d.Exclusions, &c.Exclusions); err != nil {
		return fmt.Errorf("rehearsal: exclusions: %w", err)
	}
	if err := translate(d.Events, &c.Recipes); err != nil {
		return fmt.Errorf("rehearsal: events: %w", err)
	}
	return nil
}

// translate goes by JSON, which the two have in common.
func translate(from, to any) error {
	raw, err := json.Marshal(from)
	if err != nil {
		return err
	}
	return json.Unmarshal(raw, to)
}
