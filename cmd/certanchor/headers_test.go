package main

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/certanchor/certanchor/internal/conformance"
)

// TestHeaders imports real mainnet headers, makes a pack of them, and refuses a file with
// a gap.
func TestHeaders(t *testing.T) {
	real := conformance.Path(t, "conformance/bitcoin/headers/mainnet-0-10236.bin")
	dir := t.TempDir()
	store := filepath.Join(dir, "store")
	out, talk := wantStatus(t, 0, "headers", "import", "--network", "mainnet", "--in", real, "--out", store)
	if !strings.Contains(out, `"headers": {"mainnet": {"sha256"`) || !strings.Contains(talk, "10237 headers of mainnet") {
		t.Errorf("%s%s", out, talk)
	}
	wantStatus(t, 0, "headers", "verify", "--network", "mainnet", "--in", store)
	out, _ = wantStatus(t, 0, "headers", "pack", "--network", "mainnet", "--in", store, "--out", filepath.Join(dir, "pack"))
	if !strings.Contains(out, `"checkpoints": {"mainnet"`) {
		t.Error(out)
	}
	later := conformance.Path(t, "conformance/bitcoin/headers/mainnet-586657-589289.bin")
	_, talk = wantStatus(t, 64, "headers", "import", "--network", "mainnet", "--in", later, "--out", filepath.Join(dir, "gap"))
	if !strings.Contains(talk, "must begin at the genesis block") {
		t.Error(talk)
	}
	wantStatus(t, 64, "headers", "import", "--network", "mainnet", "--onto", store, "--in", later, "--out", filepath.Join(dir, "gap"))
	wantStatus(t, 64, "headers", "verify", "--network", "signet", "--in", store)
	wantStatus(t, 64, "headers", "verify", "--network", "moonnet", "--in", store)
}
