package web

import (
	"net/http"
	"strings"
)

// StoryBook serves the stories: a list at its root, each under its name.
func (s *Site) StoryBook() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := strings.Trim(strings.TrimPrefix(r.URL.Path, "/stories"), "/")
		switch name {
		case "":
			s.Render(w, r, http.StatusOK, "stories", &storiesPage{Page: Page{Title: s.Say("stories.title")}, Stories: Stories()})
			return
		case "plot.json":
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write([]byte(samplePlot))
			return
		case "badge.svg":
			w.Header().Set("Content-Type", "image/svg+xml")
			_, _ = w.Write(Badge(s.Say("site.name"), s.Say("state.active"), "active"))
			return
		}
		for _, story := range Stories() {
			if story.Name == name {
				s.Render(w, r, http.StatusOK, story.Page, story.Data())
				return
			}
		}
		s.Fail(w, r, http.StatusNotFound, "no story is named "+name)
	})
}

type storiesPage struct {
	Page
	Stories []Story
}

// samplePlot is what the plot of a story draws: [seconds, value].
const samplePlot = "[[1795900000,12],[1795903600,31],[1795907200,81.5],[1795910800,40],[1795914400,3],[1795918000,12]]"
