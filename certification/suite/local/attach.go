package local

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/proofmark/proofmark/certification/suite/bench"
	"github.com/proofmark/proofmark/certification/suite/rehearsal"
	"github.com/proofmark/proofmark/certification/virtual"
)

func decode(data []byte, v any) error { return json.Unmarshal(data, v) }

// attach says how the device comes to the bench, and who operates it.
func (r *run) attach(ctx context.Context) (end func(), err error) {
	if len(r.spec.Services) == 0 || onlyOffline(r.setup.Cases) {
		return func() {}, nil // no case needs a device
	}
	if r.Virtual {
		return func() {}, r.attachVirtual()
	}
	return r.attachListener(ctx)
}

func onlyOffline(wanted []string) bool {
	return len(wanted) > 0 && !slices.ContainsFunc(wanted, func(id string) bool { return id != "DECL" && !strings.HasPrefix(id, "DECL-") })
}

// attachVirtual makes a virtual device that connects in memory, by TLS unless the
// run that is resumed was without.
func (r *run) attachVirtual() error {
	d := r.setup.Declaration
	config := virtual.Config{
		Spec: r.spec, DID: r.DID, Secret: r.Secret, Serial: d.Serial, Firmware: d.Firmware,
		KeepAlive: time.Duration(d.KeepAlive) * time.Second, Seed: max(1, r.setup.Seed),
	}
	if err := rehearsal.Declared(&config, d); err != nil {
		return err
	}
	if r.Mutant != "" {
		m, err := virtual.FindMutant(r.Mutant)
		if err != nil {
			return err
		}
		m.Apply(&config)
	}
	if r.setup.Transport == "" {
		r.setup.Transport = bench.TLS
	}
	if r.setup.Transport != bench.TCP {
		pki, err := bench.NewPKI(time.Now())
		if err != nil {
			return err
		}
		r.setup.PKI = pki
		config.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	r.setup.WatchLag = true
	device, err := rehearsal.New(config)
	if err != nil {
		return err
	}
	r.setup.Attach, r.setup.Ask, r.setup.Operator = device.Attach, device.Ask, rehearsal.Name
	fmt.Fprintf(r.Progress, "a virtual %s rehearses in %s\n", d.Model, r.setup.Dir)
	return nil
}

// attachListener opens the port that the device is to connect to, and says how.
func (r *run) attachListener(ctx context.Context) (func(), error) {
	address, transport := r.Listen, bench.TCP
	if r.ListenTLS != "" {
		address, transport = r.ListenTLS, bench.TLS
	}
	if t := r.setup.Transport; t != "" && (t == bench.TCP) != (transport == bench.TCP) {
		return nil, fmt.Errorf("the run was begun over %s; it has to go on so", t)
	}
	r.setup.Transport = transport
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	if transport != bench.TCP {
		if err := r.authority(); err != nil {
			return nil, errors.Join(err, l.Close())
		}
	}
	r.setup.Attach = func(_ context.Context, b *bench.Bench) error { return b.Serve(l) }
	if r.TTY {
		op := newOperator(r.Stdin, r.show)
		r.setup.Ask, r.setup.Operator = op.ask, "terminal"
	}
	r.explain(l.Addr())
	return func() { _ = l.Close() }, nil
}

// explain says how to point the device at the bench.
func (r *run) explain(at net.Addr) {
	scheme := "mqtt"
	if r.setup.Transport != bench.TCP {
		scheme = "mqtts"
	}
	_, port, _ := net.SplitHostPort(at.String())
	w := r.Progress
	fmt.Fprintln(w, "Point the device at this bench:")
	for _, host := range reachableAt(at) {
		fmt.Fprintf(w, "  broker    %s://%s\n", scheme, net.JoinHostPort(host, port))
	}
	fmt.Fprintf(w, "  client id %s\n  user name %s\n  password  %s\n", r.DID, r.DID, r.Secret)
	if r.setup.PKI != nil {
		fmt.Fprintf(w, "  trust     %s, for the server name %s\n", filepath.Join(string(r.setup.Dir), "ca.pem"), r.setup.PKI.Name())
	}
	fmt.Fprintf(w, "The evidence is kept in %s.\n", r.setup.Dir)
	if r.setup.Operator == "" {
		fmt.Fprintln(w, "This is no terminal: cases that need somebody at the device are left open.")
	}
}

// reachableAt are the addresses of this machine that a listener answers on.
func reachableAt(at net.Addr) []string {
	tcp, ok := at.(*net.TCPAddr)
	if !ok || !tcp.IP.IsUnspecified() {
		host, _, _ := net.SplitHostPort(at.String())
		return []string{host}
	}
	var hosts []string
	addresses, _ := net.InterfaceAddrs() // without any, localhost is said
	for _, a := range addresses {
		if n, ok := a.(*net.IPNet); ok && n.IP.IsGlobalUnicast() && n.IP.To4() != nil {
			hosts = append(hosts, n.IP.String())
		}
	}
	if len(hosts) == 0 {
		hosts = []string{"localhost"}
	}
	return hosts
}

// authority is the same for all runs of an installation, so that a device has to
// be told only once whom to trust.
func (r *run) authority() error {
	names := r.TLSNames
	if len(names) == 0 {
		names = reachableAt(&net.TCPAddr{IP: net.IPv4zero})
		if host, err := os.Hostname(); err == nil {
			names = append(names, host)
		}
		names = append(names, "localhost", "127.0.0.1")
	}
	path := filepath.Join(r.Config, "bench-authority.pem")
	text, err := os.ReadFile(path)
	switch {
	case err == nil:
		r.setup.PKI, err = bench.ParsePKI(text, time.Now(), names...)
	case errors.Is(err, fs.ErrNotExist):
		if r.setup.PKI, err = bench.NewPKI(time.Now(), names...); err == nil {
			err = keep(path, r.setup.PKI)
		}
	}
	if err != nil {
		return err
	}
	if err := os.MkdirAll(string(r.setup.Dir), 0o755); err != nil {
		return err
	}
	return r.setup.Dir.Write("ca.pem", r.setup.PKI.CertificatePEM())
}

// keep writes the authority with its key, which only its owner may read.
func keep(path string, p *bench.PKI) error {
	text, err := p.Marshal()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	return os.WriteFile(path, text, 0o600)
}
