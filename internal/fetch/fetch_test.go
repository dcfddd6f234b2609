package fetch_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/certanchor/certanchor/internal/fetch"
)

// A site is an https server on loopback that counts its visitors.
type site struct {
	*httptest.Server
	visits atomic.Int32
	header atomic.Pointer[http.Header] // of the last request
}

func newSite(t *testing.T, h http.HandlerFunc) *site {
	t.Helper()
	s := &site{}
	s.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.visits.Add(1)
		s.header.Store(&r.Header)
		h(w, r)
	}))
	s.Config.ErrorLog = log.New(io.Discard, "", 0) // handshakes that are meant to fail
	s.StartTLS()
	t.Cleanup(s.Close)
	return s
}

func (s *site) host() string { return strings.TrimPrefix(s.URL, "https://") }

func (s *site) roots() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(s.Certificate())
	return pool
}

func newClient(t *testing.T, cfg fetch.Config) *fetch.Client {
	t.Helper()
	c, err := fetch.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func wantCode(t *testing.T, err error, code fetch.Code) *fetch.Error {
	t.Helper()
	var e *fetch.Error
	if !errors.As(err, &e) || e.Code != code {
		t.Fatalf("error %v, want code %s", err, code)
	}
	return e
}

func serve(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "Application/JSON; charset=utf-8")
		io.WriteString(w, body)
	}
}

func TestGet(t *testing.T) {
	s := newSite(t, serve(`{"id":"x"}`))
	exact := s.URL + "/list?version=3"
	c := newClient(t, fetch.Config{Hosts: []string{strings.ToUpper(s.host())}, URLs: []string{exact}, RootCAs: s.roots()})
	for _, u := range []string{s.URL + "/doc.json", s.URL, exact} {
		if !c.Allows(u) {
			t.Errorf("%s is not allowed", u)
		}
		body, media, err := c.Get(t.Context(), u, 10)
		if err != nil || string(body) != `{"id":"x"}` || media != "application/json" {
			t.Errorf("%s: %q, %q, %v", u, body, media, err)
		}
	}
	h := *s.header.Load()
	if h.Get("Referer") != "" || h.Get("Cookie") != "" || h.Get("User-Agent") != "certanchor" || !strings.Contains(h.Get("Accept"), "application/did+json") {
		t.Errorf("headers %v", h)
	}
	// One byte less than the document has.
	_, _, err := c.Get(t.Context(), s.URL+"/doc.json", 9)
	wantCode(t, err, fetch.CodeTooLarge)
}

// Nobody is asked for what is not named.
func TestRefusedBeforeAsking(t *testing.T) {
	s := newSite(t, serve("{}"))
	plain := httptest.NewServer(serve("{}"))
	defer plain.Close()
	host := newClient(t, fetch.Config{Hosts: []string{s.host()}, RootCAs: s.roots()})
	exact := newClient(t, fetch.Config{URLs: []string{s.URL + "/a"}, RootCAs: s.roots()})
	none := newClient(t, fetch.Config{RootCAs: s.roots()})
	for name, c := range map[string]struct {
		client *fetch.Client
		url    string
	}{
		"nothing is named":          {none, s.URL + "/a"},
		"another path":              {exact, s.URL + "/b"},
		"a query on a named host":   {host, s.URL + "/status?id=urn:uuid:1"},
		"an empty query":            {host, s.URL + "/status?"},
		"a query on a named path":   {exact, s.URL + "/a?id=1"},
		"another port":              {host, "https://127.0.0.1:1/a"},
		"another host":              {host, "https://boards.example/a"},
		"http on a named host":      {host, plain.URL + "/a"},
		"http elsewhere":            {host, "http://boards.example/a"},
		"user and password":         {host, strings.Replace(s.URL, "https://", "https://u:p@", 1)},
		"a fragment":                {host, s.URL + "/a#key-1"},
		"a file":                    {host, "file:///etc/passwd"},
		"no scheme":                 {host, s.host() + "/a"},
		"opaque":                    {host, "https:" + s.host()},
		"data":                      {host, "data:application/json,{}"},
		"a host that looks like it": {host, s.URL + ".evil.example/a"},
		"a control character":       {host, s.URL + "/a\n"},
		"empty":                     {host, ""},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := c.client.Get(t.Context(), c.url, 100)
			e := wantCode(t, err, fetch.CodeRefused)
			if strings.Contains(e.Error(), "u:p") {
				t.Errorf("the password is in %v", e)
			}
			if c.client.Allows(c.url) {
				t.Error("but Allows says yes")
			}
		})
	}
	if n := s.visits.Load(); n != 0 {
		t.Errorf("the server was asked %d times", n)
	}
}

