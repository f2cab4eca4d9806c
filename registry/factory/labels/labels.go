// Package labels draws the labels of a factory's batch: a sheet for a printer, as one
// file that loads nothing. It is made where the manifest was opened, because claim
// codes exist nowhere else; keys do not get onto it.
package labels

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"net/url"
	"strings"
	"time"

	"github.com/proofmark/proofmark/internal/qrcode"
	"github.com/proofmark/proofmark/miot"
	"github.com/proofmark/proofmark/registry"
	"github.com/proofmark/proofmark/registry/claims"
	"github.com/proofmark/proofmark/registry/factory"
)

// The sheet, in millimetres: A4 (ISO 216) with three columns of eight labels.
const (
	columns, rows    = 3, 8
	labelW, labelH   = 63.0, 34.0
	marginX, marginY = (210 - columns*labelW) / 2, (297 - rows*labelH) / 2
	markLength       = 4.0       // of a crop mark, outside the labels
	textChars        = 22        // of a did in one line
	didTop, didLine  = 10.8, 2.6 // where its lines stand
)

//go:embed sheet.html
var sheetText string

var sheet = template.Must(template.New("sheet").Parse(sheetText))

// page is a sheet of paper.
type page struct {
	Number, Of int
	Marks      []mark
	Labels     []label
}

// mark is a line to cut along.
type mark struct{ X1, Y1, X2, Y2 float64 }

// label is one device's; its text stands beside the code.
type label struct {
	X, Y   float64
	Side   int
	Path   string
	Model  string
	DID    []line
	Code   [2]string
	Host   string
	Spoken string // for who cannot see the sheet
}

// Write draws the labels of all units, in the order of the manifest.
func Write(w io.Writer, m factory.Manifest) error {
	host, err := url.Parse(m.Issuer)
	if err != nil || host.Host == "" || host.Scheme != "https" && host.Scheme != "http" {
		return fmt.Errorf("%w: the manifest's issuer %.100q is no address that a phone can open", registry.ErrBadRequest, m.Issuer)
	}
	if len(m.Units) == 0 {
		return fmt.Errorf("%w: batch %s has no units", registry.ErrBadRequest, m.Batch)
	}
	const perPage = columns * rows
	data := struct {
		Batch, Model, Certificate string
		MadeAt                    string
		Units                     int
		Pages                     []page
	}{m.Batch, m.Model, m.Certificate, m.MadeAt.UTC().Format(time.DateOnly), len(m.Units), nil}
	for i, u := range m.Units {
		if i%perPage == 0 {
			data.Pages = append(data.Pages, page{Number: i/perPage + 1, Of: (len(m.Units) + perPage - 1) / perPage, Marks: marks()})
		}
		l, err := labelOf(m, host.Host, u)
		if err != nil {
			return fmt.Errorf("unit %d: %w", i+1, err)
		}
		l.X, l.Y = marginX+float64(i%columns)*labelW, marginY+float64(i%perPage/columns)*labelH
		p := &data.Pages[len(data.Pages)-1]
		p.Labels = append(p.Labels, l)
	}
	return sheet.Execute(w, data)
}

// line is a line of text of a label.
type line struct {
	Y    float64
	Text string
}

func labelOf(m factory.Manifest, host string, u factory.Keyed) (label, error) {
	if err := miot.ValidDID(u.DID); err != nil {
		return label{}, err
	}
	if _, err := claims.NormalCode(u.Code); err != nil {
		return label{}, fmt.Errorf("device %s: its claim code is none", u.DID) // the error itself is for people at home
	}
	code, err := qrcode.Of(claims.LabelURL(m.Issuer, u.DID, u.Code))
	if err != nil {
		return label{}, fmt.Errorf("device %s: %w", u.DID, err)
	}
	l := label{Side: code.Side, Path: code.Path, Model: m.Model, Host: host + claims.LabelPage, Spoken: u.DID + ", " + u.Code}
	for rest := u.DID; rest != ""; {
		n := min(textChars, len(rest))
		l.DID, rest = append(l.DID, line{didTop + float64(len(l.DID))*didLine, rest[:n]}), rest[n:]
	}
	groups := strings.Split(u.Code, "-")
	half := (len(groups) + 1) / 2
	l.Code = [2]string{strings.Join(groups[:half], "-"), strings.Join(groups[half:], "-")}
	return l, nil
}

// marks are the lines to cut along: at every edge of a label, in the margins.
func marks() (all []mark) {
	for i := range columns + 1 {
		x := marginX + float64(i)*labelW
		all = append(all, mark{x, marginY - 2 - markLength, x, marginY - 2}, mark{x, 297 - marginY + 2, x, 297 - marginY + 2 + markLength})
	}
	for i := range rows + 1 {
		y := marginY + float64(i)*labelH
		all = append(all, mark{marginX - 2 - markLength, y, marginX - 2, y}, mark{210 - marginX + 2, y, 210 - marginX + 2 + markLength, y})
	}
	return all
}
