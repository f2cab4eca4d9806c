package api_test

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/proofmark/proofmark/internal/api"
	"github.com/proofmark/proofmark/internal/auth"
	"github.com/proofmark/proofmark/miot"
	"github.com/proofmark/proofmark/registry"
	"github.com/proofmark/proofmark/registry/bridges"
)

// lodger is somebody with an app.
type lodger struct {
	*house
	account string
	header  []string
}

func (h *house) lodger() *lodger {
	text, account := h.token(auth.ScopeApp)
	return &lodger{h, account, []string{"Authorization", "Bearer " + text}}
}

func (l *lodger) do(method, path string, body any) reply {
	l.Helper()
	return l.call(method, "/api/v1"+path, body, l.header...)
}

func (l *lodger) home(name string) string {
	l.Helper()
	return want[api.Home](l.house, l.do("POST", "/homes", object{"name": name}), http.StatusCreated).ID
}

// lets makes a link of the home and has the other one join by it.
func (l *lodger) lets(other *lodger, home string, link object) {
	l.Helper()
	made := want[object](l.house, l.do("POST", "/homes/"+home+"/links", link), http.StatusCreated)
	want[object](l.house, other.do("POST", "/homes:join", object{"code": made["code"]}), http.StatusOK)
}

// owns gives the lodger a claimed, connected purifier.
func (l *lodger) owns(did, home string) *gadget {
	l.Helper()
	l.purifier(did, "")
	code := want[object](l.house, l.call("POST", "/api/v1/devices/"+did+"/claim-code", nil), http.StatusCreated)["code"]
	g := l.connect(did, obedient)
	claim := want[api.Claim](l.house, l.do("POST", "/claims", object{"did": did, "code": code, "home": home, "name": "Purifier"}), http.StatusCreated)
	if claim.Basis != "retail" || claim.Account != l.account {
		l.Errorf("%+v", claim)
	}
	return g
}

// app calls an endpoint of protocol §6.
func (l *lodger) app(path string, body any) object {
	l.Helper()
	return want[object](l.house, l.call("POST", "/app/v2/"+path, body, l.header...), http.StatusOK)
}

func TestHomesOverHTTP(t *testing.T) {
	h := build(t)
	ann, bob, eve := h.lodger(), h.lodger(), h.lodger()
	home := ann.home("By the sea")
	room := want[api.Room](h, ann.do("POST", "/homes/"+home+"/rooms", object{"name": "Hall"}), http.StatusCreated).ID
	h.problem(ann.do("POST", "/homes/"+home+"/rooms", object{"name": "Hall"}), http.StatusConflict, "exists")
	ann.owns("p1", home)
	d := want[api.Device](h, ann.do("PATCH", "/devices/p1/place", object{"room": room, "name": "Lüfter"}), http.StatusOK)
	if d.Room != room || d.Name != "Lüfter" || d.Home != home {
		t.Errorf("%+v", d)
	}
	ann.lets(bob, home, object{"role": "member"})
	guests := time.Now().Add(time.Hour)
	ann.lets(eve, home, object{"role": "guest", "ends_at": guests})
	for _, l := range []*lodger{ann, bob, eve} {
		if c := l.app("miotspec/prop/set", object{"params": []object{{"did": "p1", "siid": 2, "piid": 1, "value": true}}}); code(c) != 0 {
			t.Errorf("%v", c)
		}
		if list := want[object](h, l.do("GET", "/devices", nil), http.StatusOK)["devices"].([]any); len(list) != 1 {
			t.Errorf("%v", list)
		}
	}
	h.problem(eve.do("POST", "/homes/"+home+"/rooms", object{"name": "Attic"}), http.StatusForbidden, "forbidden")
	h.problem(bob.do("POST", "/homes/"+home+"/links", object{"role": "member"}), http.StatusForbidden, "forbidden")
	h.problem(bob.do("DELETE", "/homes/"+home+"/members/"+ann.account, nil), http.StatusForbidden, "forbidden")
	h.problem(ann.do("DELETE", "/homes/"+home, nil), http.StatusConflict, "in-use")

	// A stranger and who was put out get nothing.
	want[object](h, ann.do("DELETE", "/homes/"+home+"/members/"+bob.account, nil), http.StatusNoContent)
	for _, l := range []*lodger{bob, h.lodger()} {
		h.problem(l.do("GET", "/homes/"+home, nil), http.StatusNotFound, "not-found")
		h.problem(l.do("GET", "/devices/p1", nil), http.StatusForbidden, "forbidden")
		if c := l.app("miotspec/prop/set", object{"params": []object{{"did": "p1", "siid": 2, "piid": 1, "value": true}}}); code(c) != int(miot.CloudWrongDID) {
			t.Errorf("%v", c)
		}
	}
	h.problem(bob.do("POST", "/homes:join", object{"code": "pmt_guess"}), http.StatusUnprocessableEntity, "code-refused")
	h.problem(bob.do("POST", "/homes", object{"name": "a\u202eb"}), http.StatusUnprocessableEntity, "invalid")
}

