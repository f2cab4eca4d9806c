package web

import (
	"errors"
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
func (h Hub) Waits() string { return strconv.FormatInt(int64(h.Queue/time.Second), 10) }

// Broker is where hubs and home apps connect: ports, empty where there is none.
type Broker struct{ Host, MQTT, MQTTS string }

// hubWaits are the choices of how long a command for a device that is away is kept.
var hubWaits = []time.Duration{0, 10 * time.Minute, 24 * time.Hour, bridges.MaxQueue}

var (
	errHubName = errors.New("say what it is for, in 1 to 200 characters")
	errHubWait = errors.New("choose one of the times in the list")

	hubPlaces = []Place{{errHubName, "name"}, {errHubWait, "wait"}, {auth.ErrTooMany, ""}, {auth.ErrScope, ""}}
)

func (s *Homes) hubs(v *Visit, sent *Form, text string) error {
	frame, err := s.frame(v, "settings", homes.Arrange)
	if err != nil {
		return err
	}
	p := &HomeHubs{HomeFrame: frame, Forms: newForms(frame.Base() + "/hubs").with(sent), Broker: s.broker(), Text: text, Login: v.Actor.Account}
	for _, d := range hubWaits {
		p.Waits = append(p.Waits, Option{strconv.FormatInt(int64(d/time.Second), 10), v.Say(fmt.Sprintf("hubs.wait.%d", int(d/time.Minute)))})
	}
	tokens, err := s.Auth.List(v.Context(), v.Actor.Account)
	if err != nil {
		return err
	}
	for _, t := range slices.Backward(tokens) {
		if t.Home != frame.Home.ID || !t.RevokedAt.IsZero() {
			continue
		}
		set, err := s.Bridges.Setting(v.Context(), t.ID)
		if err != nil {
			return err
		}
		p.Hubs = append(p.Hubs, Hub{t, set})
	}
	if sent != nil {
		return v.Again("home-hubs", p)
	}
	v.Header().Set("Cache-Control", "no-store")
	return v.Show("home-hubs", p)
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
	home, text := v.Param("home"), ""
	_, err = v.Once(f, func() (_ string, err error) {
		text, err = s.makeHub(v, f, home)
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

func (s *Homes) makeHub(v *Visit, f *Form, home string) (text string, err error) {
	ctx, by := v.Context(), v.Actor
	name, wait := f.Get("name"), hubWait(f.Get("wait"))
	switch _, err := s.Homes.Membership(ctx, by.Account, home, homes.Arrange); {
	case err != nil:
		return "", err
	case name == "" || len([]rune(name)) > 200:
		return "", errHubName
	case wait < 0:
		return "", errHubWait
	}
	t, text, err := s.Auth.CreateBridge(ctx, by, home, name)
	if err != nil {
		return "", err
	}
	return text, s.Bridges.Configure(ctx, by.Account, home, t.ID, wait)
}

// changeHub revokes a hub's token, or changes how long its commands wait.
func (s *Homes) changeHub(v *Visit) error {
	home, token := v.Param("home"), v.Param("token")
	return v.act(func(f *Form) error { return s.hubs(v, f, "") }, func(f *Form) (string, error) {
		said, err := v.Say("home.changed"), errAbsent
		switch v.Param("act") {
		case "wait":
			if err = errHubWait; hubWait(f.Get("wait")) >= 0 {
				err = s.Bridges.Configure(v.Context(), v.Actor.Account, home, token, hubWait(f.Get("wait")))
			}
		case "revoke":
			said, err = v.Say("tokens.revoked"), s.Auth.Revoke(v.Context(), v.Actor, token)
		}
		if err == nil {
			v.Note("good", said)
		}
		return "/homes/" + home + "/hubs", err
	}, hubPlaces...)
}

// hubWait is a choice of the form; negative: none.
func hubWait(text string) time.Duration {
	for _, d := range hubWaits {
		if text == strconv.FormatInt(int64(d/time.Second), 10) {
			return d
		}
	}
	return -1
}
