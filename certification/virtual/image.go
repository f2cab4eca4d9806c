package virtual

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// imageMagic begins a virtual device's firmware. The second line is the header as JSON, what follows is the body.
const imageMagic = "proofmark-virtual-firmware\n"

// Image is a virtual device's firmware.
type Image struct {
	Model   string
	Version string
	Body    []byte
}

type imageHeader struct {
	Model     string `json:"model"`
	Version   string `json:"version"`
	SHA256    []byte `json:"sha256"`
	Signature []byte `json:"signature,omitempty"` // Ed25519 over the header without it
}

// SealImage writes an image, signed where there is a key.
func SealImage(image Image, key ed25519.PrivateKey) []byte {
	sum := sha256.Sum256(image.Body)
	h := imageHeader{Model: image.Model, Version: image.Version, SHA256: sum[:]}
	if key != nil {
		h.Signature = ed25519.Sign(key, h.line())
	}
	return append(append([]byte(imageMagic), h.line()...), image.Body...)
}

func (h imageHeader) line() []byte {
	raw, _ := json.Marshal(h) // strings and bytes always marshal
	return append(raw, '\n')
}

// OpenFirmware reads an image whose announced hashes were right.
type OpenFirmware func(data []byte, key ed25519.PublicKey) (Image, error)

// OpenImage reads an image and checks its body and, where there is a key, its signature.
func OpenImage(data []byte, key ed25519.PublicKey) (Image, error) {
	h, body, err := splitImage(data)
	if err != nil {
		return Image{}, err
	}
	if sum := sha256.Sum256(body); !bytes.Equal(sum[:], h.SHA256) {
		return Image{}, fmt.Errorf("image body has SHA-256 %x, its header says %x", sum, h.SHA256)
	}
	return h.verify(body, key)
}

func splitImage(data []byte) (h imageHeader, body []byte, err error) {
	rest, ok := bytes.CutPrefix(data, []byte(imageMagic))
	if !ok {
		return h, nil, errors.New("not an image for a virtual device")
	}
	line, body, ok := bytes.Cut(rest, []byte("\n"))
	if !ok || json.Unmarshal(line, &h) != nil {
		return h, nil, errors.New("image has no readable header")
	}
	return h, body, nil
}

func (h imageHeader) verify(body []byte, key ed25519.PublicKey) (Image, error) {
	signature := h.Signature
	h.Signature = nil
	if key != nil && !ed25519.Verify(key, h.line(), signature) {
		return Image{}, errors.New("image is not signed by the maker's key")
	}
	if h.Version == "" {
		return Image{}, errors.New("image has no version")
	}
	return Image{Model: h.Model, Version: h.Version, Body: body}, nil
}

// compareVersions compares by the numbers between the dots: 1.10 is newer than 1.9. What is no number counts as 0.
func compareVersions(a, b string) int {
	as, bs := strings.Split(a, "."), strings.Split(b, ".")
	for i := range max(len(as), len(bs)) {
		var x, y int
		if i < len(as) {
			x, _ = strconv.Atoi(as[i])
		}
		if i < len(bs) {
			y, _ = strconv.Atoi(bs[i])
		}
		if x != y {
			return x - y
		}
	}
	return 0
}
