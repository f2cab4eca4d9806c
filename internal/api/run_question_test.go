package api_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"image"
	"image/png"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/certification/rig"
	"github.com/proofmark/proofmark/certification/suite"
	"github.com/proofmark/proofmark/certification/virtual"
	"github.com/proofmark/proofmark/internal/auth"
)

// watch follows a run's events.
func (m *maker) watch(run string) <-chan rig.RunProgress {
	m.Helper()
	r, err := http.NewRequestWithContext(m.Context(), "GET", m.url+"/api/v1/runs/"+run+"/events", nil)
	if err != nil {
		m.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+m.token)
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		m.Fatal(err)
	}
	if resp.StatusCode != http.StatusOK || resp.Header.Get("Content-Type") != "text/event-stream" {
		m.Fatalf("%s, %s", resp.Status, resp.Header.Get("Content-Type"))
	}
	events := make(chan rig.RunProgress, 1024)
	go func() {
		defer resp.Body.Close()
		defer close(events)
		lines := bufio.NewScanner(resp.Body)
		for lines.Scan() {
			if text, ok := strings.CutPrefix(lines.Text(), "data: {\"run\""); ok {
				var p rig.RunProgress
				if json.Unmarshal([]byte("{\"run\""+text), &p) == nil {
					events <- p
				}
			}
		}
	}()
	return events
}

func photo(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewRGBA(image.Rect(0, 0, 4, 4))); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// A case that needs a person is answered in the product, with a photo.
func TestAnOperatorAnswersOverHTTP(t *testing.T) {
	h := build(t)
	h.openRig()
	m := h.newMaker()
	m.device("tcp")
	run := m.start(object{"transport": "tcp", "plan": "full", "cases": []string{"READ-01", "SEC-10"}})
	path := "/api/v1/runs/" + run.ID
	events := m.watch(run.ID)
	if first := <-events; first.Run != run.ID || first.State == "" {
		t.Errorf("the first event is %+v, want where the run is", first)
	}
	var asked rig.RunProgress
	for asked = range events {
		if asked.State == certification.RunAsking && len(asked.Open) == 1 {
			break
		}
	}
	type questions struct {
		Questions []struct {
			certification.Question
			Left int64 `json:"left_ms"`
		}
	}
	open := want[questions](h, m.do("GET", path+"/questions", nil), http.StatusOK).Questions
	if len(open) != 1 || open[0].Case != "SEC-10" || open[0].Evidence != "photo" || open[0].Left <= 0 || open[0].ID != asked.Open[0] {
		t.Fatalf("questions %+v, the event named %v", open, asked.Open)
	}
	to := path + "/questions/" + open[0].ID
	reviewer, _ := h.token(auth.ScopeReviewer)
	stranger, _ := h.member("org_01890000-0000-7000-8000-000000000000")
	colleague, account := h.member(m.org)
	h.problem(h.as(reviewer, "POST", to, object{"answer": "yes"}), http.StatusForbidden, "forbidden")
	h.problem(h.as(stranger, "POST", to, object{"answer": "yes"}), http.StatusNotFound, "not-found")
	h.problem(m.do("POST", to, object{"answer": "perhaps"}), http.StatusUnprocessableEntity, "invalid")
	h.problem(m.do("POST", to, object{"answer": "yes", "file": sha("never given")}), http.StatusNotFound, "not-found")
	h.problem(m.do("POST", path+"/questions/qst_01890000-0000-7000-8000-000000000000", object{"answer": "yes"}), http.StatusNotFound, "not-found")
	if r := h.call("POST", path+"/files?name=board.png", "<html><script>alert(1)</script>", "Authorization", "Bearer "+m.token, "Content-Type", "image/png"); r.StatusCode != http.StatusUnprocessableEntity && r.StatusCode != http.StatusUnsupportedMediaType {
		t.Errorf("a page that calls itself a picture: %s: %s", r.Status, r.body)
	}
	file := want[certification.RunFile](h, h.call("POST", path+"/files?name=board.png", photo(t), "Authorization", "Bearer "+colleague, "Content-Type", "image/png"), http.StatusCreated)
	secret := want[struct{ rig.Access }](h, m.do("GET", "/api/v1/submissions/"+m.sub.ID+"/bench", nil), http.StatusOK).Secret
	said := h.as(colleague, "POST", to, object{"answer": "yes", "note": "as stated; the secret is " + secret, "file": file.SHA256})
	got := want[certification.Question](h, said, http.StatusOK)
	if got.State != certification.QuestionAnswered || got.AnsweredBy != account || strings.Contains(string(said.body), secret) {
		t.Errorf("answered: %s", said.body)
	}
	if again := h.as(colleague, "POST", to, object{"answer": "no"}); again.StatusCode != http.StatusConflict {
		t.Errorf("a second answer: %s: %s", again.Status, again.body)
	}
	ended := m.wait(run.ID)
	if ended.State != certification.RunFinished || ended.Summary.Counts[suite.Review] != 1 {
		t.Fatalf("%s (%s): %+v", ended.State, ended.Reason, ended.Summary)
	}
	for last := range events {
		if last.State == certification.RunFinished {
			break
		}
	}
	who, err := h.rig.OperatorsOf(t.Context(), m.sub.ID)
	if err != nil || !slices.Contains(who, account) || !slices.Contains(who, m.account) {
		t.Errorf("operators %v, %v", who, err)
	}
	shown := h.as(reviewer, "GET", path+"/files/"+file.SHA256, nil)
	if shown.StatusCode != http.StatusOK || !bytes.Equal(shown.body, photo(t)) || !strings.HasPrefix(shown.Header.Get("Content-Disposition"), "attachment") {
		t.Errorf("the photo: %s, %q", shown.Status, shown.Header)
	}
	if strings.Contains(h.log.String(), secret) {
		t.Error("the log holds the device's secret")
	}
}

// A device that comes with the secret of before is refused, and the run goes on
// waiting for it.
func TestARotatedSecretOpensNothing(t *testing.T) {
	h := build(t)
	h.openRig()
	m := h.newMaker()
	bench := "/api/v1/submissions/" + m.sub.ID + "/bench"
	type access struct{ rig.Access }
	old := want[access](h, m.do("GET", bench, nil), http.StatusOK)
	fresh := want[access](h, m.do("POST", bench+"/rotate", nil), http.StatusOK)
	if old.Secret == fresh.Secret || fresh.Version != old.Version+1 || old.DID != fresh.DID {
		t.Fatalf("before %+v, after %+v", old.Access, fresh.Access)
	}
	_, stop := m.device("tcp", func(c *virtual.Config) { c.Secret = old.Secret })
	run := m.start(object{"transport": "tcp", "cases": []string{"READ-01"}})
	events := m.watch(run.ID)
	for p := range events {
		if p.State == certification.RunWaiting && p.Phase == suite.WaitingForDevice {
			break
		}
	}
	h.problem(m.do("POST", bench+"/rotate", nil), http.StatusConflict, "not-now")
	stop()
	m.device("tcp")
	if got := m.wait(run.ID); got.State != certification.RunFinished || got.Summary.Verdict != suite.Pass {
		t.Errorf("%s (%s): %+v", got.State, got.Reason, got.Summary)
	}
}
