// Package fetch gets documents over HTTPS from addresses that its caller named, and from
// no others: issuer documents, DID documents, status lists, schemas.
//
// A credential is full of addresses that its maker chose. Visiting one of them tells its
// owner who is checking what, and may reach machines that only the visitor can reach. So
// a [Client] holds a list of addresses and hosts, made by whoever runs the program, and
// refuses the rest before a name is looked up. A query is part of an address and counts
// only if the caller named it: a path such as /status?id=… would tell which credential is
// being checked.
//
// A document is whole or an error. Nothing here judges what is in it.
package fetch

import (
	"context"
	"crypto/x509"
	"errors"
	"io"
	"mime"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/certanchor/certanchor/internal/dial"
)

const (
	// DefaultTimeout is how long one document may take.
	DefaultTimeout = 30 * time.Second
	// maxRedirects within one host: from a short name to a dated file, say.
	maxRedirects = 3
	// chunk is the piece in which a body is read.
	chunk = 64 << 10
	// accept asks for documents of identity first: some servers show people a page at the
	// same address. The form of a DID resolution result is not asked for, so resolvers
	// give the document itself.
	accept = "application/did+ld+json, application/did+json, application/ld+json, application/json;q=0.9, */*;q=0.1"
)

// Config names what a Client may fetch. The zero Config allows nothing.
type Config struct {
	// URLs are addresses that may be fetched, each exactly as it stands here, query
	// included: https, or http to this machine.
	URLs []string
	// Hosts are names such as boards.example or boards.example:8443, from which every
	// path without a query may be fetched by https.
	Hosts []string
	// Timeout is for one document; 0 means DefaultTimeout.
	Timeout time.Duration
	// Proxy, if not empty, is the address of an HTTP proxy. The environment names none.
	Proxy string
	// RootCAs, if not nil, take the place of the system's.
	RootCAs *x509.CertPool
}

// A Client fetches what its Config names. Calls are safe for concurrent use.
type Client struct {
	urls    map[string]bool
	hosts   map[string]bool
	timeout time.Duration
	http    *http.Client
}

// New returns a Client. An address that could never be fetched is an error with the code
// fetch-refused.
func New(cfg Config) (*Client, error) {
	c := &Client{urls: make(map[string]bool), hosts: make(map[string]bool), timeout: cfg.Timeout}
	if c.timeout < 0 {
		return nil, &Error{Code: CodeRefused, Detail: "a negative timeout"}
	}
	if c.timeout == 0 {
		c.timeout = DefaultTimeout
	}
	for _, raw := range cfg.URLs {
		u, err := parse(raw)
		if err != nil {
			return nil, err
		}
		c.urls[u.String()] = true
	}
	for _, h := range cfg.Hosts {
		u, err := parse("https://" + h)
		if err != nil || u.Path != "" || u.RawQuery != "" {
			return nil, &Error{Code: CodeRefused, URL: h, Detail: "want a host, with a port or without"}
		}
		c.hosts[u.Host] = true
	}
	transport, err := newTransport(cfg)
	if err != nil {
		return nil, err
	}
	c.http = &http.Client{Transport: transport, CheckRedirect: c.checkRedirect}
	return c, nil
}

func newTransport(cfg Config) (http.RoundTripper, error) {
	t := dial.Transport(cfg.RootCAs)
	t.MaxIdleConnsPerHost = 1
	if cfg.Proxy == "" {
		return t, nil
	}
	p, err := url.Parse(cfg.Proxy)
	if err != nil || p.Host == "" || p.Scheme != "http" && p.Scheme != "https" {
		return nil, &Error{Code: CodeRefused, Detail: "the proxy is not an http or https address"}
	}
	t.Proxy = http.ProxyURL(p)
	return t, nil
}

// parse reads an address in the one form that is compared: scheme and host in lower case,
// no default port.
func parse(raw string) (*url.URL, error) {
	refuse := func(detail string) (*url.URL, error) {
		return nil, &Error{Code: CodeRefused, URL: redacted(raw), Detail: detail}
	}
	u, err := url.Parse(raw)
	if err != nil || u.Hostname() == "" || u.Opaque != "" {
		return refuse("not an address")
	}
	u.Host = strings.ToLower(u.Host)
	switch {
	case u.User != nil:
		return refuse("holds a user")
	case u.Fragment != "" || strings.Contains(raw, "#"):
		return refuse("holds a fragment, which names no document")
	case u.Scheme == "http" && !isLoopback(u.Hostname()):
		return refuse("http is for this machine only; want https")
	case u.Scheme == "https":
		u.Host = strings.TrimSuffix(u.Host, ":443")
	case u.Scheme == "http":
		u.Host = strings.TrimSuffix(u.Host, ":80")
	default:
		return refuse("want https")
	}
	return u, nil
}

