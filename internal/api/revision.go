package api

import (
	"errors"
	"strconv"
	"strings"

	"github.com/proofmark/proofmark/registry"
)

// IfMatch is the revision that a change was made up from. Embed it in the input of
// what changes a thing that has an ETag.
type IfMatch struct {
	IfMatch string `header:"If-Match" maxLength:"40" doc:"The ETag of the thing as it was read." example:"\"3\""`
}

// revision is the number in it. A change that names none would overwrite what its
// author never saw, so none is an error.
func (m IfMatch) revision() (int64, error) {
	text := strings.TrimSuffix(strings.TrimPrefix(m.IfMatch, `"`), `"`)
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 1 {
		return 0, newProblem(kindNoRevision, "If-Match is "+strconv.Quote(m.IfMatch)+`: want the ETag of what was read, such as "3"`)
	}
	return n, nil
}

// stale says of a conflict that the revision is not the present one (RFC 9110
// §13.1.1: 412).
func stale(err error) error {
	if errors.Is(err, registry.ErrConflict) {
		p := newProblem(kindStale, plain(err, registry.ErrConflict))
		p.cause = err
		return p
	}
	return err
}

func etag(rev int64) string { return `"` + strconv.FormatInt(rev, 10) + `"` }
