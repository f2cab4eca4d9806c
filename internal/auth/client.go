package auth

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// LocalProxies are those of this machine.
var LocalProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}

// ClientOf is where a request comes from. A proxy that we trust says whom it speaks
// for at the end of X-Forwarded-For; what stands before that, the client may have
// written itself.
func ClientOf(r *http.Request, proxies []netip.Prefix) Client {
	return Client{Address: addressOf(r, proxies), Agent: r.UserAgent()}
}

func addressOf(r *http.Request, proxies []netip.Prefix) string {
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

// SameOrigin refuses changes that a browser sends for another site's page. What
// no browser sends says nothing of an origin, and passes.
func SameOrigin(publicURL string) *http.CrossOriginProtection {
	p := http.NewCrossOriginProtection()
	if publicURL != "" {
		_ = p.AddTrustedOrigin(strings.TrimSuffix(publicURL, "/")) // who configures it checks its form
	}
	return p
}
