// Package httpcall makes one HTTP call to a payment provider and says what its
// status means for money: done, refused, or unknown.
//
// It never repeats a call: whether to ask again is decided where the work is
// kept, with the key that makes it safe.
package httpcall

import (
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/proofmark/proofmark/campaigns"
)

// maxReply is more than any answer of a provider; one larger is not from it.
const maxReply = 4 << 20

// Do sends r and reads the answer. No answer, a cut one, and one that says
// nothing about the work itself (5xx, 429, 408, and 401 or 403, which are about
// our key) give campaigns.ErrUnknown; 404 gives campaigns.ErrNotAtProvider. Any
// other status is returned with its body.
func Do(c *http.Client, r *http.Request) (status int, body []byte, err error) {
	what := r.Method + " " + r.URL.Path
	resp, err := c.Do(r)
	if err != nil {
		// The client's own text repeats the URL, whose query may hold a key.
		var u interface{ Unwrap() error }
		if errors.As(err, &u) {
			err = u.Unwrap()
		}
		return 0, nil, fmt.Errorf("%s: %w: %w", what, campaigns.ErrUnknown, err)
	}
	defer resp.Body.Close()
	body, err = io.ReadAll(io.LimitReader(resp.Body, maxReply+1))
	switch {
	case err != nil:
		return 0, nil, fmt.Errorf("%s: %w: the answer was cut off: %w", what, campaigns.ErrUnknown, err)
	case len(body) > maxReply:
		return 0, nil, fmt.Errorf("%s: %w: an answer of more than %d bytes", what, campaigns.ErrUnknown, maxReply)
	}
	return resp.StatusCode, body, StatusError(what, resp.StatusCode)
}

// StatusError is the error of a status that needs no look at the body.
func StatusError(what string, status int) error {
	switch {
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		return fmt.Errorf("%s: %w: it answered %d: check the key", what, campaigns.ErrUnknown, status)
	case status >= 500 || status == http.StatusTooManyRequests || status == http.StatusRequestTimeout:
		return fmt.Errorf("%s: %w: it answered %d", what, campaigns.ErrUnknown, status)
	case status == http.StatusNotFound:
		return fmt.Errorf("%s: %w", what, campaigns.ErrNotAtProvider)
	}
	return nil
}
