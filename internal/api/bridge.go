package api

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/proofmark/proofmark/internal/auth"
	"github.com/proofmark/proofmark/registry"
	"github.com/proofmark/proofmark/registry/bridges"
	"github.com/proofmark/proofmark/registry/homes"
)

// Bridge is a hub's token with what became of its commands.
type Bridge struct {
	Token
	Queue   int64       `json:"queue_s" doc:"Seconds for which a command for a device that is offline is kept; 0: it is refused."`
	Refused int64       `json:"refused" doc:"Commands that were not done, so far; some seconds behind."`
	Last    bridges.End `json:"last_error,omitempty" enum:"malformed,refused,revoked,unknown,value,too often,offline,rejected,expired,failed" doc:"How the last one of those ended: what an MQTT 3.1.1 hub is not told."`
	Why     string      `json:"last_error_detail,omitempty"`
	LastAt  *time.Time  `json:"last_error_at,omitempty"`
}

func bridgeOf(t auth.Token, s bridges.Setting) Bridge {
	return Bridge{
		Token: tokenOf(t), Queue: int64(s.Queue / time.Second), Refused: s.Refused,
		Last: s.Last.End, Why: s.Last.Text, LastAt: someday(s.LastAt),
	}
}

type bridgeList struct {
	Bridges []Bridge `json:"bridges"`
}

type bridgeCreated struct {
	Bridge
	Text string `json:"token" doc:"The text to log in with. It is shown here and never again."`
}

// Queueing is how long a bridge's commands wait for a device that is offline.
type Queueing struct {
	Queue int64 `json:"queue_s,omitempty" minimum:"0" maximum:"604800" doc:"Seconds for which a command for a device that is offline is kept; 0: it is refused. Of a property that can be read only the newest value is kept."`
}

func (a *API) mountBridges() {
	member(a, huma.Operation{
		OperationID: "create-bridge", Method: http.MethodPost, Path: "/homes/{home}/bridges", Tags: []string{homesTag},
		Summary: "Make a token for a hub, such as Home Assistant", DefaultStatus: http.StatusCreated,
		Description: "It is bound to this home, over MQTT only, and good as long as the caller lives there as a member. It reads and commands the " +
			"home's devices. Its text is shown here and never again. Revoke it among the caller's tokens.",
	}, func(ctx context.Context, in *struct {
		OfHome
		Body struct {
			Named
			Queueing
		}
	},
	) (*reply[bridgeCreated], error) {
		actor, queue := actorOf(ctx), time.Duration(in.Body.Queue)*time.Second
		if _, err := a.homes.Membership(ctx, actor.Account, in.Home, homes.Arrange); err != nil {
			return nil, err
		}
		t, text, err := a.auth.CreateBridge(ctx, actor, in.Home, in.Body.Name)
		if err == nil {
			err = a.bridges.Configure(ctx, actor.Account, in.Home, t.ID, queue)
		}
		return answer(bridgeCreated{bridgeOf(t, bridges.Setting{Queue: queue}), text}, err)
	})
	member(a, huma.Operation{
		OperationID: "list-bridges", Method: http.MethodGet, Path: "/homes/{home}/bridges", Tags: []string{homesTag},
		Summary: "List my tokens for hubs in a home", Description: "The ended ones too, each with the last command that was refused.",
	}, func(ctx context.Context, in *OfHome) (*reply[bridgeList], error) {
		account := actorOf(ctx).Account
		if _, err := a.homes.Membership(ctx, account, in.Home, homes.See); err != nil {
			return nil, err
		}
		found, err := a.bridgesOf(ctx, account, in.Home)
		return answer(bridgeList{found}, err)
	})
	member(a, huma.Operation{
		OperationID: "change-bridge", Method: http.MethodPatch, Path: "/homes/{home}/bridges/{id}", Tags: []string{homesTag},
		Summary: "Change how long a hub's commands wait",
	}, func(ctx context.Context, in *struct {
		OfHome
		ID   string `path:"id" maxLength:"100" doc:"tok_…"`
		Body Queueing
	},
	) (*reply[Bridge], error) {
		account := actorOf(ctx).Account
		b, err := a.bridge(ctx, account, in.Home, in.ID)
		if err == nil {
			err = a.bridges.Configure(ctx, account, in.Home, in.ID, time.Duration(in.Body.Queue)*time.Second)
		}
		b.Queue = in.Body.Queue
		return answer(b, err)
	})
}

// bridgesOf are an account's bridges in a home, oldest first.
func (a *API) bridgesOf(ctx context.Context, account, home string) ([]Bridge, error) {
	tokens, err := a.auth.List(ctx, account)
	if err != nil {
		return nil, err
	}
	found := []Bridge{}
	for _, t := range tokens {
		if t.Home != home {
			continue
		}
		s, err := a.bridges.Setting(ctx, t.ID)
		if err != nil {
			return nil, err
		}
		found = append(found, bridgeOf(t, s))
	}
	return found, nil
}

func (a *API) bridge(ctx context.Context, account, home, token string) (Bridge, error) {
	all, err := a.bridgesOf(ctx, account, home)
	for _, b := range all {
		if b.ID == token {
			return b, nil
		}
	}
	if err == nil {
		err = fmt.Errorf("bridge %s in home %s: %w", token, home, registry.ErrNotFound)
	}
	return Bridge{}, err
}
