package node

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/certanchor/certanchor/anchor"
	"github.com/certanchor/certanchor/internal/dial"
)

const (
	// DefaultTimeout is how long one call to an endpoint may take.
	DefaultTimeout = 30 * time.Second
	// scanTimeout is for scantxoutset, which reads all unspent outputs from disk.
	scanTimeout = 10 * time.Minute
	// maxAuthFile bounds a file with user and password. Core's has 75 bytes.
	maxAuthFile = 4 << 10
	// chunk is the piece in which answers of unknown length are read.
	chunk = 64 << 10
)

// Options are common to all clients. The zero value is usable.
type Options struct {
	// Timeout is for one call; 0 means DefaultTimeout.
	Timeout time.Duration
	// FallbackFeeRate is used where an endpoint makes no estimate. 0 means that there is
	// none; on regtest then 1,000, the least that nodes relay.
	FallbackFeeRate anchor.FeeRate
	// RootCAs, if not nil, take the place of the system's for https.
	RootCAs *x509.CertPool
	// AllowPlainHTTP permits http to other machines. Whoever is on the way can then read
	// the password and change answers; meant for a private network. To the own machine
	// http is always permitted.
	AllowPlainHTTP bool
}

// An endpoint is one HTTP server and how to speak to it.
type endpoint struct {
	base    string // without user, password, query and last slash
	name    string // host and port
	client  *http.Client
	timeout time.Duration

	mu       sync.Mutex
	authFile string
	user     *url.Userinfo // of the URL or last read from authFile
}

// newEndpoint reads the address of an endpoint. Its query may name authfile, with
// user:password on the first line, and cafile, with certificates in PEM.
func newEndpoint(raw string, o Options) (*endpoint, error) {
	bad := func(host, format string, args ...any) (*endpoint, error) {
		return nil, &Error{Code: CodeEndpoint, Endpoint: host, Detail: fmt.Sprintf(format, args...)}
	}
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" || u.Opaque != "" || u.Scheme != "http" && u.Scheme != "https" {
		return bad("?", "want an address such as http://127.0.0.1:8332 or https://explorer.example/api")
	}
	if u.Fragment != "" || o.Timeout < 0 || o.FallbackFeeRate < 0 {
		return bad(u.Host, "a fragment, or a negative option")
	}
	if u.Scheme == "http" && !o.AllowPlainHTTP && !isLoopback(u.Hostname()) {
		return bad(u.Host, "http to another machine shows the password and lets others change answers; use https, or a tunnel to 127.0.0.1")
	}
	e := &endpoint{name: u.Host, timeout: o.Timeout, user: u.User}
	if e.timeout == 0 {
		e.timeout = DefaultTimeout
	}
	roots := o.RootCAs
	for key, values := range u.Query() {
		switch {
		case key == "authfile" && len(values) == 1 && u.User == nil:
			e.authFile = values[0]
		case key == "cafile" && len(values) == 1 && roots == nil:
			if roots, err = readCertificates(values[0]); err != nil {
				return bad(u.Host, "cafile: %v", err)
			}
		default:
			return bad(u.Host, "the query may name authfile (and then no user) and cafile, each once")
		}
	}
	u.User, u.RawQuery, u.ForceQuery = nil, "", false
	e.base = strings.TrimSuffix(u.String(), "/")
	e.client = newHTTPClient(roots)
	return e, nil
}

// isLoopback reports whether a host is this machine by its very name.
func isLoopback(host string) bool {
	a, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && a.IsLoopback()
}

func readCertificates(path string) (*x509.CertPool, error) {
	pem, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, errors.New("holds no certificate in PEM")
	}
	return pool, nil
}

// newHTTPClient uses no proxy of the environment, follows nothing, keeps no cookies, and
// asks for no compression: a node's answer is bounded as it comes.
func newHTTPClient(roots *x509.CertPool) *http.Client {
	t := dial.Transport(roots)
	t.DisableCompression, t.MaxIdleConnsPerHost = true, 2
	return &http.Client{
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport:     t,
	}
}

// Name returns host and port of the endpoint.
func (e *endpoint) Name() string { return e.name }

// An exchange is one request and the bounds of its answer.
type exchange struct {
	call    string // for errors
	method  string
	path    string // below the base
	body    []byte
	mime    string
	limit   int64
	timeout time.Duration // 0: the endpoint's
}

