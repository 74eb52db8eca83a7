package mention

import (
	"bytes"
	"net/netip"
	"unsafe"
)

// address reads an IPv4 address that begins at i.
func (f *Found) address(k *Known, b []byte, i int) {
	ip, ok := ipv4(b[i:])
	if ok {
		f.addr(k, ip, b, i)
	}
}

// six reads an IPv6 address around its first colon at i.
func (f *Found) six(k *Known, b []byte, i int) {
	start := i
	for start > 0 && i-start < 4 && classes[b[start-1]]&isHex != 0 {
		start--
	}
	if start > 0 && (b[start-1] == ':' || classes[b[start-1]]&isHex != 0) {
		return // not its first
	}
	end := i
	for end < len(b) && end-start < 46 && (classes[b[end]]&isHex != 0 || b[end] == ':' || b[end] == '.') {
		end++
	}
	f.Steps += end - start
	for end > start && b[end-1] == '.' {
		end--
	}
	// What is no address costs an error, so that not everything is tried.
	if bytes.Count(b[start:end], []byte(":")) < 2 || f.tried == maxClients {
		return
	}
	f.tried++
	if ip, err := netip.ParseAddr(unsafe.String(&b[start], end-start)); err == nil && ip.Is6() {
		f.addr(k, ip.Unmap(), b, start)
	}
}

func (f *Found) addr(k *Known, ip netip.Addr, b []byte, at int) {
	owner, known := k.addrs[ip]
	if !known {
		if f.field != nil || f.nMaybeAddr == maxMaybe || ip.IsLoopback() || ip.IsUnspecified() {
			return
		}
		for _, have := range f.maybeAddrs[:f.nMaybeAddr] {
			if have == ip {
				return
			}
		}
	} else {
		for _, have := range f.addrs[:f.nAddrs] {
			if have == ip {
				return
			}
		}
		if f.nAddrs == maxAddrs {
			return
		}
	}
	if f.clients == maxClients {
		return
	}
	f.clients++
	if f.client(b[max(0, at-clientReach):at]) {
		return
	}
	if known {
		if f.nAddrs == 0 {
			f.addrField = f.field
		}
		f.addrs[f.nAddrs], f.owners[f.nAddrs] = ip, owner
		f.nAddrs++
		return
	}
	f.maybeAddrs[f.nMaybeAddr] = ip
	f.nMaybeAddr++
}

// clientReach is how far before an address a word is looked for that says whose
// it is.
const clientReach = 32

// clientWords stand before the address of whoever asked.
var clientWords = []string{
	"remote", "client", "forwarded", "real-ip", "real_ip", "realip", "your ip", "your address", "visitor", "peer",
	"客户", "访客", "访问者", "来访", "对端", "您的ip", "您的 ip", "您的地址", "你的ip", "你的 ip", "你的地址", "来源",
}

// client looks for such a word in what stands before an address on its line,
// and behind any other address.
func (f *Found) client(before []byte) bool {
	f.Steps += len(before)
	for i := len(before) - 1; i >= 0; i-- {
		c := before[i]
		if c == '\n' || c == '\r' || c == ',' || c == ';' || c == '|' || c == '.' && i+1 < len(before) && classes[before[i+1]]&isDigit != 0 {
			before = before[i+1:]
			break
		}
	}
	for i, c := range before {
		if classes[c]&isClient == 0 {
			continue
		}
		for _, w := range clientWords {
			if HasPrefixFold(before[i:], w) {
				return true
			}
		}
	}
	return false
}

// ipv4 reads four numbers with dots between at the start of b.
func ipv4(b []byte) (netip.Addr, bool) {
	var out [4]byte
	at := 0
	for part := range 4 {
		n, digits := 0, 0
		for at < len(b) && digits < 3 && b[at] >= '0' && b[at] <= '9' {
			n = n*10 + int(b[at]-'0')
			at++
			digits++
		}
		if digits == 0 || n > 255 || part < 3 && (at == len(b) || b[at] != '.') {
			return netip.Addr{}, false
		}
		out[part] = byte(n)
		if part < 3 {
			at++
		}
	}
	if at < len(b) && b[at] >= '0' && b[at] <= '9' || at+1 < len(b) && b[at] == '.' && b[at+1] >= '0' && b[at+1] <= '9' {
		return netip.Addr{}, false // a longer number, or a version with five parts
	}
	return netip.AddrFrom4(out), true
}
