package jsonld

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
)

// hashFunc returns the lower-case hexadecimal hash of its argument. RDFC-1.0 is
// SHA-256 unless its parameter says otherwise.
type hashFunc func([]byte) string

func sha256Hex(b []byte) string {
	h := sha256.Sum256(b)
	return hex.EncodeToString(h[:])
}

func sha384Hex(b []byte) string {
	h := sha512.Sum384(b)
	return hex.EncodeToString(h[:])
}

// An issuer gives blank nodes labels in the order in which it is asked
// (RDFC-1.0, section 4.5). Nodes are numbers, indexes into canon.nodes.
type issuer struct {
	prefix string
	order  []int // nodes in the order of issue
	place  []int // node -> its place in order, from 1; 0 without a label
}

func (c *canon) newIssuer(prefix string) *issuer {
	return &issuer{prefix: prefix, place: make([]int, len(c.nodes))}
}

func (is *issuer) clone() *issuer {
	return &issuer{prefix: is.prefix, order: slices.Clone(is.order), place: slices.Clone(is.place)}
}

func (is *issuer) has(node int) bool { return is.place[node] > 0 }

// label returns the label of node, without "_:", and issues one if there is none.
func (is *issuer) label(node int) string {
	if !is.has(node) {
		is.order = append(is.order, node)
		is.place[node] = len(is.order)
	}
	return is.prefix + strconv.Itoa(is.place[node]-1)
}

// canon is the canonicalisation state of one dataset (RDFC-1.0, section 4.3).
type canon struct {
	quads     []quad
	nodes     []string       // number -> label in the dataset
	numbers   map[string]int // the reverse
	mentions  [][]int        // node -> indexes of the quads that mention it
	first     []string       // node -> Hash First Degree Quads
	canonical *issuer
	hash      hashFunc
	work      int // what is left of Limits.Work
	maxWork   int
}

// lines returns the statements with canonical labels, in no order.
func (c *canon) lines() []string {
	lines := make([]string, len(c.quads))
	var buf []byte
	for i, q := range c.quads {
		buf = appendQuad(buf[:0], q, c.canonicalLabel)
		lines[i] = string(buf)
	}
	return lines
}

func (c *canon) canonicalLabel(t term) string { return c.canonical.label(c.numbers[t.value]) }

