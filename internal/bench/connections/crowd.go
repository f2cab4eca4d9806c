package connections

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/proofmark/proofmark/internal/bench/device"
	"github.com/proofmark/proofmark/internal/bench/target"
)

const (
	dialers = 64  // devices that connect at a time
	buffer  = 512 // for reading: what idle devices hear is small
)

// crowd is many idle devices, one goroutine each.
type crowd struct {
	sessions []*device.Session
	ended    atomic.Int64           // connections that ended by themselves
	reason   atomic.Pointer[string] // why the first did
	closing  atomic.Bool
	all      sync.WaitGroup
}

// connect opens a connection for every device of the target and tells how long that took, the last SUBACK included.
func connect(ctx context.Context, t *target.Target) (*crowd, time.Duration, error) {
	c := &crowd{sessions: make([]*device.Session, len(t.Devices))}
	began := time.Now()
	group, groupCtx := errgroup.WithContext(ctx)
	group.SetLimit(dialers)
	for i, who := range t.Devices {
		if groupCtx.Err() != nil {
			break
		}
		group.Go(func() error {
			session, err := device.Open(groupCtx, t.Addr, who, i, buffer)
			if err != nil {
				return fmt.Errorf("after %v: %w", time.Since(began).Round(time.Millisecond), err)
			}
			c.sessions[i] = session
			c.all.Go(func() { c.idle(session) })
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		c.close()
		return nil, 0, err
	}
	return c, time.Since(began), ctx.Err()
}

// idle answers what it is asked, and pings in time.
func (c *crowd) idle(session *device.Session) {
	for {
		there, err := session.Await(time.Now().Add(device.Keepalive * time.Second * 2 / 3))
		if err == nil && there {
			_, err = session.Next()
		} else if err == nil {
			err = session.Ping()
		}
		if err == nil {
			err = session.Flush()
		}
		if err == nil {
			continue
		}
		if !c.closing.Load() {
			reason := fmt.Sprintf("device %s: %v", session.DID, err)
			c.reason.CompareAndSwap(nil, &reason)
			c.ended.Add(1)
		}
		return
	}
}

// hold lets the crowd be for a while.
func (c *crowd) hold(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}

func (c *crowd) close() {
	c.closing.Store(true)
	for _, session := range c.sessions {
		if session != nil {
			session.Close()
		}
	}
	c.all.Wait()
}
