package web

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/proofmark/proofmark/internal/auth"
	"github.com/proofmark/proofmark/registry/bridges"
	"github.com/proofmark/proofmark/registry/homes"
)

// HomeHubs are the hubs with which somebody sees and commands a home.
type HomeHubs struct {
	HomeFrame
	Hubs   []Hub
	Forms  *Forms
	Waits  []Option
	Broker Broker
	// Text and Login are of the one that was just made: shown here and never again.
	Text, Login string
}

// Hub is a token for one, with what became of its commands.
type Hub struct {
	auth.Token
	bridges.Setting
}

// Waits is for how long its commands are kept, as the form has it.
func (h Hub) Waits() string { return inSeconds(h.Queue) }

// Broker is where hubs and home apps connect: ports, empty where there is none.
type Broker struct{ Host, MQTT, MQTTS string }

// hubWaits are the choices of how long a command for a device that is away is kept.
var hubWaits = []time.Duration{0, 10 * time.Minute, 24 * time.Hour, bridges.MaxQueue}

// hubPlaces is where refusals of the domain stand.
var hubPlaces = []Place{{auth.ErrTooMany, ""}, {auth.ErrScope, ""}}

func (s *Homes) hubs(v *Visit, sent *Form, text string) error {
	frame, err := s.frame(v, "settings", homes.Arrange)
	if err != nil {
		return err
	}
	p := &HomeHubs{HomeFrame: frame, Forms: newForms(frame.Base() + "/hubs").with(sent), Broker: s.broker(), Text: text, Login: v.Actor.Account}
	for _, d := range hubWaits {
		p.Waits = append(p.Waits, Option{inSeconds(d), v.Say(fmt.Sprintf("hubs.wait.%d", int(d/time.Minute)))})
	}
	if p.Hubs, err = s.hubsOf(v.Context(), v.Actor.Account, frame.Home.ID); err != nil {
		return err
	}
	if sent != nil {
		return v.Again("home-hubs", p)
	}
	v.Header().Set("Cache-Control", "no-store")
	return v.Show("home-hubs", p)
}

// hubsOf are somebody's hubs in a home, those made last first.
func (s *Homes) hubsOf(ctx context.Context, account, home string) (hubs []Hub, err error) {
	tokens, err := s.Auth.List(ctx, account)
	if err != nil {
		return nil, err
	}
	for _, t := range slices.Backward(tokens) {
		if t.Home != home || !t.RevokedAt.IsZero() {
			continue
		}
		set, err := s.Bridges.Setting(ctx, t.ID)
		if err != nil {
			return nil, err
		}
		hubs = append(hubs, Hub{t, set})
	}
	return hubs, nil
}

// broker is where a hub connects, by the name under which this site is known.
func (s *Homes) broker() (b Broker) {
	if s.Ports != nil {
		b.MQTT, b.MQTTS = s.Ports()
	}
	if u, err := url.Parse(s.URL); err == nil {
		b.Host = u.Hostname()
	}
	return b
}

// addHub makes a token and shows its text in this very answer, because it is kept
// nowhere. Sent again, the form makes nothing.
func (s *Homes) addHub(v *Visit) error {
	f, err := v.Form()
	if err != nil {
		return err
	}
	wait, ok := hubWait(v, f)
	name, named := tokenName(v, f)
	if !ok || !named {
		return s.hubs(v, f, "")
	}
	home, text := v.Param("home"), ""
	_, err = v.Once(f, func() (_ string, err error) {
		text, err = s.makeHub(v, home, name, wait)
		return "", err
	})
	switch {
	case f.Took(err, hubPlaces...):
		return s.hubs(v, f, "")
	case err != nil:
		return err
	case text == "": // sent twice: it was shown
		v.Note("info", v.Say("tokens.shown-once"))
		return v.Go("/homes/" + home + "/hubs")
	}
	return s.hubs(v, nil, text)
}

func (s *Homes) makeHub(v *Visit, home, name string, wait time.Duration) (text string, err error) {
	ctx, by := v.Context(), v.Actor
	if _, err := s.Homes.Membership(ctx, by.Account, home, homes.Arrange); err != nil {
		return "", err
	}
	t, text, err := s.Auth.CreateBridge(ctx, by, home, name)
	if err != nil {
		return "", err
	}
	return text, s.Bridges.Configure(ctx, by.Account, home, t.ID, wait)
}

// changeHub revokes the token of one of the visitor's own hubs, or changes how long
// its commands wait. Others' do not exist for the visitor.
func (s *Homes) changeHub(v *Visit) error {
	home, token := v.Param("home"), v.Param("token")
	return v.act(func(f *Form) error { return s.hubs(v, f, "") }, func(f *Form) (string, error) {
		to := "/homes/" + home + "/hubs"
		own, err := s.hubsOf(v.Context(), v.Actor.Account, home)
		if err == nil && !slices.ContainsFunc(own, func(h Hub) bool { return h.ID == token }) {
			err = errAbsent
		}
		if err != nil {
			return to, err
		}
		said := v.Say("home.changed")
		switch v.Param("act") {
		case "wait":
			if wait, ok := hubWait(v, f); ok {
				err = s.Bridges.Configure(v.Context(), v.Actor.Account, home, token, wait)
			}
		case "revoke":
			said, err = v.Say("tokens.revoked"), s.Auth.Revoke(v.Context(), v.Actor, token)
		default:
			err = errAbsent
		}
		if err == nil && f.OK() {
			v.Note("good", said)
		}
		return to, err
	}, hubPlaces...)
}

// hubWait is the choice of a form; if it is none, the form says so.
func hubWait(v *Visit, f *Form) (time.Duration, bool) {
	for _, d := range hubWaits {
		if f.Get("wait") == inSeconds(d) {
			return d, true
		}
	}
	f.Refuse("wait", v.Say("tokens.life-refused"))
	return 0, false
}

func inSeconds(d time.Duration) string { return strconv.FormatInt(int64(d/time.Second), 10) }
