package store

import (
	"context"
	"fmt"
	"time"

	"github.com/proofmark/proofmark/internal/audit"
	"github.com/proofmark/proofmark/internal/auth"
	"github.com/proofmark/proofmark/internal/store/dbgen"
	"github.com/proofmark/proofmark/internal/store/micros"
)

func (s authStore) Invite(ctx context.Context, i auth.Invitation, most int, e audit.Entry) error {
	err := s.decide(ctx, e, func(q *dbgen.Queries) error {
		if err := changed(q.LockOrg(ctx, i.Org)); err != nil { // two at once would both be the last that fits
			return err
		}
		in, err := q.MemberWithEmail(ctx, dbgen.MemberWithEmailParams{Org: i.Org, Email: i.Email})
		if err != nil {
			return err
		}
		if in > 0 {
			return fmt.Errorf("%s is a member: %w", i.Email, auth.ErrExists)
		}
		if err := q.ReplaceInvitation(ctx, dbgen.ReplaceInvitationParams{Org: i.Org, Email: i.Email, At: micros.Of(i.CreatedAt)}); err != nil {
			return err
		}
		open, err := q.OpenInvitations(ctx, dbgen.OpenInvitationsParams{Org: i.Org, At: micros.Of(i.CreatedAt)})
		if err != nil {
			return err
		}
		if open >= int64(most) {
			return fmt.Errorf("%w: %d invitations are open, at most %d", auth.ErrTooMany, open, most)
		}
		return q.InsertInvitation(ctx, dbgen.InsertInvitationParams{
			ID: i.ID, Org: i.Org, Email: i.Email, Role: string(i.Role), InvitedBy: i.InvitedBy, Hash: blob(i.Hash),
			CreatedAt: micros.Of(i.CreatedAt), ExpiresAt: micros.Of(i.ExpiresAt),
		})
	})
	return s.wrap(ctx, err, "invite to organisation %s", i.Org)
}

func (s authStore) Invitation(ctx context.Context, id string) (auth.Invitation, error) {
	i, err := s.read.Invitation(ctx, id)
	return invitation(i), s.wrap(ctx, err, "invitation %s", id)
}

func (s authStore) Invitations(ctx context.Context, org string) ([]auth.Invitation, error) {
	rows, err := s.read.Invitations(ctx, org)
	return list(rows, invitation), s.wrap(ctx, err, "invitations of organisation %s", org)
}

func (s authStore) RevokeInvitation(ctx context.Context, id string, at time.Time, e audit.Entry) error {
	err := s.decide(ctx, e, func(q *dbgen.Queries) error {
		return won(q.EndInvitation(ctx, dbgen.EndInvitationParams{ID: id, State: string(auth.InvitationRevoked), At: micros.Of(at)}))
	})
	return s.wrap(ctx, err, "revoke invitation %s", id)
}

func (s authStore) Accept(ctx context.Context, i auth.Invitation, account string, at time.Time, e audit.Entry) error {
	err := s.decide(ctx, e, func(q *dbgen.Queries) error {
		if err := won(q.AcceptInvitation(ctx, dbgen.AcceptInvitationParams{ID: i.ID, At: micros.Of(at)})); err != nil {
			return err
		}
		return insertMember(ctx, q, i.Org, account, i.Role, at)
	})
	return s.wrap(ctx, err, "accept invitation %s", i.ID)
}

func invitation(i dbgen.Invitation) auth.Invitation {
	return auth.Invitation{
		ID: i.ID, Org: i.Org, Email: i.Email, Role: auth.OrgRole(i.Role), InvitedBy: i.InvitedBy,
		State: auth.InvitationState(i.State), Hash: i.Hash,
		CreatedAt: i.CreatedAt.Time(), ExpiresAt: i.ExpiresAt.Time(), EndedAt: i.EndedAt.Time(),
	}
}