// code is that of the first result.
func code(reply object) int { return int(reply["result"].([]any)[0].(object)["code"].(float64)) }

func TestAppListsHomesAndDevices(t *testing.T) {
	h := build(t)
	ann, bob := h.lodger(), h.lodger()
	sea, hill := ann.home("Sea"), ann.home("Hill")
	room := want[api.Room](h, ann.do("POST", "/homes/"+sea+"/rooms", object{"name": "Hall"}), http.StatusCreated).ID
	ann.owns("p1", sea)
	ann.owns("p2", sea)
	want[object](h, ann.do("PATCH", "/devices/p2/place", object{"room": room}), http.StatusOK)
	h.purifier("p0", ann.account) // in no home
	h.purifier("px", "acc_other")
	ann.lets(bob, sea, object{"role": "guest", "ends_at": time.Now().Add(time.Hour)})

	names := func(list any, member string) (all []string) {
		for _, x := range list.([]any) {
			all = append(all, x.(object)[member].(string))
		}
		return all
	}
	r := ann.app("homeroom/gethome", object{})["result"].(object)
	if got := names(r["homelist"], "id"); !slices.Equal(got, []string{sea, hill}) || len(r["share_home_list"].([]any)) != 0 {
		t.Errorf("%v", r)
	}
	first := r["homelist"].([]any)[0].(object)
	if dids := first["dids"].([]any); len(dids) != 1 || dids[0] != "p1" || first["roomlist"].([]any)[0].(object)["dids"].([]any)[0] != "p2" {
		t.Errorf("%v", first)
	}
	page := ann.app("homeroom/gethome", object{"limit": 1})["result"].(object)
	if page["has_more"] != true || page["max_id"] != sea {
		t.Errorf("%v", page)
	}
	page = ann.app("homeroom/gethome", object{"limit": 1, "start_id": sea})["result"].(object)
	if got := names(page["homelist"], "id"); !slices.Equal(got, []string{hill}) || page["has_more"] != false {
		t.Errorf("%v", page)
	}
	shared := bob.app("homeroom/gethome", object{})["result"].(object)["share_home_list"].([]any)[0].(object)
	if shared["uid"] != ann.account || shared["role"] != "guest" || shared["end_time"] == nil {
		t.Errorf("%v", shared)
	}
	if r := bob.app("homeroom/gethome", object{"fetch_share": false})["result"].(object); len(r["share_home_list"].([]any)) != 0 {
		t.Errorf("%v", r)
	}

	devices := ann.app("home/device_list_page", object{"limit": 2})["result"].(object)
	if got := names(devices["list"], "did"); !slices.Equal(got, []string{"p0", "p1"}) || devices["next_start_did"] != "p1" {
		t.Errorf("%v", devices)
	}
	devices = ann.app("home/device_list_page", object{"limit": 2, "start_did": "p1"})["result"].(object)
	if got := names(devices["list"], "did"); !slices.Equal(got, []string{"p2"}) || devices["has_more"] != false {
		t.Errorf("%v", devices)
	}
	one := devices["list"].([]any)[0].(object)
	if one["isOnline"] != true || one["home_id"] != sea || one["room_id"] != room || one["model"] != "aurora-pure1" || one["spec_type"] == "" {
		t.Errorf("%v", one)
	}
	devices = bob.app("home/device_list_page", object{"dids": []string{"p1", "px", "p0", "../"}})["result"].(object)
	if got := names(devices["list"], "did"); !slices.Equal(got, []string{"p1"}) {
		t.Errorf("%v", devices)
	}
	if r := ann.app("home/device_list_page", `{"limit":"x"}`); r["code"] != float64(miot.CloudBadRequest) {
		t.Errorf("%v", r)
	}
}

