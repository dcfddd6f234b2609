package fetch

import (
	"fmt"
	"net/url"
	"strings"
)

// maxDID bounds a DID in bytes, far above any real one.
const maxDID = 2048

// DIDWebURL returns the address of the document of a did:web DID (did:web method
// specification, section "Read (Resolve)"): did:web:example.org is at
// https://example.org/.well-known/did.json, did:web:example.org%3A8443:boards:one at
// https://example.org:8443/boards/one/did.json. A DID URL, with path, query or fragment,
// is refused, and so is an IP address, which the specification rules out.
func DIDWebURL(did string) (string, error) {
	refuse := func(detail string) (string, error) {
		return "", &Error{Code: CodeRefused, URL: fmt.Sprintf("%.100q", did), Detail: detail}
	}
	id, ok := strings.CutPrefix(did, "did:web:")
	if !ok || len(did) > maxDID {
		return refuse("not a did:web")
	}
	parts := strings.Split(id, ":")
	host, ok := webHost(parts[0])
	if !ok {
		return refuse("no domain name, with %3A and a port or without")
	}
	path := "/.well-known"
	if len(parts) > 1 {
		path = ""
	}
	for _, p := range parts[1:] {
		if !webSegment(p) {
			return refuse("a path segment that is empty, climbs, or has a character that a DID may not have")
		}
		path += "/" + p
	}
	return "https://" + host + path + "/did.json", nil
}

// webHost reads a domain name of letters, digits and hyphens, and a port after %3A.
func webHost(s string) (host string, ok bool) {
	lower := strings.ToLower(s)
	name, port, hasPort := strings.Cut(lower, "%3a")
	if hasPort && (port == "" || len(port) > 5 || strings.Trim(port, "0123456789") != "" || port[0] == '0') {
		return "", false
	}
	labels := strings.Split(name, ".")
	for _, l := range labels {
		if l == "" || len(l) > 63 || l[0] == '-' || l[len(l)-1] == '-' || strings.Trim(l, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
			return "", false
		}
	}
	// A name whose last label is a number would be read as an IPv4 address.
	last := labels[len(labels)-1]
	if strings.Trim(last, "0123456789") == "" || strings.HasPrefix(last, "0x") || len(name) > 253 {
		return "", false
	}
	if hasPort {
		return name + ":" + port, true
	}
	return name, true
}

// webSegment allows what a DID may have (DID Core, section 3.1: letters, digits, ".", "-",
// "_" and percent-encoding), unless decoding gives a dot segment, a separator or a control.
func webSegment(s string) bool {
	if s == "" || strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_%") != "" {
		return false
	}
	d, err := url.PathUnescape(s)
	if err != nil || d == "." || d == ".." {
		return false
	}
	return !strings.ContainsFunc(d, func(r rune) bool { return r == '/' || r == '\\' || r < ' ' || r == 0x7f })
}

// ResolverURL returns the address at which a universal resolver answers for a DID (DIF
// Universal Resolver: /1.0/identifiers/). base is the resolver that the caller names, such
// as https://resolver.example. The resolver can answer what it likes; did:key and did:jwk
// are computed instead, and what it says of others counts only as the trust file says.
func ResolverURL(base, did string) (string, error) {
	method, rest, ok := strings.Cut(strings.TrimPrefix(did, "did:"), ":")
	if !strings.HasPrefix(did, "did:") || !ok || len(did) > maxDID || method == "" || rest == "" ||
		strings.Trim(method, "abcdefghijklmnopqrstuvwxyz0123456789") != "" ||
		strings.Trim(rest, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_%:") != "" {
		return "", &Error{Code: CodeRefused, URL: fmt.Sprintf("%.100q", did), Detail: "not a DID"}
	}
	u, err := parse(base)
	if err != nil {
		return "", err
	}
	if u.RawQuery != "" || u.ForceQuery {
		return "", &Error{Code: CodeRefused, URL: u.String(), Detail: "a resolver has no query"}
	}
	return strings.TrimSuffix(u.String(), "/") + "/1.0/identifiers/" + url.PathEscape(did), nil
}
