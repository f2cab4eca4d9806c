package registry

import "errors"

// What can go wrong between a caller and a device.
var (
	ErrOffline     = errors.New("device offline")
	ErrTimeout     = errors.New("device did not answer in time")
	ErrBusy        = errors.New("too many reports are waiting to be stored")
	ErrStopped     = errors.New("gateway is stopping")
	ErrBadLogin    = errors.New("unknown device or wrong secret")
	ErrBadRequest  = errors.New("bad request")
	ErrForbidden   = errors.New("not allowed")        // to this account
	ErrBadCode     = errors.New("code refused")       // malformed, unknown, used or over
	ErrFull        = errors.New("too many")           // of what one may have
	ErrQuarantined = errors.New("device quarantined") // it may be a clone: an operator looks at it
	ErrNotWritable = errors.New("property is not both readable and writable")
)
