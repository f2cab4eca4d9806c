package webhook

import (
	"fmt"
	"net/netip"
	"syscall"
)

// notPublic are the ranges that are not for the public internet, after the
// special-purpose registries of RFC 6890 as IANA keeps them, and those that
// stand for an IPv4 address, which would be a way around.
var notPublic = prefixes(
	"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
	"192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24",
	"203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",

	"64:ff9b::/96", "64:ff9b:1::/48", // NAT64
	"2001::/23",     // IETF protocol assignments, Teredo among them
	"2001:db8::/32", // documentation
	"2002::/16",     // 6to4
	"3fff::/20",     // documentation
)

// ipv6 is all that is given out as public IPv6 so far: what lies outside is
// loopback, unique local, link-local, multicast or nothing.
var ipv6 = netip.MustParsePrefix("2000::/3")

func prefixes(texts ...string) []netip.Prefix {
	all := make([]netip.Prefix, len(texts))
	for i, t := range texts {
		all[i] = netip.MustParsePrefix(t)
	}
	return all
}

// checkAddress refuses an address that is not on the public internet.
func checkAddress(ip netip.Addr) error {
	ip = ip.WithZone("").Unmap()
	public := ip.Is4() || ipv6.Contains(ip)
	for _, p := range notPublic {
		public = public && !p.Contains(ip)
	}
	if !public {
		return refuse(RuleAddress, "address %s is not on the public internet", ip)
	}
	return nil
}

// guard is a net.Dialer's Control: it sees the address that was resolved, just
// before it is dialled, so that a name which leads inside is found out however
// often it changes.
func guard(_, address string, _ syscall.RawConn) error {
	a, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("address %q: %w", address, err)
	}
	return checkAddress(a.Addr())
}