// canonicalLabels runs the algorithm of section 4.4 over quads, which must hold no
// quad twice; canon.canonical holds the result.
func canonicalLabels(quads []quad, hash hashFunc, lim Limits) (*canon, *Error) {
	c := &canon{
		quads: quads, numbers: map[string]int{}, hash: hash, work: lim.Work, maxWork: lim.Work,
	}
	c.index()
	if len(c.nodes) > lim.BlankNodes {
		return nil, &Error{Code: CodeLimitBlankNodes,
			Detail: fmt.Sprintf("%d blank nodes, allowed are %d", len(c.nodes), lim.BlankNodes)}
	}
	c.canonical = c.newIssuer("c14n")
	shared := c.labelUnique()
	for _, nodes := range shared {
		if err := c.labelShared(nodes); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// index numbers the blank nodes and notes where they are mentioned (step 2).
func (c *canon) index() {
	for i, q := range c.quads {
		for _, t := range [...]term{q.subject, q.object, q.graph} {
			if t.kind != blank {
				continue
			}
			n, known := c.numbers[t.value]
			if !known {
				n = len(c.nodes)
				c.numbers[t.value] = n
				c.nodes = append(c.nodes, t.value)
				c.mentions = append(c.mentions, nil)
			}
			if m := c.mentions[n]; len(m) == 0 || m[len(m)-1] != i {
				c.mentions[n] = append(m, i)
			}
		}
	}
}

// labelUnique gives labels to the nodes whose first degree hash is theirs alone, in
// the order of the hashes, and returns the groups that share one (steps 3 and 4).
func (c *canon) labelUnique() [][]int {
	c.first = make([]string, len(c.nodes))
	byHash := make(map[string][]int, len(c.nodes))
	for n := range c.nodes {
		h := c.hashFirstDegree(n)
		c.first[n] = h
		byHash[h] = append(byHash[h], n)
	}
	var shared [][]int
	for _, h := range sortedKeys(byHash) {
		if nodes := byHash[h]; len(nodes) == 1 {
			c.canonical.label(nodes[0])
		} else {
			shared = append(shared, nodes)
		}
	}
	return shared
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// labelShared gives labels to nodes of one first degree hash (step 5).
func (c *canon) labelShared(nodes []int) *Error {
	type path struct {
		hash   string
		issuer *issuer
	}
	var paths []path
	for _, n := range nodes {
		if c.canonical.has(n) {
			continue
		}
		is := c.newIssuer("b")
		is.label(n)
		h, is, err := c.hashNDegree(n, is)
		if err != nil {
			return err
		}
		paths = append(paths, path{h, is})
	}
	slices.SortStableFunc(paths, func(a, b path) int { return cmp.Compare(a.hash, b.hash) })
	for _, p := range paths {
		for _, n := range p.issuer.order {
			c.canonical.label(n)
		}
	}
	return nil
}

// hashFirstDegree is section 4.6: the quads that mention node, with _:a for node and
// _:z for every other blank node.
func (c *canon) hashFirstDegree(node int) string {
	own := c.nodes[node]
	label := func(t term) string {
		if t.value == own {
			return "a"
		}
		return "z"
	}
	lines := make([]string, 0, len(c.mentions[node]))
	var buf []byte
	for _, i := range c.mentions[node] {
		buf = appendQuad(buf[:0], c.quads[i], label)
		lines = append(lines, string(buf))
	}
	return c.hash(join(lines))
}

// hashRelated is section 4.7.
func (c *canon) hashRelated(node int, q quad, is *issuer, position byte) string {
	in := []byte{position}
	if position != 'g' {
		in = append(in, '<')
		in = append(in, q.predicate.value...)
		in = append(in, '>')
	}
	switch {
	case c.canonical.has(node):
		in = append(in, "_:"+c.canonical.label(node)...)
	case is.has(node):
		in = append(in, "_:"+is.label(node)...)
	default:
		in = append(in, c.first[node]...)
	}
	return c.hash(in)
}

// spend takes one unit of work, and one more for every eight things looked at. It is
// called for every Hash N-Degree Quads and for every order of nodes tried in it, since
// either alone can explode, and since ten nodes can have a thousand quads each.
func (c *canon) spend(looked int) *Error {
	c.work -= 1 + looked/8
	if c.work < 0 {
		return &Error{Code: CodeLimitWork,
			Detail: fmt.Sprintf("telling %d blank nodes apart needs more than %d steps", len(c.nodes), c.maxWork)}
	}
	return nil
}

// hashNDegree is section 4.8. It returns the hash and the issuer to go on with; is
// itself stays as it was.
func (c *canon) hashNDegree(node int, is *issuer) (string, *issuer, *Error) {
	if err := c.spend(len(c.mentions[node])); err != nil {
		return "", nil, err
	}
	related := c.related(node, is)
	var data []byte
	for _, h := range sortedKeys(related) {
		data = append(data, h...)
		path, chosen, err := c.shortestPath(related[h], is)
		if err != nil {
			return "", nil, err
		}
		data = append(data, path...)
		is = chosen
	}
	return c.hash(data), is, nil
}

// related groups the blank nodes beside node by their related hash (steps 1 to 3).
func (c *canon) related(node int, is *issuer) map[string][]int {
	groups := map[string][]int{}
	for _, i := range c.mentions[node] {
		q := c.quads[i]
		for _, place := range [...]struct {
			t        term
			position byte
		}{{q.subject, 's'}, {q.object, 'o'}, {q.graph, 'g'}} {
			if place.t.kind != blank {
				continue
			}
			if n := c.numbers[place.t.value]; n != node {
				h := c.hashRelated(n, q, is, place.position)
				groups[h] = append(groups[h], n)
			}
		}
	}
	return groups
}

// shortestPath tries the orders of nodes and returns the least path with the issuer
// that made it (step 5.4).
func (c *canon) shortestPath(nodes []int, is *issuer) ([]byte, *issuer, *Error) {
	var chosen []byte
	var chosenIssuer *issuer
	order := slices.Clone(nodes)
	slices.Sort(order)
	for {
		if err := c.spend(len(order)); err != nil {
			return nil, nil, err
		}
		path, pathIssuer, err := c.tryOrder(order, is.clone(), chosen)
		if err != nil {
			return nil, nil, err
		}
		if pathIssuer != nil && (chosenIssuer == nil || bytes.Compare(path, chosen) < 0) {
			chosen, chosenIssuer = path, pathIssuer
		}
		if !nextPermutation(order) {
			return chosen, chosenIssuer, nil
		}
	}
}

// tryOrder walks one order of nodes. It gives up with a nil issuer as soon as the
// path cannot become less than best (steps 5.4.4.3 and 5.4.5.5).
func (c *canon) tryOrder(order []int, is *issuer, best []byte) ([]byte, *issuer, *Error) {
	var path []byte
	var recurse []int
	worse := func() bool { return len(best) > 0 && len(path) >= len(best) && bytes.Compare(path, best) > 0 }
	for _, n := range order {
		path = append(path, "_:"...)
		if c.canonical.has(n) {
			path = append(path, c.canonical.label(n)...)
		} else {
			if !is.has(n) {
				recurse = append(recurse, n)
			}
			path = append(path, is.label(n)...)
		}
		if worse() {
			return nil, nil, nil
		}
	}
	for _, n := range recurse {
		h, next, err := c.hashNDegree(n, is)
		if err != nil {
			return nil, nil, err
		}
		path = append(path, "_:"+is.label(n)+"<"+h+">"...)
		is = next
		if worse() {
			return nil, nil, nil
		}
	}
	return path, is, nil
}

// nextPermutation puts a into its next order, lexicographically, and reports whether
// there was one. Equal elements give no order twice.
func nextPermutation(a []int) bool {
	i := len(a) - 2
	for i >= 0 && a[i] >= a[i+1] {
		i--
	}
	if i < 0 {
		return false
	}
	j := len(a) - 1
	for a[j] <= a[i] {
		j--
	}
	a[i], a[j] = a[j], a[i]
	slices.Reverse(a[i+1:])
	return true
}
