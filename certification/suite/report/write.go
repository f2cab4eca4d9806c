package report

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/proofmark/proofmark/certification/suite"
)

// The files of a report, by format.
var files = map[string]string{"html": "report.html", "json": "report.json", "junit": "junit.xml"}

// Formats are the names of the forms that a report can be written in.
var Formats = []string{"html", "json", "junit"}

// Write puts a report into the folder of its run, each file whole or not at all,
// and returns their paths in the order of the formats.
func (d *Document) Write(dir suite.Folder, formats ...string) ([]string, error) {
	var paths []string
	for _, f := range formats {
		var data []byte
		var err error
		switch f {
		case "html":
			data, err = d.HTML()
		case "json":
			data, err = d.JSON()
		case "junit":
			data, err = d.JUnit()
		default:
			err = fmt.Errorf("report format %q, needs html, json or junit", f)
		}
		if err == nil {
			err = dir.Write(files[f], data)
		}
		if err != nil {
			return paths, err
		}
		paths = append(paths, filepath.Join(string(dir), files[f]))
	}
	return paths, nil
}

// Read reads the JSON report of a folder; nil when there is none.
func Read(dir suite.Folder) (*Document, error) {
	path := filepath.Join(string(dir), files["json"])
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	d := new(Document)
	if err := json.Unmarshal(data, d); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if d.Format > Format {
		return nil, fmt.Errorf("%s: format %d, this release reads up to %d", path, d.Format, Format)
	}
	return d, nil
}
