package registry

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/proofmark/proofmark/internal/id"
	"github.com/proofmark/proofmark/miot"
)

// The time to live of a queued command.
const (
	DefaultQueueTTL = time.Hour
	MaxQueueTTL     = 7 * 24 * time.Hour
)

// Queue keeps a request for a device until it connects, or until ttl (0:
// DefaultQueueTTL) ends. A device that is connected meanwhile gets it at once. It
// waits on the right of an account to command the device, and is refused if that has
// ended by then; empty: on nobody's that ends.
func (r *Registry) Queue(ctx context.Context, account, did, method string, params json.RawMessage, ttl time.Duration) (Command, error) {
	if ttl == 0 {
		ttl = DefaultQueueTTL
	}
	if ttl < 0 || ttl > MaxQueueTTL {
		return Command{}, fmt.Errorf("%w: ttl %v is not between 0 and %v", ErrBadRequest, ttl, MaxQueueTTL)
	}
	if err := checkParams(params); err != nil {
		return Command{}, err
	}
	k, err := r.roster.get(ctx, did)
	if err != nil {
		return Command{}, err
	}
	now := r.now()
	c := Command{
		ID: id.New("cmd"), DID: did, Account: account, Method: method, Params: params,
		State: CommandQueued, CreatedAt: now, ExpiresAt: now.Add(ttl),
	}
	if err := r.store.QueueCommand(ctx, c); err != nil {
		return Command{}, err
	}
	r.tell(ctx, k)
	return c, nil
}

// Command returns one queued command with what became of it.
func (r *Registry) Command(ctx context.Context, id string) (Command, error) {
	return r.store.Command(ctx, id)
}

// sendQueued sends the queued commands of these devices, the oldest first, one
// after the other: their order is part of what was asked. It stops where one was
// not answered: the rest waits for the next connect, or the next command.
func (l *Live) sendQueued(ctx context.Context, dids []string) {
	var queued []Command
	for _, did := range dids {
		of, err := l.reg.store.QueuedCommands(ctx, did)
		if err != nil {
			l.reg.log.Warn("queued commands not read", "did", did, "err", err)
			return
		}
		queued = append(queued, of...)
	}
	slices.SortStableFunc(queued, func(a, b Command) int { return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), cmp.Compare(a.ID, b.ID)) })
	for _, c := range queued {
		if l.reg.now().Before(c.ExpiresAt) && !l.sendCommand(ctx, c) {
			return
		}
	}
}

// noLonger says why what somebody left for a device is not sent any more: the right
// to command it has ended since.
const noLonger = "who asked for it may not command the device any more"

// stillMay says whether what waits on an account's right may be sent; an error: it is
// not known now.
func (r *Registry) stillMay(ctx context.Context, account, did string) (bool, error) {
	if account == "" {
		return true, nil
	}
	return r.MayWatch(ctx, account, did)
}

// sendCommand delivers one command; false when no more can be sent. It is marked
// as sent before it is: after a crash it is lost rather than done twice.
func (l *Live) sendCommand(ctx context.Context, c Command) bool {
	r := l.reg
	may, err := r.stillMay(ctx, c.Account, c.DID)
	switch {
	case err != nil:
	case may:
		err = r.store.MoveCommand(ctx, c.ID, CommandQueued, CommandSent, nil, r.now())
	default:
		result, _ := json.Marshal(noLonger) // a string: it is no answer of the device
		if err = r.store.MoveCommand(ctx, c.ID, CommandQueued, CommandRejected, result, r.now()); err == nil {
			return true
		}
	}
	if err != nil {
		if !errors.Is(err, ErrConflict) {
			r.log.Warn("queued command not sent", "did", c.DID, "command", c.ID, "err", err)
		}
		return errors.Is(err, ErrConflict)
	}
	q, err := l.send(ctx, c.Method, c.Params)
	if err != nil { // nothing left the house
		l.moveCommand(ctx, c, CommandQueued, nil)
		return false
	}
	raw, err := q.answer(ctx)
	switch {
	case errors.Is(err, ErrTimeout):
		l.moveCommand(ctx, c, CommandExpired, nil)
		return false
	case err != nil: // no one will ever know: it stays sent until it expires
		return false
	}
	state := CommandDone
	if resp, err := miot.ParseResponse(raw); err != nil || resp.Error != nil {
		state = CommandRejected
		if err != nil {
			raw, _ = json.Marshal(clip(raw, lastOffence)) // a string: whatever it is, it is no JSON to keep
		}
	}
	l.moveCommand(ctx, c, state, raw)
	return true
}

// moveCommand says what became of a command that was marked as sent. The answer
// is there, so that it is worth waiting for a store that is away.
func (l *Live) moveCommand(ctx context.Context, c Command, to CommandState, result []byte) {
	r := l.reg
	err := retry(ctx, func() error { return r.store.MoveCommand(ctx, c.ID, CommandSent, to, result, r.now()) })
	if err != nil {
		r.log.Warn("what became of a queued command is not kept", "did", c.DID, "command", c.ID, "state", to, "err", err)
	}
}
