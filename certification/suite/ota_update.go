package suite

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/proofmark/proofmark/certification/suite/bench"
	"github.com/proofmark/proofmark/miot"
)

// States of miIO.get_ota_state.
const (
	stateIdle        = "idle"
	stateDownloading = "downloading"
	stateDownloaded  = "downloaded"
	stateInstalling  = "installing"
	stateFailed      = "failed"
	stateGone        = "not answering" // as while it starts anew
)

// offer is an image that the device is told to fetch.
type offer struct{ url, md5, sha256 string }

// needs skips the case when the declaration names no such image.
func (t *T) needs(field, url string) {
	if url == "" {
		t.Skip("the declaration names no ota.%s to offer", field)
	}
}

// offer sends miIO.ota.
func (t *T) offer(o offer) Reply {
	params, err := json.Marshal(struct {
		Mode   string `json:"mode"`
		URL    string `json:"app_url"`
		MD5    string `json:"file_md5"`
		SHA256 string `json:"file_sha256,omitempty"`
		Proc   string `json:"proc"`
	}{"normal", o.url, o.md5, o.sha256, "dnld install"})
	if err != nil {
		panic(err) // strings always marshal
	}
	return t.Ask(miot.MethodOTA, params)
}

// current is the image of the version under test.
func (t *T) current() offer {
	o := t.Declaration.OTA
	return offer{url: o.Image, md5: o.MD5, sha256: o.SHA256}
}

// version is what the device says that it runs; empty when it says nothing.
func (t *T) version() string {
	for until := t.now + UpdateAnswer; ; {
		if !t.AwaitReady(until - t.now) {
			return ""
		}
		if info := t.info(); info != nil || t.now >= until {
			if info == nil {
				return ""
			}
			return info.Firmware
		}
	}
}

// state asks how far an update is. Both the word and an array of it are answers in
// the ecosystem.
func (t *T) state() string {
	if !t.Wire.Ready {
		return stateGone
	}
	r := t.Ask(miot.MethodOTAState, nil)
	if r.R == nil || r.R.Error != nil {
		return stateGone
	}
	return oneText(r.R.Result)
}

func oneText(raw json.RawMessage) string {
	var list []json.RawMessage
	if json.Unmarshal(raw, &list) == nil && len(list) == 1 {
		raw = list[0]
	}
	var text string
	if json.Unmarshal(raw, &text) != nil {
		return string(raw)
	}
	return text
}

// progress is how far an update is, in percent; false when it is not told.
func (t *T) progress() (int, bool) {
	if !t.Wire.Ready {
		return 0, false
	}
	r := t.Ask(miot.MethodOTAProgress, nil)
	if r.R == nil || r.R.Error != nil {
		return 0, false
	}
	n, err := strconv.Atoi(oneText(r.R.Result))
	return n, err == nil
}

// followUpdate asks for the state until it is one that is waited for, at most
// UpdateLimit, and returns it.
func (t *T) followUpdate(done func(state string) bool) string {
	for until := t.now + UpdateLimit; ; {
		s := t.state()
		if done(s) || t.now >= until {
			return s
		}
		t.Idle(min(updatePoll, until-t.now), nil)
	}
}

// refusesImage offers an image that must not be installed: the device says that it
// failed (or refuses at once), and goes on with the version that it runs.
func (t *T) refusesImage(field string, o offer) {
	t.updates()
	t.needs(field, o.url)
	t.Ready(ConnectLimit)
	running := t.version()
	mark := t.Wire
	t.Step("ota.%s is offered to version %s: %s", field, running, o.url)
	r := t.offer(o)
	if !t.Check(r.R != nil, "an answer to "+miot.MethodOTA+" within "+AnswerLimit.String(), "none") {
		return
	}
	what := fmt.Sprintf("ota.%s refused: state %s, and never %s", field, stateFailed, stateInstalling)
	if r.R.Error != nil {
		t.Check(true, what, "")
	} else {
		seen := t.followUpdate(func(s string) bool {
			return !slices.Contains([]string{stateDownloading, stateDownloaded, stateGone, "busy"}, s)
		})
		t.Check(seen == stateFailed, what, "state "+seen, t.last)
		if seen == stateInstalling {
			t.followUpdate(func(s string) bool { return s == stateIdle || s == stateFailed })
		}
	}
	t.Ready(returnLimit)
	got := t.version()
	t.Check(got == running, "version "+quoted(running)+" still running after ota."+field, quoted(got), t.last)
	t.Alive(mark, 0)
}

// update brings the device to the version under test, and judges that it gets there.
func (t *T) update() {
	t.Ready(returnLimit)
	want := t.Declaration.Firmware
	if t.version() == want {
		return
	}
	t.Step("version %s is offered: %s", want, t.current().url)
	from := t.now
	r := t.offer(t.current())
	if !t.Check(r.R != nil && r.R.Error == nil, "the offer of version "+want+" accepted", r.describe(), r.Event) {
		t.Stop()
	}
	t.reaches(from+UpdateLimit, want)
}

// reaches judges that the device runs a version in time.
func (t *T) reaches(until time.Duration, want string) {
	last := ""
	for t.now < until {
		if s := t.state(); s == stateFailed {
			t.Check(false, "version "+quoted(want)+" installed", "state "+stateFailed, t.last)
			t.Stop()
		} else if s == stateIdle {
			if last = t.version(); last == want {
				break
			}
		}
		t.Idle(min(updatePoll, until-t.now), nil)
	}
	if !t.Check(last == want, fmt.Sprintf("version %s within %v of the offer", quoted(want), UpdateLimit), quoted(last), t.last) {
		t.Stop()
	}
}

// goBack brings the device to the version before: by a downgrade where the declared
// policy allows it, else by the operator with the maker's own tool.
func (t *T) goBack() {
	o := t.Declaration.OTA
	t.Ready(returnLimit)
	if t.version() == o.Previous {
		return
	}
	if o.Downgrade != "" && o.Downgrade != "refused" && o.Older != "" {
		t.Step("version %s is offered, which the declared policy allows: %s", o.Previous, o.Downgrade)
		t.offer(offer{url: o.Older, md5: o.OlderMD5})
		t.followUpdate(func(s string) bool { return s == stateFailed || s == stateIdle && t.version() == o.Previous })
	}
	if t.version() != o.Previous {
		t.person(fmt.Sprintf("firmware %s has to be put on the device by the maker's tool", o.Previous))
		t.Operator(bench.Question{
			Kind: bench.Install, Value: rawOf(o.Previous),
			Text: fmt.Sprintf("Put firmware %s on the device with your own tool, without erasing its settings, and wait until it is online again.", o.Previous),
		})
		t.Idle(updatePoll, nil)
		t.Ready(returnLimit)
	}
	if got := t.version(); got != o.Previous {
		t.Skip("the device runs %s and not %s, the version to update from", quoted(got), quoted(o.Previous))
	}
}
