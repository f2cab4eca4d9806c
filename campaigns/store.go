package campaigns

import "context"

// Store keeps campaigns. Errors wrap registry.ErrNotFound, ErrExists, ErrConflict
// and ErrUnavailable; after the last one nothing is known of what was attempted.
type Store interface {
	// CreateCampaign adds a campaign with its variants and counters, and gives it
	// its number. One whose state is live takes orders at once.
	CreateCampaign(ctx context.Context, c Campaign) (Campaign, error)
	Campaign(ctx context.Context, id string) (Campaign, error)
	Counter(ctx context.Context, campaign string) (Counter, error)
	VariantCounters(ctx context.Context, campaign string) ([]VariantCounter, error)
}
