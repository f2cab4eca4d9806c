package registry_test

import (
	"context"
	"sync"
	"time"

	"github.com/proofmark/proofmark/registry"
)

// faulty is a real store that counts its calls, and fails or delays those that
// the test wants: before sees each call by name, with what it is about.
type faulty struct {
	registry.Store

	mu     sync.Mutex
	calls  map[string]int
	before func(ctx context.Context, op string, about any) error
}

// on sets what happens before each call.
func (f *faulty) on(before func(ctx context.Context, op string, about any) error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.before = before
}

// down makes every counted call fail until the function it returns is called.
func (f *faulty) down() (up func()) {
	f.on(func(context.Context, string, any) error { return registry.ErrUnavailable })
	return func() { f.on(nil) }
}

// count is how often the calls of these names were made; all without a name.
func (f *faulty) count(ops ...string) (n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for op, c := range f.calls {
		if len(ops) == 0 {
			n += c
		}
		for _, want := range ops {
			if op == want {
				n += c
			}
		}
	}
	return n
}

func (f *faulty) reset() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.calls = nil
}

func (f *faulty) call(ctx context.Context, op string, about any) error {
	f.mu.Lock()
	if f.calls == nil {
		f.calls = make(map[string]int)
	}
	f.calls[op]++
	before := f.before
	f.mu.Unlock()
	if before == nil {
		return nil
	}
	return before(ctx, op, about)
}

func (f *faulty) CommitReports(ctx context.Context, b registry.Batch) error {
	if err := f.call(ctx, "commit", b); err != nil {
		return err
	}
	return f.Store.CommitReports(ctx, b)
}

func (f *faulty) Fingerprints(ctx context.Context, did string, since time.Time) ([]registry.Seen, error) {
	if err := f.call(ctx, "fingerprints", did); err != nil {
		return nil, err
	}
	return f.Store.Fingerprints(ctx, did, since)
}

func (f *faulty) Device(ctx context.Context, did string) (registry.Device, error) {
	if err := f.call(ctx, "device", did); err != nil {
		return registry.Device{}, err
	}
	return f.Store.Device(ctx, did)
}

func (f *faulty) Credentials(ctx context.Context, did string) ([]registry.Credential, error) {
	if err := f.call(ctx, "credentials", did); err != nil {
		return nil, err
	}
	return f.Store.Credentials(ctx, did)
}

func (f *faulty) Children(ctx context.Context, did string) ([]registry.Device, error) {
	children, err := f.Store.Children(ctx, did)
	if err := f.call(ctx, "children read", did); err != nil {
		return nil, err
	}
	return children, err
}

func (f *faulty) SetDeviceInfo(ctx context.Context, did string, i registry.Info) error {
	if err := f.call(ctx, "info", did); err != nil {
		return err
	}
	return f.Store.SetDeviceInfo(ctx, did, i)
}

func (f *faulty) Connect(ctx context.Context, node string, at time.Time, dids []string) ([]int64, error) {
	if err := f.call(ctx, "connect", dids); err != nil {
		return nil, err
	}
	return f.Store.Connect(ctx, node, at, dids)
}

func (f *faulty) Disconnect(ctx context.Context, leaves []registry.Presence) ([]string, error) {
	if err := f.call(ctx, "disconnect", leaves); err != nil {
		return nil, err
	}
	return f.Store.Disconnect(ctx, leaves)
}

func (f *faulty) KeepNode(ctx context.Context, n registry.Node) error {
	if err := f.call(ctx, "lease", n.ID); err != nil {
		return err
	}
	return f.Store.KeepNode(ctx, n)
}

func (f *faulty) ReserveIDs(ctx context.Context, sequence string, n int64) (int64, error) {
	if err := f.call(ctx, "ids", sequence); err != nil {
		return 0, err
	}
	return f.Store.ReserveIDs(ctx, sequence, n)
}

func (f *faulty) OpenDesired(ctx context.Context, did string) ([]registry.Desired, error) {
	if err := f.call(ctx, "desired", did); err != nil {
		return nil, err
	}
	open, err := f.Store.OpenDesired(ctx, did)
	if err := f.call(ctx, "desired read", did); err != nil {
		return nil, err
	}
	return open, err
}

func (f *faulty) MoveCommand(ctx context.Context, id string, from, to registry.CommandState, result []byte, at time.Time) error {
	if err := f.call(ctx, "move "+string(to), id); err != nil {
		return err
	}
	return f.Store.MoveCommand(ctx, id, from, to, result, at)
}

func (f *faulty) CountField(ctx context.Context, marks []registry.FieldMark) error {
	if err := f.call(ctx, "field", len(marks)); err != nil {
		return err
	}
	return f.Store.CountField(ctx, marks)
}
