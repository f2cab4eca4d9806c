package pages

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"time"
)

// browser is one session: its own cookies, and connections that are kept.
type browser struct {
	client http.Client
	site   string
}

func newBrowser(site string) *browser {
	jar, _ := cookiejar.New(nil) // fails for options that are not given
	return &browser{site: site, client: http.Client{
		Jar: jar, Timeout: pageTime, Transport: &http.Transport{MaxIdleConnsPerHost: 2},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// pageTime bounds one page: a server that is silent for longer is broken.
const pageTime = 20 * time.Second

// open asks for a page and reads it to its end.
func (b *browser) open(ctx context.Context, path string) (status int, kind string, body []byte, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, b.site+path, nil)
	if err != nil {
		return 0, "", nil, err
	}
	return b.do(r)
}

func (b *browser) do(r *http.Request) (status int, kind string, body []byte, err error) {
	answer, err := b.client.Do(r)
	if err != nil {
		return 0, "", nil, err
	}
	defer func() { _ = answer.Body.Close() }()
	body, err = io.ReadAll(answer.Body)
	return answer.StatusCode, answer.Header.Get("Content-Type"), body, err
}

// be logs in as one of the sample world's people by the click that it offers.
func (b *browser) be(ctx context.Context, account string) error {
	form := url.Values{"account": {account}, "next": {"/"}}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, b.site+"/demo/log-in", strings.NewReader(form.Encode()))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	status, _, body, err := b.do(r)
	if err == nil && status != http.StatusSeeOther {
		err = fmt.Errorf("log in as %s: answer %d: %.200s", account, status, body)
	}
	return err
}

// person is somebody of the sample world.
type person struct{ Account, Name string }

var offered = regexp.MustCompile(`data-person="([^"]+)"><input type="hidden" name="account" value="([^"]+)"`)

// people are those whom the page of the log-in offers.
func (b *browser) people(ctx context.Context) ([]person, error) {
	status, _, body, err := b.open(ctx, "/log-in")
	if err != nil || status != http.StatusOK {
		return nil, fmt.Errorf("/log-in: answer %d: %w", status, err)
	}
	var all []person
	for _, m := range offered.FindAllSubmatch(body, -1) {
		all = append(all, person{Account: string(m[2]), Name: string(m[1])})
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("/log-in offers nobody of a sample world: %.200s", body)
	}
	return all, nil
}

var link = regexp.MustCompile(`<a\s[^>]*href="(/[^"#?]*)`)

// maxPages bounds what one session visits.
const maxPages = 400

// crawl gives a page for each pattern that is reached by links from the front page.
func (b *browser) crawl(ctx context.Context) (map[string]string, error) {
	found := make(map[string]string)
	seen := map[string]bool{"/": true}
	queue := []string{"/"}
	tried := make(map[string]int) // by pattern: not all devices of a fleet
	for visits := 0; len(queue) > 0 && visits < maxPages; visits++ {
		path := queue[0]
		queue = queue[1:]
		pattern := patternOf(path)
		if tried[pattern]++; tried[pattern] > 3 {
			continue
		}
		status, kind, body, err := b.open(ctx, path)
		switch {
		case err != nil:
			return nil, fmt.Errorf("%s: %w", path, err)
		case status >= http.StatusInternalServerError:
			return nil, fmt.Errorf("%s: answer %d: %.200s", path, status, body)
		case status != http.StatusOK || !strings.HasPrefix(kind, "text/html"):
			continue // a redirection, a file
		}
		if found[pattern] == "" {
			found[pattern] = path
		}
		for _, m := range link.FindAllSubmatch(body, -1) {
			if next := string(m[1]); !seen[next] && !strings.HasPrefix(next, "//") && !strings.HasPrefix(next, "/api/") {
				seen[next] = true
				queue = append(queue, next)
			}
		}
	}
	return found, nil
}

var named = []struct {
	form *regexp.Regexp
	name string
}{
	{regexp.MustCompile(`^[a-z]{3}_[0-9a-f-]{36}$`), "{id}"},
	{regexp.MustCompile(`^PM-\d+-\d+$`), "{serial}"},
	{regexp.MustCompile(`^[0-9a-f]{64}$`), "{sha256}"},
	{regexp.MustCompile(`^[A-Z2-7]{26}$`), "{key}"},
	{regexp.MustCompile(`^[A-Z]\d{4}-\d{3}-\d{6}$`), "{voucher}"},
	{regexp.MustCompile(`^\d+$`), "{n}"},
	{regexp.MustCompile(`^[A-Z0-9]{2,12}-\d+(\[.*\])?$`), "{case}"},
}

// patternOf is a path without what names one thing.
func patternOf(path string) string {
	segments := strings.Split(path, "/")
	for i, s := range segments {
		for _, n := range named {
			if n.form.MatchString(s) {
				segments[i] = n.name
			}
		}
	}
	return strings.Join(segments, "/")
}