func TestClaimsOverHTTP(t *testing.T) {
	h := build(t)
	ann, bob := h.lodger(), h.lodger()
	home, other := ann.home("Sea"), bob.home("Hill")
	g := ann.owns("p1", home)
	if q := <-g.asked; q.Method != miot.MethodInfo {
		t.Errorf("asked %s", q.Method)
	}
	if q := <-g.asked; q.Method != miot.MethodConfigKey {
		t.Errorf("asked %s", q.Method)
	}
	h.problem(bob.do("POST", "/claims", object{"did": "p1", "code": "0000-0000-0000-0000", "home": other}), http.StatusUnprocessableEntity, "code-refused")
	h.problem(bob.do("POST", "/claims", object{"did": "p1", "code": "0000-0000-0000-0000", "home": home}), http.StatusNotFound, "not-found")
	h.problem(bob.do("POST", "/devices/p1/release", object{}), http.StatusNotFound, "not-found")
	h.problem(bob.do("POST", "/devices/p1/handover", nil), http.StatusNotFound, "not-found")
	h.problem(bob.do("POST", "/devices/p1/claim-code", nil), http.StatusForbidden, "forbidden")
	h.problem(h.call("POST", "/api/v1/devices/p1/claim-code", nil), http.StatusConflict, "in-use")

	link := want[object](h, ann.do("POST", "/devices/p1/handover", nil), http.StatusCreated)["code"]
	taken := want[struct{ Claim api.Claim }](h, bob.do("POST", "/handovers:take", object{"code": link, "home": other}), http.StatusOK)
	if taken.Claim.Basis != "gift" || taken.Claim.Account != bob.account {
		t.Errorf("%+v", taken)
	}
	h.problem(bob.do("POST", "/handovers:take", object{"code": link, "home": other}), http.StatusUnprocessableEntity, "code-refused")
	h.problem(ann.do("GET", "/devices/p1", nil), http.StatusForbidden, "forbidden")

	for range 12 { // a guesser
		bob.do("POST", "/claims", object{"did": "p9", "code": "0000-0000-0000-0000", "home": other})
	}
	p := bob.do("POST", "/claims", object{"did": "p9", "code": "0000-0000-0000-0000", "home": other})
	h.problem(p, http.StatusTooManyRequests, "too-often")
	if p.Header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}

	want[object](h, h.call("POST", "/api/v1/devices/p1/quarantine", object{"reason": "looks copied"}), http.StatusNoContent)
	if reason := <-g.closed; reason != registry.ReasonQuarantine {
		t.Error(reason)
	}
	list := want[struct{ Devices []api.Device }](h, h.call("GET", "/api/v1/devices:quarantined", nil), http.StatusOK).Devices
	if len(list) != 1 || list[0].Quarantine != "looks copied" {
		t.Errorf("%+v", list)
	}
	want[object](h, h.call("DELETE", "/api/v1/devices/p1/quarantine?reason=it+was+not", nil), http.StatusNoContent)
	h.problem(h.call("DELETE", "/api/v1/devices/p1/quarantine?reason=it+was+not", nil), http.StatusConflict, "conflict")
	h.problem(bob.do("POST", "/devices/p1/quarantine", object{"reason": "for fun"}), http.StatusForbidden, "forbidden")
}

func TestBridgeTokenIsForItsHomeOnly(t *testing.T) {
	h := build(t)
	ann, bob := h.lodger(), h.lodger()
	home := ann.home("Sea")
	h.problem(bob.do("POST", "/homes/"+home+"/bridges", object{"name": "mine"}), http.StatusNotFound, "not-found")
	made := want[object](h, ann.do("POST", "/homes/"+home+"/bridges", object{"name": "Home Assistant"}), http.StatusCreated)
	bridge := []string{"Authorization", "Bearer " + made["token"].(string)}
	if made["home"] != home {
		t.Errorf("%v", made)
	}
	// Its maker sees what became of its commands, and says how long they wait.
	id := made["id"].(string)
	note := bridges.Note{Token: id, Refused: 2, Last: bridges.Outcome{End: bridges.Offline, Text: "p1 is offline"}, At: time.Now()}
	if err := h.db.Bridges().NoteRefused(t.Context(), []bridges.Note{note}); err != nil {
		t.Fatal(err)
	}
	h.problem(ann.do("PATCH", "/homes/"+home+"/bridges/"+id, object{"queue_s": 700_000}), http.StatusUnprocessableEntity, "invalid")
	h.problem(ann.do("PATCH", "/homes/"+home+"/bridges/tok_other", object{"queue_s": 60}), http.StatusNotFound, "not-found")
	h.problem(bob.do("PATCH", "/homes/"+home+"/bridges/"+id, object{"queue_s": 60}), http.StatusNotFound, "not-found")
	h.problem(bob.do("GET", "/homes/"+home+"/bridges", nil), http.StatusNotFound, "not-found")
	want[api.Bridge](h, ann.do("PATCH", "/homes/"+home+"/bridges/"+id, object{"queue_s": 60}), http.StatusOK)
	list := want[struct{ Bridges []api.Bridge }](h, ann.do("GET", "/homes/"+home+"/bridges", nil), http.StatusOK).Bridges
	if len(list) != 1 || list[0].Queue != 60 || list[0].Refused != 2 || list[0].Last != bridges.Offline || list[0].Why != "p1 is offline" || list[0].LastAt == nil {
		t.Errorf("%+v", list)
	}
	// Over HTTP it is nobody's app.
	h.problem(h.call("GET", "/api/v1/devices", nil, bridge...), http.StatusForbidden, "forbidden")
	h.problem(h.call("POST", "/app/v2/home/device_list_page", object{}, bridge...), http.StatusForbidden, "forbidden")
	h.problem(h.call("POST", "/api/v1/me/tokens", object{"scopes": []string{"app"}}, bridge...), http.StatusUnprocessableEntity, "invalid")
}
