// Package qrcode draws texts as QR codes (ISO/IEC 18004) for pages and labels. It
// refuses to know what the texts are; rsc.io/qr encodes them.
package qrcode

import (
	"fmt"
	"strconv"

	"rsc.io/qr"
)

// quiet are the modules that stay white around a code (ISO/IEC 18004: four).
const quiet = 4

// Code is a code as SVG has it: a black path on a white square of Side units, with
// the quiet zone around it.
type Code struct {
	Side int
	Path string // of digits and the letters M, h, v and z only
}

// Of draws a text with 15 % of redundancy (level M). A text of more than 2,331 bytes
// fits into no code.
func Of(text string) (Code, error) {
	code, err := qr.Encode(text, qr.M)
	if err != nil {
		return Code{}, fmt.Errorf("QR code of %d bytes: %w", len(text), err)
	}
	var path []byte
	for y := range code.Size {
		for x := range code.Size {
			if !code.Black(x, y) || x > 0 && code.Black(x-1, y) {
				continue // white, or part of a run that is drawn
			}
			run := 1
			for x+run < code.Size && code.Black(x+run, y) {
				run++
			}
			path = append(path, 'M')
			path = strconv.AppendInt(path, int64(x+quiet), 10)
			path = append(path, ' ')
			path = strconv.AppendInt(path, int64(y+quiet), 10)
			path = append(path, 'h')
			path = strconv.AppendInt(path, int64(run), 10)
			path = append(path, "v1h-"...)
			path = strconv.AppendInt(path, int64(run), 10)
			path = append(path, 'z')
		}
	}
	return Code{code.Size + 2*quiet, string(path)}, nil
}
