package registry_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/proofmark/proofmark/internal/bus"
	"github.com/proofmark/proofmark/registry"
)

func (u *unit) login(r *registry.Registry, secret string) error {
	return r.Login(u.t.Context(), u.did, []byte(secret))
}

func TestLogin(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		u := h.unit("D", "air-purifier")
		h.hub("G", "S1")
		for _, c := range []struct {
			name, did, secret string
			want              error
		}{
			{"with the secret", "D", u.secret, nil},
			{"with a wrong secret", "D", u.secret + "x", registry.ErrBadLogin},
			{"with no secret", "D", "", registry.ErrBadLogin},
			{"of a device that is not", "X", u.secret, registry.ErrBadLogin},
			{"of a sub-device", "S1", "", registry.ErrBadLogin},
		} {
			if err := h.node.Login(t.Context(), c.did, []byte(c.secret)); !errors.Is(err, c.want) {
				t.Errorf("%s: %v, want %v", c.name, err, c.want)
			}
		}
		for did, want := range map[string]error{"D": nil, "X": registry.ErrBadLogin, "S1": registry.ErrBadLogin} {
			if err := h.node.LoginByName(t.Context(), did, nil); !errors.Is(err, want) {
				t.Errorf("by the name %s: %v, want %v", did, err, want)
			}
		}
	})
}

// A device that is told that its secret is wrong may forget it: while the store
// is away nobody is told so.
func TestALoginWhileTheStoreIsAwayIsNotRefused(t *testing.T) {
	for _, c := range []struct {
		name string
		fail func(ctx context.Context) error
	}{
		{"it says so", func(context.Context) error { return registry.ErrUnavailable }},
		{"it does not answer", func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }},
		{"it is broken", func(context.Context) error { return errors.New("database disk image is malformed") }},
	} {
		t.Run(c.name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, h *house) {
				u := h.unit("D", "air-purifier")
				h.store.on(func(ctx context.Context, _ string, _ any) error { return c.fail(ctx) })
				if err := u.login(h.node, u.secret); err == nil || errors.Is(err, registry.ErrBadLogin) {
					t.Errorf("login: %v", err)
				}
				if err := h.node.LoginByName(t.Context(), "D", nil); err == nil || errors.Is(err, registry.ErrBadLogin) {
					t.Errorf("login by certificate: %v", err)
				}
				if may, err := h.node.MayWatch(t.Context(), "acc_1", "D"); err == nil || may {
					t.Errorf("watching: %v, %v", may, err)
				}
				h.store.on(nil)
				must(t, u.login(h.node, u.secret))
			})
		})
	}
}

func TestTheSecondLoginAsksNoDatabase(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		u := h.unit("D", "air-purifier")
		must(t, u.login(h.node, u.secret))
		h.store.reset()
		h.store.on(func(_ context.Context, op string, _ any) error { return fmt.Errorf("%s was called", op) })
		must(t, u.login(h.node, u.secret))
		if err := u.login(h.node, "wrong"); !errors.Is(err, registry.ErrBadLogin) {
			t.Errorf("a wrong secret: %v", err)
		}
		if n := h.store.count(); n != 0 {
			t.Errorf("%d calls of the store", n)
		}
		h.store.on(nil)
	})
}

func TestThousandsOfLoginsAtOnceShareOneLoad(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		u := h.unit("D", "air-purifier")
		h.store.reset()
		release := h.hold("device")
		var wg sync.WaitGroup
		for range 5000 {
			wg.Go(func() {
				if err := u.login(h.node, u.secret); err != nil {
					t.Errorf("login: %v", err)
				}
			})
		}
		h.settle()
		release()
		wg.Wait()
		if n := h.store.count("device"); n != 1 {
			t.Errorf("the device was read %d times", n)
		}
	})
}

func TestRotation(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		u := h.unit("D", "air-purifier").connect(h.node)
		other := h.start()
		must(t, u.login(other, u.secret)) // cached there too
		_, fresh, err := h.node.AddCredential(t.Context(), "D", true)
		must(t, err)
		h.settle()
		for _, r := range []*registry.Registry{h.node, other} {
			if err := u.login(r, u.secret); err != nil {
				t.Errorf("the old secret, before the new one was used: %v", err)
			}
		}
		h.settle()
		if err := u.login(other, u.secret); err != nil {
			t.Errorf("the old secret was ended by its own login: %v", err)
		}
		must(t, u.login(other, fresh))
		h.settle()
		for _, r := range []*registry.Registry{h.node, other} {
			if err := u.login(r, u.secret); !errors.Is(err, registry.ErrBadLogin) {
				t.Errorf("the old secret, after the new one was used: %v", err)
			}
			must(t, u.login(r, fresh))
		}
		var states []registry.CredentialState
		all, err := h.node.Credentials(t.Context(), "D")
		must(t, err)
		for _, c := range all {
			states = append(states, c.State)
		}
		if fmt.Sprint(states) != "[revoked active]" {
			t.Errorf("credentials are %s", states)
		}
	})
}

