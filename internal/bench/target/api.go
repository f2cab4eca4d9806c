package target

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"
)

// API speaks to the gateway's HTTP interface over one kept connection.
type API struct {
	base   string // http://127.0.0.1:PORT
	token  string // the operator's
	client *http.Client
}

func newAPI(base string) *API {
	return &API{base: base, client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 1}, Timeout: time.Minute}}
}

// Post sends a JSON object and reads the reply into out, which may be nil.
func (a *API) Post(ctx context.Context, path string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return fmt.Errorf("POST %s: %w", path, err)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, a.base+path, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("POST %s: %w", path, err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Authorization", "Bearer "+a.token)
	response, err := a.client.Do(request)
	if err != nil {
		return err // it names method and address
	}
	defer response.Body.Close()
	reply, err := io.ReadAll(io.LimitReader(response.Body, 64<<20))
	if err != nil {
		return fmt.Errorf("POST %s: reading the reply: %w", path, err)
	}
	if response.StatusCode/100 != 2 {
		return fmt.Errorf("POST %s: %s: %.500s", path, response.Status, bytes.TrimSpace(reply))
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(reply, out); err != nil {
		return fmt.Errorf("POST %s: reply %.200q: %w", path, reply, err)
	}
	return nil
}

// ready asks /readyz once.
func (a *API) ready(ctx context.Context) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, a.base+"/readyz", nil)
	if err != nil {
		return err
	}
	response, err := a.client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("GET /readyz: %s", response.Status)
	}
	return nil
}
