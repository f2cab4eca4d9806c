package fleet

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/proofmark/proofmark/internal/bench/report"
	"github.com/proofmark/proofmark/internal/store"
	"github.com/proofmark/proofmark/registry"
)

// lost is what a comparison found.
type lost struct {
	missing, wrong, extra int64
	first                 string // in words
}

func (l *lost) note(n *int64, format string, args ...any) {
	*n++
	if l.first == "" {
		l.first = fmt.Sprintf(format, args...)
	}
}

// compare holds what came to somebody against what a member sent: each report, once, in its order.
func (l *lost) compare(who, did string, sent []report.Report, got []heard) {
	for i, r := range sent {
		switch {
		case i >= len(got):
			l.note(&l.missing, "%s lacks report %d of %s", who, i+1, did)
		case got[i].SIID != r.SIID || got[i].PIID != r.PIID || !same(got[i].Value, r.Value):
			l.note(&l.wrong, "%s has %d.%d = %s for report %d of %s, which was %d.%d = %s", who, got[i].SIID, got[i].PIID, got[i].Value, i+1, did, r.SIID, r.PIID, r.Value)
		}
	}
	for range max(0, len(got)-len(sent)) {
		l.note(&l.extra, "%s has %d values of %s, sent were %d", who, len(got), did, len(sent))
	}
}

// same compares JSON values that may be spelled differently, such as 20 and 20.0.
func same(a, b []byte) bool {
	if string(a) == string(b) {
		return true
	}
	var x, y any
	return json.Unmarshal(a, &x) == nil && json.Unmarshal(b, &y) == nil && x == y
}

// inStore reads the history of every device from the database itself.
func inStore(ctx context.Context, url string, homes []*home) (l lost, err error) {
	db, err := store.Open(ctx, url)
	if err != nil {
		return l, err
	}
	defer db.Close()
	for _, h := range homes {
		for _, m := range h.members {
			if len(m.sent) == 0 {
				continue
			}
			var got []heard
			q := registry.HistoryQuery{DID: m.DID, Method: registry.MethodProperties, From: time.Unix(0, 0), To: time.Now().Add(time.Hour)}
			err := db.Registry().History(ctx, q, func(p registry.Point) bool {
				got = append(got, heard{p.SIID, p.IID, p.Value})
				return true
			})
			if err != nil {
				return l, err
			}
			l.compare("the store", m.DID, m.sent, got)
		}
	}
	return l, nil
}
