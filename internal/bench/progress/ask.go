package progress

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/proofmark/proofmark/internal/bench"
)

// once is what the handler answers, for a bare one to repeat.
func once(handler http.Handler, path string) (http.Header, []byte, error) {
	server, addr, err := serve(handler)
	if err != nil {
		return nil, nil, err
	}
	defer server.Close()
	client := http.Client{Timeout: 10 * time.Second}
	defer client.CloseIdleConnections()
	response, err := client.Get("http://" + addr + path) //nolint:noctx // bounded by its timeout
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

func bareHandler(header http.Header, body []byte) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for name, values := range header {
			w.Header()[name] = values
		}
		_, _ = w.Write(body) // the client is gone, or it has it
	})
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
func (o Options) ask(handler http.Handler, path string) (bench.Figures, error) {
	server, addr, err := serve(handler)
	if err != nil {
		return nil, err
	}
	defer server.Close()
	request := []byte("GET " + path + " HTTP/1.1\r\nHost: " + addr + "\r\n\r\n")
	latencies, errs, counts := make([]bench.Latency, o.Connections), make([]error, o.Connections), make([]int, o.Connections)
	began := time.Now()
	end := began.Add(o.Span)
	var all sync.WaitGroup
	for i := range o.Connections {
		all.Go(func() { counts[i], errs[i] = asker(addr, request, end, &latencies[i]) })
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

func asker(addr string, request []byte, end time.Time, latency *bench.Latency) (n int, err error) {
	conn, err := net.DialTimeout("tcp", addr, 10*time.Second)
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	if err := conn.SetDeadline(end.Add(10 * time.Second)); err != nil {
		return 0, err
	}
	r := bufio.NewReaderSize(conn, 4<<10)
	for {
		asked := time.Now()
		if !asked.Before(end) {
			return n, nil
		}
		if _, err := conn.Write(request); err != nil {
			return n, err
		}
		if err := answered(r); err != nil {
			return n, err
		}
		latency.Add(time.Since(asked))
		n++
	}
}

var (
	okLine     = []byte("HTTP/1.1 200 OK\r\n")
	lengthName = []byte("Content-Length: ")
)

// answered reads one whole answer, which must be a 200 with a body.
func answered(r *bufio.Reader) error {
	line, err := r.ReadSlice('\n')
	if err != nil {
		return err
	}
	if !bytes.Equal(line, okLine) {
		return fmt.Errorf("answer %q", line)
	}
	size := 0
	for len(line) > 2 {
		if line, err = r.ReadSlice('\n'); err != nil {
			return err
		}
		if value, ok := bytes.CutPrefix(line, lengthName); ok {
			if size, err = strconv.Atoi(string(bytes.TrimSpace(value))); err != nil {
				return err
			}
		}
	}
	if size == 0 {
		return errors.New("an answer without a Content-Length above 0")
	}
	_, err = r.Discard(size)
	return err
}