func TestLoopbackByHTTPIfNamed(t *testing.T) {
	s := httptest.NewServer(serve("{}"))
	defer s.Close()
	c := newClient(t, fetch.Config{URLs: []string{s.URL + "/a"}})
	if body, _, err := c.Get(t.Context(), s.URL+"/a", 100); err != nil || string(body) != "{}" {
		t.Errorf("%q, %v", body, err)
	}
	for _, cfg := range []fetch.Config{
		{URLs: []string{"http://boards.example/a"}}, {Hosts: []string{"boards.example/path"}}, {Hosts: []string{"u@boards.example"}},
		{Hosts: []string{""}}, {Hosts: []string{"boards.example?x"}}, {Timeout: -1}, {Proxy: "socks://127.0.0.1"}, {Proxy: "127.0.0.1"},
	} {
		_, err := fetch.New(cfg)
		wantCode(t, err, fetch.CodeRefused)
	}
}

func TestRedirects(t *testing.T) {
	other := newSite(t, serve(`"other"`))
	plain := httptest.NewServer(serve(`"plain"`))
	defer plain.Close()
	var s *site
	s = newSite(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/same":
			http.Redirect(w, r, "/doc", http.StatusFound)
		case "/query":
			http.Redirect(w, r, "/doc?id=1", http.StatusFound)
		case "/named":
			http.Redirect(w, r, "/doc?v=2", http.StatusFound)
		case "/other":
			http.Redirect(w, r, other.URL+"/doc", http.StatusFound)
		case "/http":
			http.Redirect(w, r, plain.URL+"/doc", http.StatusFound)
		case "/user":
			http.Redirect(w, r, strings.Replace(s.URL, "https://", "https://secret@", 1), http.StatusFound)
		case "/loop":
			http.Redirect(w, r, "/loop", http.StatusFound)
		default:
			io.WriteString(w, `"same"`)
		}
	})
	roots := s.roots()
	roots.AddCert(other.Certificate())
	// Both hosts are named, and still one does not lead to the other.
	c := newClient(t, fetch.Config{Hosts: []string{s.host(), other.host()}, URLs: []string{s.URL + "/doc?v=2", plain.URL + "/doc"}, RootCAs: roots})
	for _, path := range []string{"/same", "/named"} {
		if body, _, err := c.Get(t.Context(), s.URL+path, 100); err != nil || string(body) != `"same"` {
			t.Errorf("%s: %q, %v", path, body, err)
		}
	}
	for _, path := range []string{"/other", "/http", "/query", "/user", "/loop"} {
		_, _, err := c.Get(t.Context(), s.URL+path, 100)
		if e := wantCode(t, err, fetch.CodeRefused); strings.Contains(e.Error(), "secret") {
			t.Errorf("%v", e)
		}
	}
	if n := other.visits.Load(); n != 0 {
		t.Errorf("the other host was asked %d times", n)
	}
}