func TestTheFirstLoginIsRecordedWhenTheStoreComesBack(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		u := h.unit("D", "air-purifier")
		_, fresh, err := h.node.AddCredential(t.Context(), "D", true)
		must(t, err)
		var wg sync.WaitGroup
		for range 100 {
			wg.Go(func() { _ = u.login(h.node, fresh) })
		}
		wg.Wait()
		h.settle()
		if err := u.login(h.node, u.secret); !errors.Is(err, registry.ErrBadLogin) {
			t.Errorf("the old secret: %v", err)
		}
	})
}

func TestRevoke(t *testing.T) {
	credential := func(h *house, did string) string {
		all, err := h.node.Credentials(h.t.Context(), did)
		must(h.t, err)
		return all[0].ID
	}
	inBubble(t, func(t *testing.T, h *house) {
		u := h.purifier("D")
		two, second, err := h.node.AddCredential(t.Context(), "D", false)
		must(t, err)
		h.settle()
		other := h.start()
		must(t, other.Revoke(t.Context(), "D", two.ID))
		h.settle()
		if u.reasons() != "[]" {
			t.Errorf("another credential was revoked, and the session closed for %s", u.reasons())
		}
		if err := u.login(h.node, second); !errors.Is(err, registry.ErrBadLogin) {
			t.Errorf("login with the revoked one: %v", err)
		}
		must(t, other.Revoke(t.Context(), "D", credential(h, "D")))
		h.settle()
		if u.reasons() != "[credential revoked]" {
			t.Errorf("closed for %s", u.reasons())
		}
		if err := u.login(h.node, u.secret); !errors.Is(err, registry.ErrBadLogin) {
			t.Errorf("login with the revoked one: %v", err)
		}
		if err := other.Revoke(t.Context(), "D", credential(h, "D")); !errors.Is(err, registry.ErrConflict) {
			t.Errorf("a second time: %v", err)
		}
	})
	t.Run("a session that began by certificate is closed too", func(t *testing.T) {
		inBubble(t, func(t *testing.T, h *house) {
			u := h.unit("D", "air-purifier")
			must(t, h.node.LoginByName(t.Context(), "D", nil))
			u.live = h.node.Attach("D", u)
			must(t, h.node.Revoke(t.Context(), "D", credential(h, "D")))
			if u.reasons() != "[credential revoked]" {
				t.Errorf("closed for %s", u.reasons())
			}
		})
	})
	t.Run("between login and arrival", func(t *testing.T) {
		inBubble(t, func(t *testing.T, h *house) {
			u := h.unit("D", "air-purifier")
			must(t, u.login(h.node, u.secret))
			must(t, h.node.Revoke(t.Context(), "D", credential(h, "D")))
			u.live = h.node.Attach("D", u)
			h.settle()
			if u.reasons() != "[credential revoked]" {
				t.Errorf("closed for %s", u.reasons())
			}
		})
	})
	t.Run("while the login reads the database", func(t *testing.T) {
		inBubble(t, func(t *testing.T, h *house) {
			u := h.unit("D", "air-purifier")
			id := credential(h, "D")
			inside, release := make(chan struct{}), make(chan struct{})
			var first atomic.Bool
			h.store.on(func(_ context.Context, op string, _ any) error {
				if op == "credentials" {
					if first.CompareAndSwap(false, true) {
						close(inside)
						<-release
					}
				}
				return nil
			})
			stale := make(chan error)
			go func() { stale <- u.login(h.node, u.secret) }()
			<-inside
			must(t, h.node.Revoke(t.Context(), "D", id))
			if err := u.login(h.node, u.secret); !errors.Is(err, registry.ErrBadLogin) {
				t.Errorf("a login that began after the revocation: %v", err)
			}
			close(release)
			if err := <-stale; err != nil && !errors.Is(err, registry.ErrBadLogin) {
				t.Errorf("the login that began before: %v", err)
			}
			if err := u.login(h.node, u.secret); !errors.Is(err, registry.ErrBadLogin) {
				t.Errorf("what was read before the revocation is remembered: %v", err)
			}
		})
	})
	t.Run("only the outbox tells", func(t *testing.T) { // the node that revoked died before it could
		inBubble(t, func(t *testing.T, h *house) {
			u := h.purifier("D")
			v := h.purifier("E")
			h.settle()
			id := credential(h, "D")
			must(t, h.db.Registry().RevokeCredential(t.Context(), "D", id, time.Now()))
			tell := func(did, id string) {
				must(t, h.bus.Publish("device."+bus.Token(did)+".credentials", []byte(fmt.Sprintf(`{"did":%q,"credential":%q}`, did, id))))
				h.settle()
			}
			tell("D", id)
			if u.reasons() != "[credential revoked]" {
				t.Errorf("closed for %s", u.reasons())
			}
			tell("E", "crd_of-an-earlier-session")
			tell("E", "")
			if v.reasons() != "[]" {
				t.Errorf("a late word closed a session that had nothing to do with it: %s", v.reasons())
			}
		})
	})
}

