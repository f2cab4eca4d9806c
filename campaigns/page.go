package campaigns

import "time"

// Category is what kind of device a campaign is about.
type Category string

// Categories are all of them, in the order in which a page lists them.
var Categories = []Category{"air", "climate", "lighting", "cleaning", "kitchen", "security", "sensors", "energy", "entertainment", "health", "gateway", "other"}

// Page is what a campaign says of itself. It is kept as it was written: what is
// shown of it is escaped where it is shown.
type Page struct {
	Tagline  string     `json:"tagline,omitempty"`
	Story    string     `json:"story,omitempty"` // Markdown: paragraphs, headings, lists, emphasis, links
	Risks    string     `json:"risks,omitempty"` // likewise
	Pictures []Picture  `json:"pictures,omitempty"`
	FAQ      []Question `json:"faq,omitempty"`
}

// Picture is one picture of a campaign, which is in the blob store.
type Picture struct {
	SHA256 string `json:"sha256"`
	Media  string `json:"media"` // image/png, image/jpeg, image/webp
	Width  int    `json:"width"` // pixels
	Height int    `json:"height"`
	Size   int64  `json:"size"` // bytes
	Alt    string `json:"alt"`  // what is to be seen, for those who do not see it
}

// Question is one that is asked often.
type Question struct {
	Ask    string `json:"ask"`
	Answer string `json:"answer"`
}

// Text is one version of what a campaign says: those that were published stay
// readable.
type Text struct {
	Campaign string
	Version  int64
	Author   string // acc_…
	At       time.Time
	Title    string
	Category Category
	Page     Page
}
