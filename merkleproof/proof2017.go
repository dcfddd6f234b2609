package merkleproof

import (
	"fmt"
	"slices"
)

// Decode2017 reads the `signature` member of a Blockcerts v2 document
// (MerkleProof2017) or the `receipt` of a v1.2 one (ChainpointSHA256v2), already
// parsed from strict JSON. Unknown members and steps with other than exactly one
// side are refused. A missing chain is not guessed: Anchor.Chain is then empty.
// All errors are *Error.
func Decode2017(signature map[string]any) (*Proof, error) {
	if err := onlyMembers(signature, "", "type", "@context", "merkleRoot", "targetHash", "proof", "anchors"); err != nil {
		return nil, err
	}
	if err := checkType2017(signature["type"]); err != nil {
		return nil, err
	}
	p := new(Proof)
	var err error
	if p.Root, err = hash2017(signature["merkleRoot"], "merkleRoot"); err != nil {
		return nil, err
	}
	if p.Target, err = hash2017(signature["targetHash"], "targetHash"); err != nil {
		return nil, err
	}
	steps, ok := signature["proof"].([]any)
	if !ok {
		return nil, malformed("proof", "must be an array")
	}
	if len(steps) > MaxSteps {
		return nil, &Error{Code: CodeLength, Place: "proof", Detail: fmt.Sprintf("%d steps, at most %d", len(steps), MaxSteps)}
	}
	for i, s := range steps {
		step, err := step2017(s, fmt.Sprintf("proof[%d]", i))
		if err != nil {
			return nil, err
		}
		p.Path = append(p.Path, step)
	}
	return p, p.anchors2017(signature["anchors"])
}

func checkType2017(v any) error {
	name := v
	if list, ok := v.([]any); ok && len(list) > 0 {
		name = list[0]
	}
	if name != "MerkleProof2017" && name != "ChainpointSHA256v2" {
		return malformed("type", "must be MerkleProof2017 or ChainpointSHA256v2")
	}
	return nil
}

func onlyMembers(m map[string]any, place string, known ...string) error {
	for k := range m {
		if !slices.Contains(known, k) {
			return malformed(place, "unknown member %q", k)
		}
	}
	return nil
}

func hash2017(v any, place string) (Hash, error) {
	text, ok := v.(string)
	if !ok {
		return Hash{}, malformed(place, "must be a text")
	}
	h, err := ParseHash(text)
	if err != nil {
		err.(*Error).Place = place
	}
	return h, err
}

func step2017(v any, place string) (Step, error) {
	m, ok := v.(map[string]any)
	if !ok || len(m) != 1 {
		return Step{}, malformed(place, "must be an object with exactly one of left and right")
	}
	for name, side := range map[string]Side{"left": Left, "right": Right} {
		if digits, ok := m[name]; ok {
			h, err := hash2017(digits, place)
			return Step{Side: side, Hash: h}, err
		}
	}
	return Step{}, malformed(place, "must have left or right")
}

func (p *Proof) anchors2017(v any) error {
	list, ok := v.([]any)
	if !ok || len(list) == 0 {
		return malformed("anchors", "must be an array of at least one anchor")
	}
	p.Anchors = len(list)
	m, ok := list[0].(map[string]any)
	if !ok {
		return malformed("anchors[0]", "must be an object")
	}
	if err := onlyMembers(m, "anchors[0]", "sourceId", "type", "chain"); err != nil {
		return err
	}
	id, ok := m["sourceId"].(string)
	if !ok {
		return malformed("anchors[0].sourceId", "must be a text")
	}
	name, given := m["chain"]
	if !given {
		p.Anchor = Anchor{TxID: id}
		if m["type"] != "BTCOpReturn" {
			return malformed("anchors[0].chain", "missing")
		}
		_, err := ParseHash(id)
		return err
	}
	for _, c := range chains {
		if c.name2017 != "" && c.name2017 == name {
			p.Anchor = Anchor{Chain: c.chain, TxID: id}
			return p.Anchor.check("anchors[0]")
		}
	}
	return &Error{Code: CodeChain, Place: "anchors[0].chain", Detail: fmt.Sprintf("%q", fmt.Sprint(name))}
}
