package transcript

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
)

// Hex is bytes that are written as hexadecimal text, which people can compare.
type Hex []byte

// MarshalJSON writes the bytes as text.
func (h Hex) MarshalJSON() ([]byte, error) { return json.Marshal(hex.EncodeToString(h)) }

// UnmarshalJSON reads them back.
func (h *Hex) UnmarshalJSON(b []byte) error {
	var s string
	if err := json.Unmarshal(b, &s); err != nil {
		return err
	}
	raw, err := hex.DecodeString(s)
	if err != nil {
		return fmt.Errorf("raw bytes: %w", err)
	}
	*h = raw
	return nil
}
