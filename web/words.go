package web

import (
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
)

//go:embed words
var wordFiles embed.FS

// words is the catalogue: every text of the pages that is not somebody's own,
// by a key. Each section of the site has a file; another language is another folder.
type words map[string]string

func readWords() (words, error) {
	files, err := fs.Glob(wordFiles, "words/en/*.json")
	if err != nil {
		return nil, err
	}
	all := words{}
	for _, file := range files {
		b, err := wordFiles.ReadFile(file)
		if err != nil {
			return nil, err
		}
		var w words
		if err := json.Unmarshal(b, &w); err != nil {
			return nil, fmt.Errorf("web: %s: %w", file, err)
		}
		for key, text := range w {
			if _, twice := all[key]; twice {
				return nil, fmt.Errorf("web: %s: %q stands in another file too", file, key)
			}
			all[key] = text
		}
	}
	return all, nil
}

// say gives the text of a key, with its arguments put in as fmt does. A key that
// is not there shows as itself; a test keeps that from happening.
func (w words) say(key string, args ...any) string {
	text, ok := w[key]
	if !ok {
		return key
	}
	if len(args) == 0 {
		return text
	}
	return fmt.Sprintf(text, args...)
}

// Say gives a text of the catalogue, for what a handler has to say.
func (s *Site) Say(key string, args ...any) string { return s.words.say(key, args...) }
