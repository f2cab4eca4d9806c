package rig

import (
	"context"
	"net"
	"slices"
	"strconv"
	"time"

	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/certification/suite/bench"
	"github.com/proofmark/proofmark/internal/audit"
)

// Access is how a device comes to the bench of its submission.
type Access struct {
	DID       string         `json:"did"` // client id and user name
	Secret    string         `json:"secret"`
	Version   int            `json:"version"` // counts how often the secret was changed, from 1
	Addresses []BenchAddress `json:"addresses"`
}

// BenchAddress is one way to the bench.
type BenchAddress struct {
	Transport  string `json:"transport"` // tcp or tls
	Host       string `json:"host"`
	Port       int    `json:"port"`
	ServerName string `json:"server_name,omitempty"` // that the device must ask for and check; TLS only
	OwnPort    bool   `json:"own_port,omitempty"`    // of this submission's runs alone, while one goes on
}

// URL is the address as MQTT clients take it.
func (a BenchAddress) URL() string {
	scheme := "mqtt"
	if a.Transport == bench.TLS {
		scheme = "mqtts"
	}
	return scheme + "://" + net.JoinHostPort(a.Host, strconv.Itoa(a.Port))
}

// Access tells a member of the submission's organisation, or an operator, how its
// device logs in. The secret is made anew each time: nothing keeps it.
func (r *Rig) Access(ctx context.Context, actor certification.Actor, submission string) (Access, error) {
	sub, err := r.mine(ctx, actor, submission)
	if err != nil {
		return Access{}, err
	}
	if err := testable(sub); err != nil {
		return Access{}, err
	}
	version, err := r.o.Store.SecretVersion(ctx, sub.ID)
	if err != nil {
		return Access{}, err
	}
	return r.access(ctx, sub.ID, version)
}

// RotateSecret changes the secret of a submission's device. A run that is going on
// keeps the one that it began with, so it has to end first.
func (r *Rig) RotateSecret(ctx context.Context, actor certification.Actor, submission string) (Access, error) {
	sub, err := r.mine(ctx, actor, submission)
	if err != nil {
		return Access{}, err
	}
	if err := testable(sub); err != nil {
		return Access{}, err
	}
	runs, err := r.o.Store.RunsOf(ctx, sub.ID)
	if err != nil {
		return Access{}, err
	}
	if i := slices.IndexFunc(runs, func(run certification.Run) bool { return run.State.Executing() }); i >= 0 {
		return Access{}, certification.Refuse(certification.ErrState, "secret-in-use", "run %s is %s with the present secret: end it first", runs[i].ID, runs[i].State)
	}
	now := r.o.Now()
	entry, err := audit.New(now, actor.Account, "bench.secret_rotated", sub.ID, sub.Org, nil)
	if err != nil {
		return Access{}, err
	}
	version, err := r.o.Store.RotateSecret(ctx, sub.ID, actor.Account, now, []audit.Entry{entry})
	if err != nil {
		return Access{}, err
	}
	return r.access(ctx, sub.ID, version)
}

func (r *Rig) access(ctx context.Context, submission string, version int) (Access, error) {
	a := Access{DID: r.o.Keys.did(submission), Secret: r.o.Keys.password(submission, version), Version: version, Addresses: []BenchAddress{}}
	runs, err := r.o.Store.RunsOf(ctx, submission)
	if err != nil {
		return a, err
	}
	if !r.o.Ports.empty() {
		// Of the run that goes on; else where the next one will be, unless another has
		// the port by then.
		own := BenchAddress{Transport: bench.TLS, Host: r.o.Names[0], Port: r.o.Ports.favourite(a.DID), ServerName: r.o.Names[0], OwnPort: true}
		for _, run := range runs {
			if run.State.Executing() && run.Port != 0 {
				own.Transport, own.Port, own.ServerName = run.Transport, run.Port, run.ServerName
			}
		}
		a.Addresses = append(a.Addresses, own)
	} else if port := portOf(r.o.TLS); port != 0 {
		name := nameOf(a.DID, r.o.Names[0])
		a.Addresses = append(a.Addresses, BenchAddress{Transport: bench.TLS, Host: name, Port: port, ServerName: name})
	}
	if port := portOf(r.o.TCP); port != 0 {
		for _, name := range r.o.Names {
			a.Addresses = append(a.Addresses, BenchAddress{Transport: bench.TCP, Host: name, Port: port})
		}
	}
	return a, nil
}

func portOf(address string) int {
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return 0
	}
	n, _ := strconv.Atoi(port) // 0 is none
	return n
}

// Authority is what devices under test have to trust, as PEM.
func (r *Rig) Authority() []byte { return r.o.Keys.AuthorityPEM() }

// TranscriptKeys are the public keys of all nodes of this installation.
func (r *Rig) TranscriptKeys(ctx context.Context) ([]string, error) {
	return r.o.Store.BenchKeys(ctx, KeyTranscript)
}

// pki are the certificates of one run.
func (r *Rig) pki(run certification.Run, now time.Time) (*bench.PKI, error) {
	if run.Transport != bench.TLS {
		return nil, nil
	}
	names := append([]string{run.ServerName}, slices.DeleteFunc(slices.Clone(r.o.Names), func(name string) bool { return name == run.ServerName })...)
	return bench.ParsePKI(r.o.Keys.authority, now, names...)
}