func TestARevocationThatNobodyHeardOfIsFoundOut(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		u := h.purifier("D")
		h.settle()
		all, err := h.node.Credentials(t.Context(), "D")
		must(t, err)
		must(t, h.db.Registry().RevokeCredential(t.Context(), "D", all[0].ID, time.Now()))
		for i := range 12 {
			time.Sleep(time.Minute)
			u.report(i, prop("D", 3, 1, i))
		}
		h.settle()
		if u.reasons() != "[credential revoked]" {
			t.Errorf("closed for %s", u.reasons())
		}
	})
}

func TestAChangedRecordCountsFromTheNextReport(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		u := h.hub("G", "S1")
		if r := u.report(1, prop("S9", 3, 1, 50)); len(r.outcome.Errors) != 1 {
			t.Fatal("a device that is not was let in")
		}
		_, _, err := h.start().CreateDevice(t.Context(), registry.NewDevice{DID: "S9", ProductID: h.product("climate-sensor").ID, Parent: "G"})
		must(t, err)
		h.settle()
		if r := u.report(2, prop("S9", 3, 1, 50)); len(r.outcome.Errors) != 0 {
			t.Errorf("the new sub-device: %s", r.outcome.Errors)
		}
		must(t, h.start().Remove(t.Context(), "S9"))
		h.settle()
		if r := u.report(3, prop("S9", 3, 1, 51)); len(r.outcome.Errors) != 1 {
			t.Error("a removed sub-device reports")
		}
	})
}

// A record that changes while it is read is read again for the next report.
func TestARecordThatChangesWhileItIsReadIsReadAgain(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		u := h.hub("G", "S1")
		must(t, h.node.SetOwner(t.Context(), "G", "acc_2", "Hall"))
		release := h.hold("children read")
		first := make(chan *receipt)
		go func() { first <- u.report(1, prop("S9", 3, 1, 50)) }()
		h.settle()
		_, _, err := h.node.CreateDevice(t.Context(), registry.NewDevice{DID: "S9", ProductID: h.product("climate-sensor").ID, Parent: "G"})
		must(t, err)
		release()
		<-first
		if r := u.report(2, prop("S9", 3, 1, 51)); len(r.outcome.Errors) != 0 {
			t.Errorf("the new sub-device: %s", r.outcome.Errors)
		}
	})
}

func TestMayWatch(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		h.hub("G", "S1")
		_, _, err := h.node.CreateDevice(t.Context(), registry.NewDevice{DID: "N", ProductID: h.product("air-purifier").ID})
		must(t, err)
		for _, c := range []struct {
			account, did string
			want         bool
		}{
			{"acc_1", "G", true},
			{"acc_1", "S1", true},
			{"acc_2", "G", false},
			{"acc_2", "S1", false},
			{"acc_1", "X", false},
			{"", "G", false},
			{"", "N", false},
		} {
			if may, err := h.node.MayWatch(t.Context(), c.account, c.did); err != nil || may != c.want {
				t.Errorf("%q watches %s: %v, %v", c.account, c.did, may, err)
			}
		}
		must(t, h.node.SetOwner(t.Context(), "S1", "acc_2", "Attic"))
		if may, err := h.node.MayWatch(t.Context(), "acc_2", "S1"); err != nil || !may {
			t.Errorf("its own owner: %v, %v", may, err)
		}
	})
}