func TestServerFaults(t *testing.T) {
	stop := make(chan struct{})
	s := newSite(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/404":
			http.NotFound(w, r)
		case "/204":
			w.WriteHeader(http.StatusNoContent)
		case "/slow":
			select {
			case <-r.Context().Done():
			case <-stop:
			}
		case "/drip":
			io.WriteString(w, "{")
			w.(http.Flusher).Flush()
			select {
			case <-r.Context().Done():
			case <-stop:
			}
		case "/cut":
			w.Header().Set("Content-Length", "100")
			io.WriteString(w, `{"id":`)
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		case "/cut-chunked":
			io.WriteString(w, `{"id":`)
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		case "/cut-gzip":
			var b bytes.Buffer
			z := gzip.NewWriter(&b)
			io.WriteString(z, strings.Repeat(`{"id":1}`, 100))
			z.Close()
			w.Header().Set("Content-Encoding", "gzip")
			w.Write(b.Bytes()[:b.Len()-9])
		case "/odd-type":
			w.Header().Set("Content-Type", "/;;")
			io.WriteString(w, "{}")
		}
	})
	t.Cleanup(func() { close(stop) })
	c := newClient(t, fetch.Config{Hosts: []string{s.host()}, RootCAs: s.roots(), Timeout: 300 * time.Millisecond})
	for path, code := range map[string]fetch.Code{
		"/404": fetch.CodeStatus, "/204": fetch.CodeStatus, "/slow": fetch.CodeTimeout, "/drip": fetch.CodeTimeout,
		"/cut": fetch.CodeTruncated, "/cut-chunked": fetch.CodeTruncated, "/cut-gzip": fetch.CodeTruncated,
	} {
		t.Run(path, func(t *testing.T) {
			_, _, err := c.Get(t.Context(), s.URL+path, 1000)
			e := wantCode(t, err, code)
			if path == "/404" && e.Status != 404 {
				t.Errorf("%+v", e)
			}
		})
	}
	if _, media, err := c.Get(t.Context(), s.URL+"/odd-type", 1000); err != nil || media != "" {
		t.Errorf("%q, %v", media, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, _, err := c.Get(ctx, s.URL+"/slow", 1000)
	wantCode(t, err, fetch.CodeTimeout)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	strict := newClient(t, fetch.Config{Hosts: []string{s.host()}})
	_, _, err = strict.Get(t.Context(), s.URL+"/a", 1000)
	wantCode(t, err, fetch.CodeUnreachable)
	dead := httptest.NewTLSServer(nil)
	dead.Close()
	_, _, err = newClient(t, fetch.Config{URLs: []string{dead.URL}}).Get(t.Context(), dead.URL, 1000)
	wantCode(t, err, fetch.CodeUnreachable)
}

// half a gigabyte, whether announced, streamed or packed, costs no more than the limit.
func TestHugeBody(t *testing.T) {
	const huge = 500 << 20
	zeros := make([]byte, 1<<20)
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	for range huge / len(zeros) {
		z.Write(zeros)
	}
	z.Close()
	s := newSite(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/packed" {
			w.Header().Set("Content-Encoding", "gzip")
			w.Write(packed.Bytes())
			return
		}
		if r.URL.Path == "/announced" {
			w.Header().Set("Content-Length", fmt.Sprint(huge))
		}
		for range huge / len(zeros) {
			if _, err := w.Write(zeros); err != nil {
				return
			}
		}
	})
	c := newClient(t, fetch.Config{Hosts: []string{s.host()}, RootCAs: s.roots()})
	for _, path := range []string{"/streamed", "/announced", "/packed"} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, _, err := c.Get(t.Context(), s.URL+path, 8<<20)
		runtime.ReadMemStats(&after)
		wantCode(t, err, fetch.CodeTooLarge)
		// Everything that was ever allocated meanwhile, the server's part included.
		if n := after.TotalAlloc - before.TotalAlloc; n > 16<<20 {
			t.Errorf("%s: %d MiB allocated", path, n>>20)
		}
	}
}

func TestProxyOnlyIfNamed(t *testing.T) {
	var asked atomic.Int32
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		w.WriteHeader(http.StatusBadGateway)
	}))
	defer proxy.Close()
	s := newSite(t, serve("{}"))
	t.Setenv("HTTPS_PROXY", proxy.URL)
	t.Setenv("https_proxy", proxy.URL)
	if _, _, err := newClient(t, fetch.Config{Hosts: []string{s.host()}, RootCAs: s.roots()}).Get(t.Context(), s.URL, 100); err != nil {
		t.Error(err)
	}
	if asked.Load() != 0 {
		t.Error("the proxy of the environment was used")
	}
	c := newClient(t, fetch.Config{Hosts: []string{"boards.example"}, Proxy: proxy.URL})
	if _, _, err := c.Get(t.Context(), "https://boards.example/a", 100); err == nil || asked.Load() != 1 {
		t.Errorf("%v; the named proxy was asked %d times", err, asked.Load())
	}
}