// isLoopback reports whether a host is this machine by its very name.
func isLoopback(host string) bool {
	a, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && a.IsLoopback()
}

// redacted is an address as errors show it: without user and password.
func redacted(raw string) string {
	u, err := url.Parse(raw)
	if err != nil || u.User != nil {
		return "?"
	}
	return raw
}

// allow decides whether u may be asked for.
func (c *Client) allow(u *url.URL) error {
	if c.urls[u.String()] {
		return nil
	}
	switch {
	case u.RawQuery != "" || u.ForceQuery:
		return &Error{Code: CodeRefused, URL: u.String(), Detail: "an address with a query must be named itself"}
	case u.Scheme == "https" && c.hosts[u.Host]:
		return nil
	}
	return &Error{Code: CodeRefused, URL: u.String(), Detail: "neither the address nor its host is named"}
}

// Allows reports whether Get would ask for rawURL.
func (c *Client) Allows(rawURL string) bool {
	u, err := parse(rawURL)
	return err == nil && c.allow(u) == nil
}

// checkRedirect follows within one host and scheme only. A target with a query must be
// named like any other; one without needs no name of its own, as the host was chosen.
func (c *Client) checkRedirect(req *http.Request, via []*http.Request) error {
	refuse := func(detail string) error {
		return &Error{Code: CodeRefused, URL: redacted(req.URL.String()), Detail: detail}
	}
	first := via[0].URL
	u, err := parse(req.URL.String())
	switch {
	case err != nil:
		return err
	case u.Scheme != first.Scheme || u.Host != first.Host:
		return refuse("redirected from " + first.Host + " to another host or scheme")
	case (u.RawQuery != "" || u.ForceQuery) && !c.urls[u.String()]:
		return refuse("redirected to an address with a query, which must be named itself")
	case len(via) > maxRedirects:
		return refuse("redirected too often")
	}
	req.Header.Del("Referer")
	return nil
}

// Get returns the document at rawURL, of at most limit bytes, and its media type in lower
// case without parameters; "" if there is none or it cannot be read. Errors are *Error.
func (c *Client) Get(ctx context.Context, rawURL string, limit int64) (body []byte, mediaType string, err error) {
	u, err := parse(rawURL)
	if err != nil {
		return nil, "", err
	}
	if err := c.allow(u); err != nil {
		return nil, "", err
	}
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, "", &Error{Code: CodeRefused, URL: u.String(), Detail: "not an address"}
	}
	req.Header.Set("Accept", accept)
	req.Header.Set("User-Agent", "certanchor")
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, "", broken(ctx, u, CodeUnreachable, err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, "", &Error{Code: CodeStatus, URL: u.String(), Status: resp.StatusCode, Detail: http.StatusText(resp.StatusCode)}
	}
	body, err = read(ctx, u, resp, limit)
	if err != nil {
		return nil, "", err
	}
	if mediaType, _, err = mime.ParseMediaType(resp.Header.Get("Content-Type")); err != nil {
		mediaType = ""
	}
	return body, mediaType, nil
}

// read returns the whole body and never holds more than limit and one piece.
func read(ctx context.Context, u *url.URL, resp *http.Response, limit int64) ([]byte, error) {
	if resp.ContentLength > limit {
		return nil, tooLarge(u, limit)
	}
	var pieces [][]byte
	for total := int64(0); ; {
		piece := make([]byte, min(chunk, max(limit, 0)+1-total))
		n, err := fill(resp.Body, piece)
		pieces = append(pieces, piece[:n])
		total += int64(n)
		switch {
		case total > limit:
			return nil, tooLarge(u, limit)
		case err == io.EOF && ctx.Err() == nil:
			// After the deadline a clean end proves nothing: hearing us hang up, a server
			// may close what it has sent so far as if it were all.
			return slices.Concat(pieces...), nil
		case err != nil:
			return nil, broken(ctx, u, CodeTruncated, err)
		}
	}
}

// fill reads until b is full or r fails, and leaves the error as it is: io.ReadFull would
// make a clean end look like a broken connection.
func fill(r io.Reader, b []byte) (n int, err error) {
	for n < len(b) && err == nil {
		var m int
		m, err = r.Read(b[n:])
		n += m
	}
	return n, err
}

// broken turns an error of the transport into ours.
func broken(ctx context.Context, u *url.URL, code Code, err error) error {
	var refused *Error
	if errors.As(err, &refused) {
		return refused // by checkRedirect
	}
	var outer *url.Error
	if errors.As(err, &outer) {
		err = outer.Err // its text repeats the address
	}
	var n net.Error
	switch {
	case ctx.Err() != nil:
		code, err = CodeTimeout, ctx.Err()
	case code == CodeUnreachable && (errors.As(err, &n) && n.Timeout() || errors.Is(err, syscall.ETIMEDOUT)):
		code = CodeTimeout
	}
	return &Error{Code: code, URL: u.String(), Err: err}
}
