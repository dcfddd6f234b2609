package merkleproof_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"testing"

	"github.com/certanchor/certanchor/merkleproof"
)

func leavesOf(n int) []merkleproof.Hash {
	leaves := make([]merkleproof.Hash, n)
	for i := range leaves {
		leaves[i] = merkleproof.Sum(binary.BigEndian.AppendUint32(nil, uint32(i)))
	}
	return leaves
}

// naiveRoot is the tree as the specification words it, one level after the other.
func naiveRoot(level []merkleproof.Hash) merkleproof.Hash {
	if len(level) == 1 {
		return level[0]
	}
	var up []merkleproof.Hash
	for ; len(level) >= 2; level = level[2:] {
		up = append(up, sha256.Sum256(append(level[0][:], level[1][:]...)))
	}
	return naiveRoot(append(up, level...))
}

func TestTreeAgainstNaive(t *testing.T) {
	for n := 1; n <= 65; n++ {
		leaves := leavesOf(n)
		tree, err := merkleproof.Build(leaves)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := tree.Root(), naiveRoot(bytes2(leaves)); got != want {
			t.Fatalf("%d leaves: root %v, naive %v", n, got, want)
		}
		for i, leaf := range leaves {
			path := tree.Path(i)
			if path.Root(leaf) != tree.Root() {
				t.Fatalf("%d leaves: path of leaf %d leads elsewhere", n, i)
			}
			for j := range path {
				bent := append(merkleproof.Path(nil), path...)
				bent[j].Side = 1 - bent[j].Side
				if bent.Root(leaf) == tree.Root() {
					t.Fatalf("%d leaves, leaf %d: side %d swapped and still the root", n, i, j)
				}
			}
		}
	}
}

func bytes2(l []merkleproof.Hash) []merkleproof.Hash { return append([]merkleproof.Hash(nil), l...) }

// TestTreeVector is the three-leaf vector of the Blockcerts formats, section 4.
func TestTreeVector(t *testing.T) {
	tree, err := merkleproof.Build([]merkleproof.Hash{
		merkleproof.Sum([]byte("1")), merkleproof.Sum([]byte("2")), merkleproof.Sum([]byte("3"))})
	if err != nil {
		t.Fatal(err)
	}
	if got := tree.Root().String(); got != "0932f1d2e98219f7d7452801e2b64ebd9e5c005539db12d9b1ddabe7834d9044" {
		t.Errorf("root %s", got)
	}
	if p := tree.Path(2); len(p) != 1 || p[0].Side != merkleproof.Left ||
		p[0].Hash.String() != "4295f72eeb1e3507b8461e240e3b8d18c1e7bd2f1122b11fc9ec40a65894031a" {
		t.Errorf("path of leaf 2: %v", p)
	}
	if p := tree.Path(0); len(p) != 2 || p[1].Hash.String() != "4e07408562bedb8b60ce05c1decfe3ad16b72230967de01f640b7e4729b49fce" {
		t.Errorf("path of leaf 0: %v", p)
	}
}

// TestRepeatedLastLeafChangesRoot is the shape of CVE-2012-2459 (M3): a tree that
// copied the odd leaf would give one root to [a b c] and [a b c c].
func TestRepeatedLastLeafChangesRoot(t *testing.T) {
	for n := 1; n <= 33; n++ {
		leaves := leavesOf(n)
		if naiveRoot(bytes2(leaves)) == naiveRoot(append(bytes2(leaves), leaves[n-1])) {
			t.Errorf("%d leaves: repeating the last leaf keeps the root", n)
		}
		_, err := merkleproof.Build(append(leaves, leaves[n-1]))
		if !errors.Is(err, merkleproof.ErrEqualLeaves) {
			t.Errorf("%d leaves and the last again: %v", n, err)
		}
	}
}

func TestPad(t *testing.T) {
	for n, want := range map[int]int{1: 1, 2: 2, 3: 4, 4: 4, 5: 8, 200: 256} {
		padded, err := merkleproof.Pad(leavesOf(n), bytes.NewReader(make([]byte, 1<<13)))
		if err != nil || len(padded) != want {
			t.Errorf("%d leaves pad to %d (%v), want %d", n, len(padded), err, want)
		}
	}
	if _, err := merkleproof.Pad(leavesOf(5), bytes.NewReader(make([]byte, 95))); err == nil {
		t.Error("a random source that ends early was accepted")
	}
	if _, err := merkleproof.Pad(nil, nil); !errors.Is(err, merkleproof.ErrNoLeaves) {
		t.Errorf("empty batch: %v", err)
	}
	if _, err := merkleproof.Build(nil); !errors.Is(err, merkleproof.ErrNoLeaves) {
		t.Errorf("empty batch: %v", err)
	}
}

func TestParseHash(t *testing.T) {
	good := "0932f1d2e98219f7d7452801e2b64ebd9e5c005539db12d9b1ddabe7834d9044"
	for _, bad := range []string{"", good[1:], good + "0", "0x" + good[2:], "g" + good[1:], "A" + good[1:63] + "b", good[:62] + "é"} {
		if _, err := merkleproof.ParseHash(bad); err == nil {
			t.Errorf("%q was accepted", bad)
		}
	}
}

func ExampleBuild() {
	leaves := []merkleproof.Hash{
		merkleproof.Sum([]byte("canonical form of the first credential")),
		merkleproof.Sum([]byte("canonical form of the second")),
		merkleproof.Sum([]byte("canonical form of the third")),
	}
	tree, err := merkleproof.Build(leaves)
	if err != nil {
		panic(err)
	}
	path := tree.Path(1)
	fmt.Println(len(path), path.Root(leaves[1]) == tree.Root(), path.Root(leaves[2]) == tree.Root())
	// Output: 2 true false
}
