package demo

import (
	"embed"
	"io/fs"

	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/certification/suite"
)

//go:embed recorded
var recorded embed.FS

// Recorded are the transcripts of a run of the purifier; nil for any other run.
// A release of the suite other than that of the recordings runs the device.
func Recorded(run certification.Run) fs.FS {
	if run.SpecSHA256 != sum(string(miotPurifier())) || run.Suite != suite.Release || len(run.Cases) > 0 {
		return nil
	}
	if _, err := fs.Stat(recorded, "recorded/"+string(run.Plan)); err != nil {
		return nil
	}
	files, err := fs.Sub(recorded, "recorded/"+string(run.Plan))
	if err != nil {
		return nil
	}
	return files
}
