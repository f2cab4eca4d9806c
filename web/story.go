package web

import "slices"

// Story is one page or part with sample data: what it looks like without a
// database. The tests in a browser look at each, and the demonstration serves
// them under /stories.
type Story struct {
	Name string // unique; part of its address: letters, digits and dashes
	Page string // the template
	Data func() Pager
}

var stories []Story

// story adds to the book; a page's file calls it from init.
func story(name, page string, data func() Pager) {
	stories = append(stories, Story{name, page, data})
}

// Stories are all of them, by name.
func Stories() []Story {
	out := slices.Clone(stories)
	slices.SortFunc(out, func(a, b Story) int {
		if a.Name < b.Name {
			return -1
		}
		return 1
	})
	return out
}

func init() {
	for _, status := range []int{400, 403, 404, 405, 409, 413, 422, 429, 500, 503} {
		story("error-"+number(status), "error", func() Pager {
			return &ErrorPage{Page: Page{Title: "Error"}, Status: status, Detail: "The page names the thing, the value and the rule."}
		})
	}
}
