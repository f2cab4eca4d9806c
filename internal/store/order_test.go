package store_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/proofmark/proofmark/campaigns"
	"github.com/proofmark/proofmark/internal/id"
)

func BenchmarkReserve(b *testing.B) {
	eachEngine(b, func(b *testing.B, db *storeDB) {
		c := newCampaign(b, db)
		c, err := db.Campaigns().CreateCampaign(ctx, c)
		must(b, err)
		for _, size := range []int{1, 256} {
			b.Run(fmt.Sprint(size), func(b *testing.B) {
				n := 0
				for b.Loop() {
					ops := make([]campaigns.Op, size)
					for i := range ops {
						n++
						ops[i] = &campaigns.Reserve{Order: campaigns.Order{
							ID: id.New("ord"), Campaign: c.ID, Backer: fmt.Sprintf("acc_01890000-0000-7000-8000-%012d", n%5000), Key: id.New("key"), Units: 1,
						}}
					}
					applied, err := db.Campaigns().Apply(ctx, ops, func() time.Time { return now })
					must(b, err)
					for _, a := range applied.Answers {
						must(b, a.Err)
					}
				}
				b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "orders/s")
			})
		}
	})
}