func TestDIDWebURL(t *testing.T) {
	for did, want := range map[string]string{
		"did:web:w3c-ccg.github.io":               "https://w3c-ccg.github.io/.well-known/did.json",
		"did:web:w3c-ccg.github.io:user:alice":    "https://w3c-ccg.github.io/user/alice/did.json",
		"did:web:example.com%3A3000":              "https://example.com:3000/.well-known/did.json",
		"did:web:Example.COM%3a3000:user:alice":   "https://example.com:3000/user/alice/did.json",
		"did:web:example.com:a%20b":               "https://example.com/a%20b/did.json",
		"did:web:localhost%3A8443":                "https://localhost:8443/.well-known/did.json",
		"did:web:xn--bcher-kva.example:Board_1.x": "https://xn--bcher-kva.example/Board_1.x/did.json",

		"did:web:":                                         "",
		"did:web":                                          "",
		"did:key:z6Mk":                                     "",
		"did:web:example.com#key-1":                        "",
		"did:web:example.com/path":                         "",
		"did:web:example.com?x=1":                          "",
		"did:web:example.com::a":                           "",
		"did:web:example.com:":                             "",
		"did:web:example.com:..":                           "",
		"did:web:example.com:%2e%2E":                       "",
		"did:web:example.com:a%2Fb":                        "",
		"did:web:example.com:a%5cb":                        "",
		"did:web:example.com:a%00":                         "",
		"did:web:example.com:a%0a":                         "",
		"did:web:example.com:%zz":                          "",
		"did:web:example.com:ü":                            "",
		"did:web:127.0.0.1":                                "",
		"did:web:10.0.0.0x1":                               "",
		"did:web:2130706433":                               "",
		"did:web:%5B%3A%3A1%5D":                            "",
		"did:web:example.com.":                             "",
		"did:web:-a.example":                               "",
		"did:web:example.com%3A":                           "",
		"did:web:example.com%3A0443":                       "",
		"did:web:example.com%3A443%40evil":                 "",
		"did:web:example.com%40evil.com":                   "",
		"did:web:user@example.com":                         "",
		"did:web:" + strings.Repeat("a.", 200) + "example": "",
	} {
		got, err := fetch.DIDWebURL(did)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%s: %q, %v; want %q", did, got, err, want)
		}
		if err != nil {
			wantCode(t, err, fetch.CodeRefused)
		}
	}
}

func TestResolverURL(t *testing.T) {
	for _, c := range []struct{ base, did, want string }{
		{"https://resolver.example", "did:ion:EiAn", "https://resolver.example/1.0/identifiers/did:ion:EiAn"},
		{"https://resolver.example/x/", "did:web:a.example%3A8", "https://resolver.example/x/1.0/identifiers/did:web:a.example%253A8"},
		{"http://127.0.0.1:8080", "did:ion:EiAn", "http://127.0.0.1:8080/1.0/identifiers/did:ion:EiAn"},
		{"http://resolver.example", "did:ion:EiAn", ""},
		{"https://resolver.example?x=1", "did:ion:EiAn", ""},
		{"https://resolver.example", "did:ion:a/../../x", ""},
		{"https://resolver.example", "did:ion:a?x", ""},
		{"https://resolver.example", "did:ion:", ""},
		{"https://resolver.example", "https://x.example", ""},
		{"https://resolver.example", "ion:a:b", ""},
	} {
		got, err := fetch.ResolverURL(c.base, c.did)
		if got != c.want || (err == nil) != (c.want != "") {
			t.Errorf("%s %s: %q, %v", c.base, c.did, got, err)
		}
	}
}

// FuzzDIDWebURL: what comes out is an https address of the very host, without query, that
// a client would take as it stands.
func FuzzDIDWebURL(f *testing.F) {
	for _, s := range []string{"did:web:example.com", "did:web:example.com%3A3000:user:alice", "did:web:a:%2e%2e", "did:web:[::1]"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, did string) {
		got, err := fetch.DIDWebURL(did)
		if err != nil {
			return
		}
		u, err := url.Parse(got)
		if err != nil || u.Scheme != "https" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || !strings.HasSuffix(u.Path, "/did.json") {
			t.Fatalf("%q gives %q: %v", did, got, err)
		}
		c, err := fetch.New(fetch.Config{URLs: []string{got}})
		if err != nil || !c.Allows(got) || u.JoinPath().Path != u.Path {
			t.Fatalf("%q gives %q, which is not allowed or not clean: %v", did, got, err)
		}
	})
}

// ExampleClient fetches the document of an issuer that the trust file names.
func ExampleClient() {
	address, err := fetch.DIDWebURL("did:web:boards.example:medicine")
	if err != nil {
		panic(err)
	}
	client, err := fetch.New(fetch.Config{URLs: []string{address}})
	if err != nil {
		panic(err)
	}
	fmt.Println(client.Allows(address))
	fmt.Println(client.Allows("https://boards.example/medicine/did.json?who=asks"))
	_, _, err = client.Get(context.Background(), "https://elsewhere.example/status", 1<<20)
	fmt.Println(err)
	// Output:
	// true
	// false
	// fetch: fetch-refused: https://elsewhere.example/status: neither the address nor its host is named
}
