package certificates

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/go-chi/chi/v5"

	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/internal/api"
	"github.com/proofmark/proofmark/internal/auth"
	"github.com/proofmark/proofmark/internal/bench"
	"github.com/proofmark/proofmark/internal/bench/office"
	"github.com/proofmark/proofmark/internal/bus"
	"github.com/proofmark/proofmark/registry"
	"github.com/proofmark/proofmark/web"
)

// PublicOptions say how much is asked.
type PublicOptions struct {
	Connections int           // kept alive: 64
	Rounds      int           // 3
	Span        time.Duration // of each measurement: 2 s
	Log         func(format string, args ...any)
}

const maxConnections = 1024

// Public asks for a certificate in every form, each in turn with the same bytes
// from a bare net/http handler.
func Public(ctx context.Context, o PublicOptions) (_ *bench.Result, err error) {
	var bounds bench.Bounds
	bounds.Within("connections", &o.Connections, 64, maxConnections)
	bounds.Within("rounds", &o.Rounds, 3, maxRounds)
	if err := bounds.Err(); err != nil {
		return nil, fmt.Errorf("bench certificates: %w", err)
	}
	if o.Span <= 0 || o.Span > time.Minute {
		o.Span = 2 * time.Second
	}
	if o.Log == nil {
		o.Log = func(string, ...any) {}
	}
	dir, err := os.MkdirTemp("", "proofmark-bench-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	f, err := office.Open(ctx, "sqlite:"+filepath.Join(dir, "proofmark.db"), dir)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	serial, err := first(ctx, f)
	if err != nil {
		return nil, err
	}
	handler, err := handlerOf(f)
	if err != nil {
		return nil, err
	}
	return o.measure(handler, map[string]string{
		"page": "/certificates/" + serial, "json": "/api/v1/certificates/" + serial, "list": "/status/list",
	})
}

// first issues a few certificates and gives the serial of one.
func first(ctx context.Context, f *office.Office) (string, error) {
	ids, err := f.Approve(ctx, office.Bench, 20)
	if err != nil {
		return "", err
	}
	if err := issue(ctx, f, ids[1:], 4); err != nil {
		return "", err
	}
	c, err := f.Issuer.Certify(ctx, ids[0])
	if err != nil {
		return "", err
	}
	return c.Serial, f.Conclude(ctx, ids)
}

// handlerOf routes as the service does.
func handlerOf(f *office.Office) (http.Handler, error) {
	log := slog.New(slog.DiscardHandler)
	pages, err := web.New(web.Options{Log: log})
	if err != nil {
		return nil, err
	}
	programme := f.DB.Programme()
	desk := certification.NewStatusDesk(programme, f.Keys, nil)
	certificates := web.NewCertificates(web.CertificatesOptions{Site: pages, Source: programme, URL: office.Site})
	people := auth.New(auth.Options{Store: f.DB.Auth(), Log: log})
	events := bus.NewLocal()
	r := chi.NewRouter()
	certificates.Routes(r)
	r.Mount("/", api.New(api.Config{
		Registry: registry.New(registry.Options{Store: f.DB.Registry(), Bus: events}), Auth: people, Bus: events, Log: log,
		Transparency: f.Log, Issuer: f.Issuer, Certificates: programme, StatusList: desk.Current,
	}))
	return certificates.Keep(r), nil
}

func (o PublicOptions) measure(handler http.Handler, paths map[string]string) (*bench.Result, error) {
	result := bench.New("certificates-public", "round", "bytes", "requests_per_s", "p50_ms", "p99_ms")
	result.Setting["connections"], result.Setting["seconds"] = o.Connections, o.Span.Seconds()
	for round := 1; round <= o.Rounds; round++ {
		for _, what := range []string{"page", "json", "list"} {
			header, body, err := once(handler, paths[what])
			if err != nil {
				return nil, err
			}
			bare := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				for name, values := range header {
					w.Header()[name] = values
				}
				_, _ = w.Write(body) // the client is gone, or it has it
			})
			for _, side := range []struct {
				name string
				http.Handler
			}{{what, handler}, {what + "-bare", bare}} {
				o.Log("round %d: %s for %s", round, side.name, o.Span)
				figures, err := o.ask(side.Handler, paths[what], len(body))
				if err != nil {
					return nil, fmt.Errorf("bench certificates: %s: %w", side.name, err)
				}
				figures["target"], figures["round"], figures["bytes"] = side.name, round, len(body)
				result.Runs = append(result.Runs, figures)
			}
		}
	}
	result.Summarise("page")
	for _, what := range []string{"page", "json", "list"} {
		result.Compare(what+"/bare", "requests_per_s", what, what+"-bare")
	}
	return result, nil
}

