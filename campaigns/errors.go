package campaigns

import (
	"errors"
	"fmt"
	"time"
)

// What an order can be refused for. Errors wrap them with the campaign or the
// order, the value, and the rule. What is missing, was changed meanwhile or
// cannot be reached is registry.ErrNotFound, ErrConflict, ErrUnavailable.
var (
	ErrNotOpen    = errors.New("the campaign takes no orders now") // not live, or outside its window
	ErrHeld       = errors.New("the campaign is held")             // the certificate gate is closed
	ErrSoldOut    = errors.New("sold out")
	ErrLimit      = errors.New("more units than one backer may have")
	ErrKeyReused  = errors.New("the idempotency key was used for another order")
	ErrBadOrder   = errors.New("the order breaks a rule")
	ErrTooLate    = errors.New("the order can no longer be changed")
	ErrOverloaded = errors.New("too many orders are waiting")
)

// OverloadedError is ErrOverloaded with the time after which to try again.
type OverloadedError struct {
	Waiting    int // orders in the queue
	RetryAfter time.Duration
}

func (e *OverloadedError) Error() string {
	return fmt.Sprintf("%v: %d in the queue; try again in %s", ErrOverloaded, e.Waiting, e.RetryAfter)
}

// Unwrap makes it an ErrOverloaded.
func (e *OverloadedError) Unwrap() error { return ErrOverloaded }
