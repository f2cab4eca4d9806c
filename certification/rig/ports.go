package rig

import (
	"errors"
	"fmt"
	"hash/fnv"
	"net"
	"strconv"
	"strings"
)

// ParsePorts reads "21000-21099", one port, or "off".
func ParsePorts(text string) (Ports, error) {
	if text == "" || text == "off" {
		return Ports{}, nil
	}
	from, to, ranged := strings.Cut(text, "-")
	if !ranged {
		to = from
	}
	first, err1 := strconv.ParseUint(from, 10, 16)
	last, err2 := strconv.ParseUint(to, 10, 16)
	if err1 != nil || err2 != nil || first == 0 || last < first {
		return Ports{}, fmt.Errorf("bench ports %q: need FIRST-LAST within 1 to 65535, or off", text)
	}
	return Ports{int(first), int(last)}, nil
}

func (p Ports) count() int { return p.Last - p.First + 1 }

// favourite is the port that a device gets if it is free, so that it need not be
// told another one each time.
func (p Ports) favourite(did string) int {
	h := fnv.New32a()
	_, _ = h.Write([]byte(did)) // a hash takes everything
	return p.First + int(h.Sum32()%uint32(p.count()))
}

// open listens on a device's favourite port, or on the next one that is free.
func (p Ports) open(did string, listen func(port int) (net.Listener, error)) (net.Listener, int, error) {
	var last error
	for i := range p.count() {
		port := p.First + (p.favourite(did)-p.First+i)%p.count()
		l, err := listen(port)
		if err == nil {
			return l, port, nil
		}
		last = err
	}
	return nil, 0, errors.Join(fmt.Errorf("none of the ports %d to %d is free", p.First, p.Last), last)
}
