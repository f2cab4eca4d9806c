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
	ErrNotWritable = errors.New("property is not both readable and writable")
)
