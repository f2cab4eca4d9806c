package virtual

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
)

// maxImage bounds a download.
const maxImage = 64 << 20

// FetchHTTPS downloads over validated TLS (OTA-08). Plain http is taken only from this machine itself, for development, and a
// redirect never leads from https to http.
func FetchHTTPS(trust *tls.Config) Fetch {
	client := &http.Client{
		Transport: &http.Transport{TLSClientConfig: trust.Clone(), DisableKeepAlives: true},
		CheckRedirect: func(request *http.Request, via []*http.Request) error {
			if len(via) > 5 {
				return fmt.Errorf("%w: more than 5 redirects", ErrUntrusted)
			}
			if via[0].URL.Scheme == "https" && request.URL.Scheme != "https" {
				return fmt.Errorf("%w: redirect from https to %s", ErrUntrusted, request.URL.Scheme)
			}
			return trusted(request.URL)
		},
	}
	return func(ctx context.Context, address string) ([]byte, error) {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrUntrusted, err)
		}
		if err := trusted(request.URL); err != nil {
			return nil, err
		}
		response, err := client.Do(request)
		if err != nil {
			var certificate *tls.CertificateVerificationError
			if errors.As(err, &certificate) {
				return nil, fmt.Errorf("%w: %w", ErrUntrusted, err)
			}
			return nil, err
		}
		defer response.Body.Close()
		if response.StatusCode != http.StatusOK {
			return nil, fmt.Errorf("%s answered %s", request.URL.Host, response.Status)
		}
		data, err := io.ReadAll(io.LimitReader(response.Body, maxImage+1))
		if err == nil && len(data) > maxImage {
			return nil, fmt.Errorf("%w: image is larger than %d bytes", ErrUntrusted, maxImage)
		}
		return data, err
	}
}

func trusted(u *url.URL) error {
	if u.Scheme == "https" {
		return nil
	}
	host := u.Hostname()
	if ip := net.ParseIP(host); u.Scheme == "http" && (host == "localhost" || ip != nil && ip.IsLoopback()) {
		return nil
	}
	return fmt.Errorf("%w: %s is not https", ErrUntrusted, u.Redacted())
}
