package btcdtest

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/certanchor/certanchor/anchor"
	"github.com/certanchor/certanchor/anchor/node"
)

const (
	rpcUser = "tester"
	rpcPass = "not-a-secret"
	// startTime is how long a node may take to answer on a busy machine.
	startTime = 60 * time.Second
)

// scratch is a folder for the whole run: the built node lies there.
var scratch string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		var err error
		if scratch, err = os.MkdirTemp("", "btcdtest-"); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(scratch)
		return m.Run()
	}())
}

// buildBtcd builds the node out of the module that go.mod pins.
var buildBtcd = sync.OnceValues(func() (string, error) {
	bin := filepath.Join(scratch, "btcd")
	out, err := exec.Command("go", "build", "-o", bin, "github.com/btcsuite/btcd").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("go build github.com/btcsuite/btcd: %w\n%s", err, out)
	}
	return bin, nil
})

// unavailable skips aloud without a node, or fails where one is required.
func unavailable(t testing.TB, err error) {
	t.Helper()
	if os.Getenv("CERTANCHOR_REQUIRE_NODE") != "" {
		t.Fatalf("a btcd node is required: %v", err)
	}
	t.Skipf("SKIPPED: no btcd node: %v", err)
}

// A btcd is a node process on loopback. It lives in a folder of the test's and is gone
// when the test is.
type btcd struct {
	t     testing.TB
	bin   string
	dir   string
	port  int
	flags []string // the network, indexes
	cmd   *exec.Cmd
	log   bytes.Buffer
	ended chan struct{}
}

