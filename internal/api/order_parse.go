package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"

	"github.com/proofmark/proofmark/campaigns"
)

// newOrder is the body of an order.
type newOrder struct {
	Units   int64  `json:"units"`
	Variant string `json:"variant"`
	Price   int64  `json:"price"`
}

// parseOrder reads {"units", "variant", "price"} and nothing else. What is wrong
// with the values is for campaigns to say.
func parseOrder(body []byte) (newOrder, error) {
	var o newOrder
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(&o); err != nil {
		return newOrder{}, newProblem(kindUnreadable, `the body is no {"units","variant","price"}: `+err.Error())
	}
	if _, err := d.Token(); err != io.EOF {
		return newOrder{}, newProblem(kindUnreadable, "something follows the order in the body")
	}
	const most = 100
	if len(o.Variant) > most {
		return newOrder{}, fmt.Errorf("%w: variant of %d bytes; want at most %d", campaigns.ErrBadOrder, len(o.Variant), most)
	}
	return o, nil
}