// once is what the handler answers, for a bare one to repeat.
func once(handler http.Handler, path string) (http.Header, []byte, error) {
	server, url, err := serve(handler)
	if err != nil {
		return nil, nil, err
	}
	defer server.Close()
	client := http.Client{Timeout: 10 * time.Second}
	defer client.CloseIdleConnections()
	response, err := client.Get("http://" + url + path) //nolint:noctx // bounded by its timeout
	if err != nil {
		return nil, nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s is answered by %s: %.300s", path, response.Status, body)
	}
	header := response.Header
	header.Del("Date")
	return header, body, err
}

func serve(handler http.Handler) (*http.Server, string, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, "", err
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = server.Serve(ln) }() // until it is closed
	return server, ln.Addr().String(), nil
}

// ask keeps the connections busy for the span, each with one request at a time.
func (o PublicOptions) ask(handler http.Handler, path string, size int) (bench.Figures, error) {
	server, addr, err := serve(handler)
	if err != nil {
		return nil, err
	}
	defer server.Close()
	request := []byte("GET " + path + " HTTP/1.1\r\nHost: " + addr + "\r\n\r\n")
	latencies, errs := make([]bench.Latency, o.Connections), make([]error, o.Connections)
	counts := make([]int, o.Connections)
	began := time.Now()
	end := began.Add(o.Span)
	var all sync.WaitGroup
	for i := range o.Connections {
		all.Go(func() { counts[i], errs[i] = asker(addr, request, size, end, &latencies[i]) })
	}
	all.Wait()
	took := time.Since(began)
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	total, latency := 0, bench.Latency{}
	for i := range counts {
		total += counts[i]
		latency.Merge(&latencies[i])
	}
	ms := func(p float64) float64 { return bench.Round(latency.Percentile(p).Seconds()*1000, 3) }
	return bench.Figures{"requests_per_s": bench.Round(float64(total)/took.Seconds(), 0), "p50_ms": ms(0.5), "p99_ms": ms(0.99)}, nil
}

func asker(addr string, request []byte, size int, end time.Time, latency *bench.Latency) (n int, err error) {
	conn, err := net.DialTimeout("tcp", addr, 10*time.Second)
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	if err := conn.SetDeadline(end.Add(10 * time.Second)); err != nil {
		return 0, err
	}
	r := bufio.NewReaderSize(conn, 64<<10)
	for {
		asked := time.Now()
		if !asked.Before(end) {
			return n, nil
		}
		if _, err := conn.Write(request); err != nil {
			return n, err
		}
		if err := answered(r, size); err != nil {
			return n, err
		}
		latency.Add(time.Since(asked))
		n++
	}
}

// answered reads one answer: 200, with a Content-Length of size.
func answered(r *bufio.Reader, size int) error {
	long := fmt.Sprintf("Content-Length: %d\r\n", size)
	line, err := r.ReadSlice('\n')
	if err != nil {
		return err
	}
	if string(line) != "HTTP/1.1 200 OK\r\n" {
		return fmt.Errorf("answer %q", line)
	}
	whole := false
	for len(line) > 2 {
		if line, err = r.ReadSlice('\n'); err != nil {
			return err
		}
		whole = whole || string(line) == long
	}
	if !whole {
		return fmt.Errorf("an answer without %q", long)
	}
	_, err = r.Discard(size)
	return err
}
