package btcdtest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
)

// A fate is what becomes of one call.
type fate int

const (
	passed fate = iota
	lost        // the connection breaks before the node has the question
	done        // the node has done it; the connection breaks before the answer
)

// A proxy stands before a node and breaks connections. Package node's client talks to it
// as to the node.
type proxy struct {
	t    testing.TB
	node *btcd
	url  string

	mu    sync.Mutex
	calls int
	// rule decides the fate of call number n, counted from 1; nil lets all pass.
	rule   func(n int, method string) fate
	broken []string // methods of calls that were lost or done
}

func newProxy(t testing.TB, n *btcd) *proxy {
	p := &proxy{t: t, node: n}
	s := httptest.NewServer(p)
	t.Cleanup(s.Close)
	p.url = fmt.Sprintf("http://%s:%s@%s", rpcUser, rpcPass, s.Listener.Addr())
	return p
}

// set counts calls anew.
func (p *proxy) set(rule func(n int, method string) fate) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.calls, p.rule, p.broken = 0, rule, nil
}

func (p *proxy) seen() (calls int, broken []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.calls, p.broken
}

func (p *proxy) fateOf(body []byte) fate {
	var q struct{ Method string }
	if err := json.Unmarshal(body, &q); err != nil {
		p.t.Errorf("not a call: %s", body)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.calls++
	if p.rule == nil {
		return passed
	}
	f := p.rule(p.calls, q.Method)
	if f != passed {
		p.broken = append(p.broken, q.Method)
	}
	return f
}

func (p *proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	f := p.fateOf(body)
	if f == lost {
		panic(http.ErrAbortHandler) // closes the connection, says nothing
	}
	q, err := http.NewRequestWithContext(r.Context(), http.MethodPost, fmt.Sprintf("http://127.0.0.1:%d", p.node.port), bytes.NewReader(body))
	if err != nil {
		p.t.Error(err)
		return
	}
	q.Header = r.Header.Clone()
	resp, err := http.DefaultClient.Do(q)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil || f == done {
		panic(http.ErrAbortHandler)
	}
	w.Header().Set("Content-Type", resp.Header.Get("Content-Type"))
	w.WriteHeader(resp.StatusCode)
	_, _ = w.Write(answer)
}
