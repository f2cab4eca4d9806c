package web

import "net/http"

// StalePage is shown when somebody saves what another one changed meanwhile: both,
// side by side, to choose from.
type StalePage struct {
	Page
	Form *Form // what was typed; saving it again replaces what is there, by the new Rev
	Back string
	Rows []StaleRow
}

// StaleRow is one field of both.
type StaleRow struct{ Name, Label, Mine, Theirs string }

// Differ says whether the two are not the same.
func (r StaleRow) Differ() bool { return r.Mine != r.Theirs }

// Stale answers with what was typed and what is there now. The rows need Name,
// Label and Theirs; rev is that of what is there, back the page to go on from.
func (v *Visit) Stale(f *Form, rev int64, back string, rows ...StaleRow) error {
	for i := range rows {
		rows[i].Mine = f.Get(rows[i].Name)
	}
	f.Rev = rev
	p := &StalePage{Page: Page{Title: v.Say("stale.title")}, Form: f, Back: back, Rows: rows}
	return v.show(http.StatusConflict, "stale", p)
}

func init() {
	story("stale", "stale", func() Pager {
		f := newForm("#", pairsOf([]string{"name", `Aurora <b>Pure</b> One`, "price", "6499"}))
		return &StalePage{Page: Page{Title: "Changed meanwhile"}, Form: f, Back: "#", Rows: []StaleRow{
			{"name", "Name", `Aurora <b>Pure</b> One`, "Aurora Pure 1"}, {"price", "Price", "6499", "6499"},
		}}
	})
}
