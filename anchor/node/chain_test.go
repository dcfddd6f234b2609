package node

import (
	"context"
	"encoding/pem"
	"errors"
	"io"
	"log"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/certanchor/certanchor/anchor"
)

// newCanceler ends a context as a person does who loses patience.
func newCanceler(t *testing.T, after time.Duration) (context.Context, func()) {
	ctx, cancel := context.WithCancel(t.Context())
	timer := time.AfterFunc(after, cancel)
	return ctx, func() { timer.Stop(); cancel() }
}

// dead is an endpoint that nobody answers at.
func dead(t *testing.T) Endpoint {
	t.Helper()
	s := httptest.NewServer(nil)
	s.Close()
	e, err := NewEsplora(s.URL, anchor.Regtest, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func join(t *testing.T, list ...Endpoint) *Chain {
	t.Helper()
	c, err := New(list...)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// Whatever is wrong with the first endpoints, the next one is asked, for each question.
func TestFailover(t *testing.T) {
	s := newScene(t)
	liar := newEsploraDouble(s.world, func(d *esploraDouble) {
		d.lie = func(path string, a any) any {
			if strings.HasSuffix(path, "/header") {
				return strings.Repeat("00", anchor.HeaderSize)
			}
			return a
		}
	})
	syncing := newNodeDouble(s.world, func(d *nodeDouble) { d.syncing = true })
	good := newNodeDouble(s.world, nil)
	c := join(t, dead(t), liar.client(Options{}), syncing.client(Options{}), good.client(Options{}))
	for _, q := range []string{"evidence", "lookup", "lookup waiting", "coins", "spender", "headers", "tip", "fee", "broadcast"} {
		if err := s.ask(t, chainEndpoint{c}, q); err != nil {
			t.Errorf("%s: %v", q, err)
		}
	}
	// If none can answer, all are named.
	c = join(t, dead(t), liar.client(Options{}), syncing.client(Options{}))
	err := s.ask(t, chainEndpoint{c}, "lookup")
	for _, want := range []string{"3 of 3", string(CodeUnreachable), string(CodeFalse), string(CodeSyncing)} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not say %q", err, want)
		}
	}
}

// chainEndpoint lets a Chain be asked like an Endpoint.
type chainEndpoint struct{ *Chain }

func (chainEndpoint) Name() string { return "all" }

// "Not found" by some proves nothing while others could not be asked.
func TestNotFoundNeedsAll(t *testing.T) {
	s := newScene(t)
	knows := newNodeDouble(s.world, nil).client(Options{})
	empty := newNodeDouble(newWorld(t, anchor.ProfileBlockcerts), nil).client(Options{})
	nobody := anchor.TxID{7}
	type answers map[string]error
	ask := func(c *Chain, id anchor.TxID, op anchor.OutPoint) answers {
		_, lookup := c.Lookup(t.Context(), id)
		_, evidence := c.Evidence(t.Context(), id)
		_, spender := c.Spender(t.Context(), op)
		return answers{"lookup": lookup, "evidence": evidence, "spender": spender}
	}
	for q, err := range ask(join(t, empty, knows), nobody, anchor.OutPoint{TxID: nobody}) {
		if !errors.Is(err, anchor.ErrNotFound) {
			t.Errorf("all asked, %s: %v", q, err)
		}
	}
	for q, err := range ask(join(t, empty, dead(t)), nobody, anchor.OutPoint{TxID: nobody}) {
		if err == nil || errors.Is(err, anchor.ErrNotFound) || CodeOf(err) != CodeUnreachable {
			t.Errorf("one could not be asked, %s: %v", q, err)
		}
	}
	for q, err := range ask(join(t, dead(t), empty, knows), s.id, s.spent) {
		if err != nil {
			t.Errorf("the last one knows, %s: %v", q, err)
		}
	}
	// No coins, by those who could be asked, is no answer either.
	addr, err := anchor.Address(testKey("nobody").PubKey(), anchor.ProfileSegwit, anchor.Regtest)
	if err != nil {
		t.Fatal(err)
	}
	if coins, err := join(t, empty, knows).Coins(t.Context(), addr); err != nil || len(coins) != 0 {
		t.Errorf("%v, %v", coins, err)
	}
	_, err = join(t, empty, dead(t)).Coins(t.Context(), addr)
	wantCode(t, err, CodeUnreachable)
}

// A node that is behind has in its pool what another has in a block, and a lower tip.
func TestBehind(t *testing.T) {
	w := newWorld(t, anchor.ProfileBlockcerts)
	behind := newWorld(t, anchor.ProfileBlockcerts)
	raw, id := w.send("root")
	if err := behind.accept(raw); err != nil {
		t.Fatal(err)
	}
	w.mine(2)
	a, b := newEsploraDouble(behind, nil).client(Options{}), newEsploraDouble(w, nil).client(Options{})
	c := join(t, a, b)
	s, err := c.Lookup(t.Context(), id)
	if err != nil || s.Confirmations != 2 {
		t.Errorf("%+v, %v", s, err)
	}
	if s, err := join(t, a, dead(t)).Lookup(t.Context(), id); err != nil || !s.InMempool {
		t.Errorf("%+v, %v", s, err)
	}
	want, wantHash := w.tip()
	for _, c := range []*Chain{c, join(t, b, a), join(t, dead(t), b)} {
		if h, hash, err := c.Tip(t.Context()); err != nil || h != want || hash != wantHash {
			t.Errorf("tip %d, %v", h, err)
		}
	}
	if _, err := c.Evidence(t.Context(), id); err != nil {
		t.Error(err)
	}
	if _, err := c.Headers(t.Context(), want, want); err != nil {
		t.Error(err)
	}
}

func TestOpen(t *testing.T) {
	w := newWorld(t, anchor.ProfileBlockcerts)
	node, explorer := newNodeDouble(w, nil), newEsploraDouble(w, nil)
	c, err := Open(anchor.Regtest, []string{"rpc=" + node.URL, "esplora=" + explorer.URL + "/api/"}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := c.Tip(t.Context()); err != nil || c.Network() != anchor.Regtest {
		t.Error(err)
	}
	for _, spec := range []string{"rpc=" + node.URL, "esplora=" + explorer.URL + "/api"} {
		if n, err := NetworkOf(t.Context(), spec, Options{}); err != nil || n != anchor.Regtest {
			t.Errorf("%s: %s, %v", spec, n, err)
		}
	}
	alien := newNodeDouble(w, func(d *nodeDouble) { d.genesis = anchor.BlockHash{1} })
	_, err = NetworkOf(t.Context(), "rpc="+alien.URL, Options{})
	wantCode(t, err, CodeWrongNetwork)
	for _, spec := range []string{
		"", "rpc", "rpc=", "http://127.0.0.1", "core=http://127.0.0.1", "rpc=127.0.0.1:8332", "rpc=ftp://127.0.0.1",
		"rpc=http://user:hunter2@node.example:8332", // in clear over the network
		"esplora=http://explorer.example/api", "rpc=http://u:hunter2@127.0.0.1?authfile=/x", "rpc=http://127.0.0.1?wallet=hunter2",
		"rpc=http://127.0.0.1?authfile=/a&authfile=/b", "rpc=http://127.0.0.1#hunter2", "rpc=https://127.0.0.1?cafile=/nonexistent",
		"bitcoind=http://u:hunter2@127.0.0.1",
	} {
		_, err := Open(anchor.Regtest, []string{spec}, Options{})
		wantCode(t, err, CodeEndpoint)
		if strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%v", err)
		}
	}
	_, err = Open(anchor.Regtest, nil, Options{})
	wantCode(t, err, CodeEndpoint)
	_, err = NewRPC("http://127.0.0.1", "testnet9", Options{})
	wantCode(t, err, CodeArgument)
	if _, err := NewRPC("http://node.example:8332", anchor.Mainnet, Options{AllowPlainHTTP: true}); err != nil {
		t.Error(err)
	}
	a, _ := NewRPC("http://127.0.0.1", anchor.Mainnet, Options{})
	b, _ := NewRPC("http://127.0.0.1", anchor.Signet, Options{})
	_, err = New(a, b)
	wantCode(t, err, CodeWrongNetwork)
}

// The password comes from the address or from a file, which is read again when the node
// has written a new one, and is in no error.
func TestPassword(t *testing.T) {
	w := newWorld(t, anchor.ProfileBlockcerts)
	d := newNodeDouble(w, func(d *nodeDouble) { d.user = "alice:hunter2:with colon" })
	cookie := filepath.Join(t.TempDir(), ".cookie")
	write := func(text string) {
		if err := os.WriteFile(cookie, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	withUser := strings.Replace(d.URL, "http://", "http://alice:hunter2%3Awith%20colon@", 1)
	inAddress, err := NewRPC(withUser, anchor.Regtest, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := inAddress.Tip(t.Context()); err != nil {
		t.Error(err)
	}
	fromFile, err := NewRPC(d.URL+"?authfile="+cookie, anchor.Regtest, Options{})
	if err != nil {
		t.Fatal(err)
	}
	_, _, err = fromFile.Tip(t.Context())
	wantCode(t, err, CodeEndpoint) // no file yet
	write("alice:hunter2:with colon\r\n")
	if _, _, err := fromFile.Tip(t.Context()); err != nil {
		t.Error(err)
	}
	d.user = "__cookie__:hunter3"
	_, _, err = inAddress.Tip(t.Context())
	wantCode(t, err, CodeUnauthorized)
	_, _, err = fromFile.Tip(t.Context())
	wantCode(t, err, CodeUnauthorized)
	write("__cookie__:hunter3\n")
	if _, _, err := fromFile.Tip(t.Context()); err != nil {
		t.Error(err)
	}
	d.lie = func(string, []any, any) any { return hangUp }
	for _, e := range []*RPC{inAddress, fromFile} {
		_, _, err := e.Tip(t.Context())
		if err == nil || strings.Contains(err.Error(), "hunter") || strings.Contains(err.Error(), "alice") {
			t.Errorf("%v", err)
		}
	}
	write("hunter4 without a colon")
	fresh, err := NewRPC(d.URL+"?authfile="+cookie, anchor.Regtest, Options{})
	if err != nil {
		t.Fatal(err)
	}
	_, _, err = fresh.Tip(t.Context())
	if wantCode(t, err, CodeEndpoint); strings.Contains(err.Error(), "hunter4") {
		t.Errorf("%v", err)
	}
}

// btcd makes its own certificate, which the caller names.
func TestOwnCertificate(t *testing.T) {
	w := newWorld(t, anchor.ProfileBlockcerts)
	s := httptest.NewUnstartedServer(newNodeDouble(w, func(d *nodeDouble) { d.btcd = true }))
	s.Config.ErrorLog = log.New(io.Discard, "", 0) // the handshake that is meant to fail
	s.StartTLS()
	defer s.Close()
	cert := filepath.Join(t.TempDir(), "rpc.cert")
	block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
	if err := os.WriteFile(cert, block, 0o600); err != nil {
		t.Fatal(err)
	}
	for address, want := range map[string]Code{s.URL: CodeUnreachable, s.URL + "?cafile=" + cert: ""} {
		c, err := NewRPC(address, anchor.Regtest, Options{})
		if err != nil {
			t.Fatal(err)
		}
		_, _, err = c.Tip(t.Context())
		if CodeOf(err) != want {
			t.Errorf("%s: %v", address, err)
		}
	}
	if err := os.WriteFile(cert, []byte("no certificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := NewRPC(s.URL+"?cafile="+cert, anchor.Regtest, Options{})
	wantCode(t, err, CodeEndpoint)
}

// The environment names no proxy for us.
func TestNoProxy(t *testing.T) {
	w := newWorld(t, anchor.ProfileBlockcerts)
	d := newNodeDouble(w, nil)
	c := d.client(Options{AllowPlainHTTP: true})
	t.Setenv("HTTP_PROXY", "http://127.0.0.1:1")
	t.Setenv("ALL_PROXY", "http://127.0.0.1:1")
	if _, _, err := c.Tip(t.Context()); err != nil {
		t.Error(err)
	}
}

// What an explorer says of an anchor; payload and address are computed.
func TestObserveBitcoin(t *testing.T) {
	s := newScene(t)
	header := s.headerHex(s.block)
	for name, e := range map[string]Observer{
		"esplora": newEsploraDouble(s.world, nil).client(Options{}),
		"core":    newNodeDouble(s.world, nil).client(Options{}),
	} {
		o, err := e.Observe(t.Context(), "btc:regtest", s.id.String())
		if err != nil {
			t.Fatal(err)
		}
		c, _ := anchor.ParseCommitment(s.raw)
		b, _, _ := s.world.block(s.block.String())
		want := &Observation{Source: e.Name(), Chain: "btc:regtest", TxID: s.id.String(), Payload: c.Root, Address: s.address,
			Time: b.header.Time(), Confirmations: 3}
		if diff := cmp.Diff(want, o); diff != "" || header == "" {
			t.Errorf("%s: %s", name, diff)
		}
		o, err = e.Observe(t.Context(), "btc:regtest", s.waiting.String())
		if err != nil || o.Confirmations != 0 || !o.Time.IsZero() {
			t.Errorf("%s: waiting: %+v, %v", name, o, err)
		}
		if _, err = e.Observe(t.Context(), "btc:regtest", strings.Repeat("07", 32)); !errors.Is(err, anchor.ErrNotFound) {
			t.Errorf("%s: %v", name, err)
		}
		_, err = e.Observe(t.Context(), "btc:mainnet", s.id.String())
		wantCode(t, err, CodeWrongNetwork)
		_, err = e.Observe(t.Context(), "btc:regtest", "x")
		wantCode(t, err, CodeArgument)
		// A transaction that carries no root.
		_, err = e.Observe(t.Context(), "btc:regtest", s.spent.TxID.String())
		wantCode(t, err, CodeNoAnchor)
	}
}
