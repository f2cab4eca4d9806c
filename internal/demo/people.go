package demo

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"

	"github.com/proofmark/proofmark/certification"
	"github.com/proofmark/proofmark/internal/auth"
	"github.com/proofmark/proofmark/registry"
)

// Person is somebody of the sample world.
type Person struct {
	Email, Name string
	Does        string // what a visitor can do in this person's place
	Roles       []auth.Role
	Org         string // its owner
}

// The people whom a visitor may be.
var (
	Maya  = Person{Email: "maya@aurora.example", Name: "Maya Iyer", Does: "Startup with a certified purifier and campaigns", Org: "Aurora Air"}
	Dev   = Person{Email: "dev@lumen.example", Name: "Dev Rao", Does: "Startup whose lamp fails its run", Org: "Lumen Loft"}
	Asha  = Person{Email: "asha@terra.example", Name: "Asha Nair", Does: "Startup that has just begun", Org: "Terra Climate"}
	Ravi  = Person{Email: "ravi@reviewers.example", Name: "Ravi Menon", Does: "Reviewer", Roles: []auth.Role{auth.RoleReviewer}}
	Lina  = Person{Email: "lina@reviewers.example", Name: "Lina Das", Does: "Reviewer, for the second approval", Roles: []auth.Role{auth.RoleReviewer}}
	Omar  = Person{Email: "omar@operators.example", Name: "Omar Khan", Does: "Operator", Roles: []auth.Role{auth.RoleOperator}}
	Bela  = Person{Email: "bela@backers.example", Name: "Bela Shah", Does: "Backer with orders and a home full of devices"}
	Chand = Person{Email: "chand@backers.example", Name: "Chand Verma", Does: "Backer, and a member of Bela's home"}
	Farid = Person{Email: "farid@backers.example", Name: "Farid Ali", Does: "A guest in Bela's home for two weeks"}
)

// People are all of them, in the order in which they are offered.
var People = []Person{Bela, Maya, Dev, Asha, Ravi, Lina, Omar, Chand, Farid}

// person makes somebody who is not there yet. Nobody knows the password: who may
// be whom is decided by the page for logging in.
func (w *World) person(ctx context.Context, p Person) (auth.Account, error) {
	a, err := w.Auth.AccountByEmail(ctx, p.Email)
	if errors.Is(err, registry.ErrNotFound) {
		a, err = w.Auth.CreatePerson(ctx, auth.System, p.Email, p.Name, rand.Text(), p.Roles...)
	}
	if err != nil {
		return a, fmt.Errorf("%s: %w", p.Email, err)
	}
	return a, nil
}

// Role is the one in which a person is here.
func (p Person) Role() string {
	switch {
	case len(p.Roles) > 0:
		return string(p.Roles[0])
	case p.Org != "":
		return "startup"
	}
	return "backer"
}

// actor is somebody as the programme sees them.
func (w *World) actor(ctx context.Context, p Person) (certification.Actor, error) {
	acc, err := w.person(ctx, p)
	if err != nil {
		return certification.Actor{}, err
	}
	st, err := w.Auth.Standing(ctx, acc.ID)
	if err != nil {
		return certification.Actor{}, err
	}
	a := certification.Actor{Account: acc.ID}
	for _, m := range st.Orgs {
		a.Orgs = append(a.Orgs, m.Org)
	}
	for _, r := range st.Roles {
		a.Reviewer = a.Reviewer || r == auth.RoleReviewer
		a.Operator = a.Operator || r == auth.RoleOperator
	}
	return a, nil
}

// org makes somebody's organisation, or finds it.
func (w *World) org(ctx context.Context, p Person) (string, error) {
	acc, err := w.person(ctx, p)
	if err != nil {
		return "", err
	}
	st, err := w.Auth.Standing(ctx, acc.ID)
	if err != nil {
		return "", err
	}
	if len(st.Orgs) > 0 {
		return st.Orgs[0].Org, nil
	}
	o, err := w.Auth.CreateOrg(ctx, auth.Actor{Account: acc.ID, Scopes: []auth.Scope{auth.ScopeStartup}}, auth.Org{
		Name: p.Org, LegalName: p.Org + " Private Limited", Country: "IN",
	})
	if err != nil {
		return "", fmt.Errorf("%s: %w", p.Org, err)
	}
	return o.ID, nil
}
