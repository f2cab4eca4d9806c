package store

import (
	"context"
	"time"

	"github.com/proofmark/proofmark/internal/store/dbgen"
	"github.com/proofmark/proofmark/internal/store/micros"
	"github.com/proofmark/proofmark/registry/homes"
)

func (s homeStore) AddLink(ctx context.Context, l homes.Link, most int, c homes.Change) error {
	err := s.change(ctx, c, func(q *dbgen.Queries) error {
		if err := changed(q.LockHome(ctx, l.Home)); err != nil {
			return err
		}
		n, err := q.CountOpenHomeLinks(ctx, dbgen.CountOpenHomeLinksParams{Home: l.Home, At: micros.Of(l.CreatedAt)})
		if err := roomFor(n, err, "open links of the home", most); err != nil {
			return err
		}
		return q.InsertHomeLink(ctx, dbgen.InsertHomeLinkParams{
			ID: l.ID, Home: l.Home, Role: string(l.Role), EndsAt: micros.Of(l.EndsAt), Hash: blob(l.Hash),
			CreatedBy: l.CreatedBy, CreatedAt: micros.Of(l.CreatedAt), ExpiresAt: micros.Of(l.ExpiresAt),
		})
	})
	return s.wrap(ctx, err, "add link %s to home %s", l.ID, l.Home)
}

func (s homeStore) Link(ctx context.Context, id string) (homes.Link, error) {
	l, err := s.read.HomeLink(ctx, id)
	return homeLink(l), s.wrap(ctx, err, "link %s", id)
}

func (s homeStore) Links(ctx context.Context, home string) ([]homes.Link, error) {
	rows, err := s.read.HomeLinks(ctx, home)
	return list(rows, homeLink), s.wrap(ctx, err, "links of home %s", home)
}

func (s homeStore) UseLink(ctx context.Context, link string, m homes.Membership, most int, c homes.Change) error {
	err := s.change(ctx, c, func(q *dbgen.Queries) error {
		if err := still(q.UseHomeLink(ctx, dbgen.UseHomeLinkParams{ID: link, At: micros.Of(m.CreatedAt), Account: m.Account})); err != nil {
			return err
		}
		if err := changed(q.LockHome(ctx, m.Home)); err != nil {
			return err
		}
		members, err := q.HomeMembers(ctx, m.Home)
		if err := roomFor(int64(len(members)), err, "members of the home", most); err != nil {
			return err
		}
		n, err := q.CountHomesOf(ctx, m.Account)
		if err := roomFor(n, err, "homes of the account", homes.MostHomes); err != nil {
			return err
		}
		return insertHomeMember(ctx, q, m)
	})
	return s.wrap(ctx, err, "join home %s by link %s", m.Home, link)
}

func (s homeStore) RevokeLink(ctx context.Context, home, link string, at time.Time, c homes.Change) error {
	err := s.change(ctx, c, func(q *dbgen.Queries) error {
		return still(q.RevokeHomeLink(ctx, dbgen.RevokeHomeLinkParams{ID: link, Home: home, At: micros.Of(at)}))
	})
	return s.wrap(ctx, err, "revoke link %s of home %s", link, home)
}

func homeLink(l dbgen.HomeLink) homes.Link {
	return homes.Link{
		ID: l.ID, Home: l.Home, Role: homes.Role(l.Role), EndsAt: l.EndsAt.Time(), Hash: l.Hash, CreatedBy: l.CreatedBy,
		CreatedAt: l.CreatedAt.Time(), ExpiresAt: l.ExpiresAt.Time(), UsedAt: l.UsedAt.Time(), UsedBy: l.UsedBy, RevokedAt: l.RevokedAt.Time(),
	}
}