// do returns status and body. Statuses above 300 that speak of the connection rather than
// of the question are errors.
func (e *endpoint) do(ctx context.Context, x exchange) (int, []byte, error) {
	status, body, err := e.once(ctx, x)
	if status == http.StatusUnauthorized && e.authFile != "" {
		// Core writes a new cookie whenever it starts.
		e.forgetUser()
		status, body, err = e.once(ctx, x)
	}
	if err != nil {
		return 0, nil, err
	}
	switch {
	case status == http.StatusUnauthorized || status == http.StatusForbidden:
		return 0, nil, e.fail(CodeUnauthorized, x.call, "status %d; check user and password, and from where the node lets itself be asked", status)
	case status >= 300 && status < 400:
		return 0, nil, e.fail(CodeRedirect, x.call, "status %d; name the address that is meant", status)
	case status == http.StatusTooManyRequests:
		return 0, nil, e.fail(CodeStatus, x.call, "status 429; ask less often, or name another endpoint")
	}
	return status, body, nil
}

func (e *endpoint) once(ctx context.Context, x exchange) (int, []byte, error) {
	timeout := x.timeout
	if timeout == 0 {
		timeout = e.timeout
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, x.method, e.base+x.path, bytes.NewReader(x.body))
	if err != nil {
		return 0, nil, e.fail(CodeEndpoint, x.call, "cannot be asked")
	}
	if x.mime != "" {
		req.Header.Set("Content-Type", x.mime)
	}
	req.Header.Set("User-Agent", "certanchor")
	if err := e.authorize(req); err != nil {
		return 0, nil, err
	}
	resp, err := e.client.Do(req)
	if err != nil {
		return 0, nil, e.broken(ctx, x.call, CodeUnreachable, err)
	}
	defer resp.Body.Close()
	body, err := e.read(ctx, x, resp)
	return resp.StatusCode, body, err
}

// broken turns an error of the transport into ours. The text of a url.Error holds the
// address, so only what is inside it is kept.
func (e *endpoint) broken(ctx context.Context, call string, code Code, err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	var n net.Error
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		code, err = CodeCanceled, context.Canceled
	case ctx.Err() != nil:
		code, err = CodeTimeout, context.DeadlineExceeded
	case code == CodeUnreachable && errors.As(err, &n) && n.Timeout():
		code = CodeTimeout
	}
	return &Error{Code: code, Endpoint: e.name, Call: call, Err: err}
}

// read returns the whole body, and never holds more than the limit and one chunk: pieces
// are joined only once all are there.
func (e *endpoint) read(ctx context.Context, x exchange, resp *http.Response) ([]byte, error) {
	tooLarge := func() error {
		return e.fail(CodeTooLarge, x.call, "over %d bytes", x.limit)
	}
	if resp.ContentLength > x.limit {
		return nil, tooLarge()
	}
	var pieces [][]byte
	for total := int64(0); ; {
		size := min(chunk, x.limit+1-total)
		if resp.ContentLength >= 0 {
			size = min(size, resp.ContentLength+1)
		}
		piece := make([]byte, size)
		n, err := fill(resp.Body, piece)
		pieces = append(pieces, piece[:n])
		total += int64(n)
		switch {
		case total > x.limit:
			return nil, tooLarge()
		case err == io.EOF && ctx.Err() == nil:
			// After the deadline a clean end proves nothing: hearing us hang up, a server
			// may close what it has sent so far as if it were all.
			return bytes.Join(pieces, nil), nil
		case err != nil:
			return nil, e.broken(ctx, x.call, CodeTruncated, err)
		}
	}
}

// fill reads until b is full or r fails. Unlike io.ReadFull it leaves the error as it is,
// so that a clean end and a broken connection stay apart.
func fill(r io.Reader, b []byte) (n int, err error) {
	for n < len(b) && err == nil {
		var m int
		m, err = r.Read(b[n:])
		n += m
	}
	return n, err
}

func (e *endpoint) authorize(req *http.Request) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.user == nil && e.authFile != "" {
		u, err := readUser(e.authFile)
		if err != nil {
			return &Error{Code: CodeEndpoint, Endpoint: e.name, Detail: "authfile", Err: err}
		}
		e.user = u
	}
	if e.user != nil {
		password, _ := e.user.Password()
		req.SetBasicAuth(e.user.Username(), password)
	}
	return nil
}

func (e *endpoint) forgetUser() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.user = nil
}

// readUser reads user:password from the first line of a file. No error of it shows what
// the file holds.
func readUser(path string) (*url.Userinfo, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxAuthFile))
	if err != nil {
		return nil, err
	}
	line, _, _ := strings.Cut(string(b), "\n")
	user, password, ok := strings.Cut(strings.TrimSuffix(line, "\r"), ":")
	if !ok || user == "" {
		return nil, errors.New("the first line is not user:password")
	}
	return url.UserPassword(user, password), nil
}
