package api

import (
	"context"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"github.com/proofmark/proofmark/internal/auth"
)

// clientOf is where the request comes from.
func clientOf(ctx context.Context) auth.Client { return visitOf(ctx).client }

// clientAddress is the address of who sent the request. A proxy that we trust says
// it at the end of X-Forwarded-For; what stands before that, the client may have
// written itself.
func clientAddress(r *http.Request, proxies []netip.Prefix) string {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	at := peer.Addr().Unmap()
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for _, hop := range slices.Backward(hops) {
		trusted := slices.ContainsFunc(proxies, func(p netip.Prefix) bool { return p.Contains(at) })
		next, err := netip.ParseAddr(strings.TrimSpace(hop))
		if !trusted || err != nil {
			break
		}
		at = next.Unmap()
	}
	return at.String()
}

// sameOrigin refuses changes that a browser sends for another site's page. What
// no browser sends says nothing of an origin, and passes.
func sameOrigin(publicURL string) *http.CrossOriginProtection {
	p := http.NewCrossOriginProtection()
	if publicURL != "" {
		_ = p.AddTrustedOrigin(strings.TrimSuffix(publicURL, "/")) // who configures it checks its form
	}
	return p
}
