//go:build unix

package broker

import (
	"errors"
	"syscall"
)

// once is the RawConn callback: it never asks to be called again, so Write never waits.
func (k *kernelWriter) once(fd uintptr) bool {
	for len(k.p) > 0 {
		n, err := syscall.Write(int(fd), k.p)
		switch {
		case err == nil:
			k.p = k.p[n:]
			k.n += n
		case errors.Is(err, syscall.EINTR):
		case errors.Is(err, syscall.EAGAIN):
			return true
		default:
			k.err = err
			return true
		}
	}
	return true
}