// startBtcd starts a node; flags name its network and indexes.
func startBtcd(t testing.TB, miningAddress string, flags ...string) *btcd {
	t.Helper()
	bin, err := buildBtcd()
	if err != nil {
		unavailable(t, err)
	}
	n := &btcd{t: t, bin: bin, dir: t.TempDir(), flags: flags}
	if err := os.WriteFile(filepath.Join(n.dir, "empty.conf"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if n.port, err = freePort(); err != nil {
		unavailable(t, err)
	}
	t.Cleanup(n.kill)
	if err := n.start(miningAddress); err != nil {
		unavailable(t, err)
	}
	return n
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// start runs the process on the node's folder, and waits until it answers.
func (n *btcd) start(miningAddress string) error {
	args := append([]string{
		"--notls", "--nolisten", "--nodnsseed", "--nobanning", "--utxocachemaxsize=10", "--debuglevel=warn",
		"--configfile=" + filepath.Join(n.dir, "empty.conf"), "--datadir=" + filepath.Join(n.dir, "data"),
		"--logdir=" + filepath.Join(n.dir, "logs"), "--rpcuser=" + rpcUser, "--rpcpass=" + rpcPass,
		fmt.Sprintf("--rpclisten=127.0.0.1:%d", n.port),
	}, n.flags...)
	if miningAddress != "" {
		args = append(args, "--miningaddr="+miningAddress)
	}
	n.cmd = exec.Command(n.bin, args...)
	n.cmd.Env = append(os.Environ(), "HOME="+n.dir) // it makes a folder there
	n.cmd.SysProcAttr = processAttributes()
	n.cmd.Stdout, n.cmd.Stderr = &n.log, &n.log
	if err := n.cmd.Start(); err != nil {
		return err
	}
	n.ended = make(chan struct{})
	go func(cmd *exec.Cmd, ended chan struct{}) { _ = cmd.Wait(); close(ended) }(n.cmd, n.ended)
	n.killBeforeTimeout()
	for deadline := time.Now().Add(startTime); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		if _, err := n.tryAsk("getblockcount"); err == nil {
			return nil
		}
		select {
		case <-n.ended:
			return fmt.Errorf("btcd ended at once: %s", n.log.String())
		default:
		}
	}
	return fmt.Errorf("btcd does not answer: %s", n.log.String())
}

// killBeforeTimeout ends the process before a test that hangs is stopped, which would run
// no cleanup.
func (n *btcd) killBeforeTimeout() {
	d, ok := n.t.(interface{ Deadline() (time.Time, bool) })
	if !ok {
		return
	}
	if at, ok := d.Deadline(); ok {
		process := n.cmd.Process
		stop := time.AfterFunc(time.Until(at)-5*time.Second, func() { _ = process.Kill() })
		n.t.Cleanup(func() { stop.Stop() })
	}
}

// kill ends the process, whatever state it is in.
func (n *btcd) kill() {
	if n.ended == nil {
		return
	}
	_ = n.cmd.Process.Kill()
	<-n.ended
}

// restart stops the process in order, and starts it again. The memory pool is lost. On
// regtest btcd throws its blocks away too; it gets those of the best chain back.
func (n *btcd) restart(miningAddress string) {
	n.t.Helper()
	var blocks []string
	for h := 1; h <= answer[int](n, "getblockcount"); h++ {
		blocks = append(blocks, hex.EncodeToString(n.block(h)))
	}
	best := answer[string](n, "getbestblockhash")
	n.stop()
	if err := n.start(miningAddress); err != nil {
		n.t.Fatal(err)
	}
	for _, b := range blocks {
		n.ask("submitblock", b)
	}
	if got := answer[string](n, "getbestblockhash"); got != best {
		n.t.Fatalf("after a restart the best block is %s, was %s", got, best)
	}
}

// block is the raw block at a height of the best chain.
func (n *btcd) block(height int) []byte {
	n.t.Helper()
	return n.hexOf("getblock", answer[string](n, "getblockhash", height), 0)
}

// stop ends the process in order, so that it writes its chain to disk.
func (n *btcd) stop() {
	n.t.Helper()
	n.ask("stop")
	select {
	case <-n.ended:
	case <-time.After(startTime):
		n.t.Fatalf("btcd does not stop: %s", n.log.String())
	}
}

func (n *btcd) address() string {
	return fmt.Sprintf("http://%s:%s@127.0.0.1:%d", rpcUser, rpcPass, n.port)
}

// rpcClient is package node's client for the node, or for a proxy before it.
func rpcClient(t testing.TB, address string, net anchor.Network) *node.RPC {
	t.Helper()
	c, err := node.NewRPC(address, net, node.Options{Timeout: 20 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// tryAsk calls a method by the test's own few lines, for what only a test asks of a node.
func (n *btcd) tryAsk(method string, params ...any) (json.RawMessage, error) {
	if params == nil {
		params = []any{}
	}
	body, err := json.Marshal(map[string]any{"jsonrpc": "1.0", "id": 1, "method": method, "params": params})
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), startTime)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, fmt.Sprintf("http://127.0.0.1:%d", n.port), bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.SetBasicAuth(rpcUser, rpcPass)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	var a struct {
		Result json.RawMessage
		Error  *struct{ Message string }
	}
	if err := json.Unmarshal(answer, &a); err != nil {
		return nil, fmt.Errorf("%s: status %d: %w", method, resp.StatusCode, err)
	}
	if a.Error != nil {
		return nil, fmt.Errorf("%s: %s", method, a.Error.Message)
	}
	return a.Result, nil
}

func (n *btcd) ask(method string, params ...any) json.RawMessage {
	n.t.Helper()
	r, err := n.tryAsk(method, params...)
	if err != nil {
		n.t.Fatalf("%v\n%s", err, n.log.String())
	}
	return r
}

func answer[T any](n *btcd, method string, params ...any) (v T) {
	n.t.Helper()
	if err := json.Unmarshal(n.ask(method, params...), &v); err != nil {
		n.t.Fatalf("%s: %v", method, err)
	}
	return v
}

// generate mines blocks to the mining address.
func (n *btcd) generate(count int) []string {
	n.t.Helper()
	return answer[[]string](n, "generate", count)
}

// pool lists the ids in the memory pool.
func (n *btcd) pool() []string {
	n.t.Helper()
	return answer[[]string](n, "getrawmempool")
}

func (n *btcd) hexOf(method string, params ...any) []byte {
	n.t.Helper()
	raw, err := hex.DecodeString(strings.TrimSpace(answer[string](n, method, params...)))
	if err != nil {
		n.t.Fatal(err)
	}
	return raw
}
