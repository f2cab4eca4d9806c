package api

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/proofmark/proofmark/registry/firmware"
)

type rollout struct {
	firmware.Rollout
	Tally *rolloutTally `json:"tally,omitempty" doc:"Of all waves so far; absent in lists."`
}

type rolloutTally struct {
	Waiting     int64  `json:"waiting"`
	Offered     int64  `json:"offered" doc:"They download or install."`
	Done        int64  `json:"done"`
	Failed      int64  `json:"failed"`
	DoneOffline int64  `json:"done_offline"`
	Waits       string `json:"waits,omitempty" doc:"What the next wave waits for."`
}

type rolloutList struct {
	Rollouts []firmware.Rollout `json:"rollouts"`
}

type rolloutDevice struct {
	DID      string               `json:"did"`
	State    firmware.TargetState `json:"state" enum:"waiting,offered,done,failed"`
	Attempt  int                  `json:"attempt"`
	Progress int                  `json:"progress" doc:"Percent, as the device says."`
	Reason   string               `json:"reason,omitempty" doc:"What went wrong last, or what it does."`
	Before   string               `json:"before" doc:"The firmware that it had."`
}

type rolloutDevices struct {
	Devices []rolloutDevice `json:"devices"`
	Next    string          `json:"next,omitempty" doc:"Give it as after to read on; absent at the end."`
}

type deviceUpdate struct {
	Version   string               `json:"version"`
	Changelog string               `json:"changelog"`
	State     firmware.TargetState `json:"state" enum:"waiting,offered,done,failed"`
	Progress  int                  `json:"progress"`
	Before    string               `json:"before"`
}

// OfRollout is the path of everything that is about one rollout.
type OfRollout struct {
	ID string `path:"id" maxLength:"60" doc:"rol_…"`
}

// ownRollout reads a rollout of the caller's organisations; an operator reads all.
func (a *API) ownRollout(ctx context.Context, id string) (rollout, error) {
	r, t, err := a.firmware.Rollout(ctx, id)
	if err == nil {
		_, err = a.ownProduct(ctx, r.Product)
	}
	if err != nil {
		return rollout{}, err
	}
	tally := rolloutTally{t.Waiting, t.Offered, t.Done, t.Failed, t.DoneOffline, ""}
	if r.State == firmware.Running {
		tally.Waits = a.firmware.Waits(r, t)
	}
	return rollout{r, &tally}, nil
}

func (a *API) mountRollouts() {
	startup(a, huma.Operation{
		OperationID: "start-rollout", Method: http.MethodPost, Path: "/firmware/{id}/rollouts", Tags: []string{tagFirmware},
		Summary: "Bring an image to the devices of its product", DefaultStatus: http.StatusCreated,
		Description: "In waves of 1, 10, 50 and 100 % unless others are given. The image must stand in an active certificate of the model. One rollout of a product is live at a time.",
	}, func(ctx context.Context, in *struct {
		OfImage
		Body struct {
			Waves []firmware.Wave `json:"waves,omitempty" maxItems:"10"`
		}
	},
	) (*reply[firmware.Rollout], error) {
		if _, err := a.ownImage(ctx, in.ID); err != nil {
			return nil, err
		}
		return answer(a.firmware.Start(ctx, in.ID, actorOf(ctx).Account, in.Body.Waves))
	})
	startup(a, huma.Operation{
		OperationID: "list-rollouts", Method: http.MethodGet, Path: "/products/{id}/rollouts", Tags: []string{tagFirmware},
		Summary: "List the rollouts of a product", Description: "The newest first, at most 100.",
	}, func(ctx context.Context, in *OfProduct) (*reply[rolloutList], error) {
		if _, err := a.ownProduct(ctx, in.ID); err != nil {
			return nil, err
		}
		found, err := a.firmware.Rollouts(ctx, in.ID, 100)
		return answer(rolloutList{each(found, func(r firmware.Rollout) firmware.Rollout { return r })}, err)
	})
	startup(a, huma.Operation{
		OperationID: "get-rollout", Method: http.MethodGet, Path: "/rollouts/{id}", Tags: []string{tagFirmware},
		Summary: "Read how a rollout goes",
	}, func(ctx context.Context, in *OfRollout) (*reply[rollout], error) {
		return answer(a.ownRollout(ctx, in.ID))
	})
	startup(a, huma.Operation{
		OperationID: "list-rollout-devices", Method: http.MethodGet, Path: "/rollouts/{id}/devices", Tags: []string{tagFirmware},
		Summary: "List the devices of a rollout", Description: "In the order of their dids.",
	}, func(ctx context.Context, in *struct {
		OfRollout
		Page
	},
	) (*reply[rolloutDevices], error) {
		if _, err := a.ownRollout(ctx, in.ID); err != nil {
			return nil, err
		}
		found, err := a.firmware.Targets(ctx, in.ID, in.After, in.Limit+1)
		var l rolloutDevices
		l.Devices, l.Next = cut(found, in.Limit, func(t firmware.Target) rolloutDevice {
			return rolloutDevice{t.DID, t.State, t.Attempt, t.Progress, t.Reason, t.Before}
		}, func(d rolloutDevice) string { return d.DID })
		return answer(l, err)
	})
	a.mountRolloutDecisions()
	watcher(a, huma.Operation{
		OperationID: "get-device-update", Method: http.MethodGet, Path: "/devices/{did}/update", Tags: []string{tagFirmware},
		Summary: "Read the newest update of a device", Description: "Its changelog, and how far it is.",
	}, func(ctx context.Context, in *OfDevice) (*reply[deviceUpdate], error) {
		i, t, err := a.firmware.Update(ctx, in.DID)
		return answer(deviceUpdate{i.Version, i.Changelog, t.State, t.Progress, t.Before}, err)
	})
}

func (a *API) mountRolloutDecisions() {
	type decide func(ctx context.Context, rollout string, rev int64, by, reason string) (firmware.Rollout, error)
	for _, d := range []struct {
		id, path, summary, description string
		do                             decide
	}{
		{"pause-rollout", "pause", "Pause a rollout", "Nothing new is offered; devices that have begun go on.", a.firmware.Pause},
		{"resume-rollout", "resume", "Let a paused rollout go on", "", a.firmware.Resume},
		{"stop-rollout", "stop", "Stop a rollout, for good", "Nobody downloads any more; what is installing cannot be called back.", a.firmware.Stop},
		{
			"roll-back", "roll-back", "Roll back to the last certified version", "Ends the rollout and begins another one, which brings the devices with its version to the newest older one that was certified.",
			func(ctx context.Context, rollout string, _ int64, by, reason string) (firmware.Rollout, error) {
				return a.firmware.RollBack(ctx, rollout, by, reason)
			},
		},
	} {
		startup(a, huma.Operation{
			OperationID: d.id, Method: http.MethodPost, Path: "/rollouts/{id}/" + d.path, Tags: []string{tagFirmware},
			Summary: d.summary, Description: d.description,
		}, func(ctx context.Context, in *struct {
			OfRollout
			Body struct {
				Because
				Rev int64 `json:"rev" doc:"The revision that was read."`
			}
		},
		) (*reply[firmware.Rollout], error) {
			if _, err := a.ownRollout(ctx, in.ID); err != nil {
				return nil, err
			}
			return answer(d.do(ctx, in.ID, in.Body.Rev, actorOf(ctx).Account, in.Body.Reason))
		})
	}
}
