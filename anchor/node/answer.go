package node

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/big"
	"strconv"
	"strings"

	"github.com/certanchor/certanchor/anchor"
	"github.com/certanchor/certanchor/internal/strictjson"
)

// maxMembers bounds the members of an answer: a block has at most 16,666 ids, and
// scantxoutset has eight members for each output.
const maxMembers = 200_000

// maxBlockTxs is the weight of a block, 4,000,000, over that of the smallest transaction.
const maxBlockTxs = 16_666

// maxNumber bounds the text of a number, and the power of ten in it.
const (
	maxNumber   = 40
	maxExponent = 20
)

// parseJSON reads an answer. Members that we do not know are let be: nodes add to theirs.
func parseJSON(body []byte) (any, error) {
	return strictjson.Parse(body, strictjson.Limits{Bytes: len(body) + 1, Members: maxMembers})
}

// object returns v if it is one; else an object without members, so that what is missing
// is named by the member that is asked for next.
func object(v any) map[string]any {
	m, _ := v.(map[string]any)
	return m
}

// A missing error names the member that an answer should have.
func missing(name, want string) error { return fmt.Errorf("%s: want %s", name, want) }

func text(m map[string]any, name string) (string, error) {
	s, ok := m[name].(string)
	if !ok {
		return "", missing(name, "a string")
	}
	return s, nil
}

func flag(m map[string]any, name string) (bool, error) {
	b, ok := m[name].(bool)
	if !ok {
		return false, missing(name, "true or false")
	}
	return b, nil
}

// whole reads an integer from least to most.
func whole(v any, name string, least, most int64) (int64, error) {
	n, _ := v.(json.Number)
	i, err := strconv.ParseInt(n.String(), 10, 64)
	if err != nil || i < least || i > most {
		return 0, missing(name, fmt.Sprintf("an integer from %d to %d", least, most))
	}
	return i, nil
}

// maxHeight is the highest block that a Height can name.
const maxHeight = 1<<31 - 1

func height(m map[string]any, name string) (anchor.Height, error) {
	h, err := whole(m[name], name, 0, maxHeight)
	return anchor.Height(h), err
}

func index(m map[string]any, name string) (uint32, error) {
	i, err := whole(m[name], name, 0, 1<<32-1)
	return uint32(i), err
}

func txid(m map[string]any, name string) (anchor.TxID, error) {
	s, err := text(m, name)
	if err != nil {
		return anchor.TxID{}, err
	}
	return anchor.ParseTxID(s)
}

func blockHash(v any) (anchor.BlockHash, error) {
	s, _ := v.(string)
	return anchor.ParseBlockHash(s)
}

func hexBytes(v any) ([]byte, error) {
	s, ok := v.(string)
	if !ok {
		return nil, missing("answer", "hex")
	}
	b, err := hex.DecodeString(s)
	if err != nil {
		return nil, missing("answer", "hex")
	}
	return b, nil
}

func txids(v any) ([]anchor.TxID, error) {
	list, ok := v.([]any)
	if !ok || len(list) == 0 || len(list) > maxBlockTxs {
		return nil, missing("ids", fmt.Sprintf("1 to %d transaction ids", maxBlockTxs))
	}
	ids := make([]anchor.TxID, len(list))
	for i, e := range list {
		s, _ := e.(string)
		id, err := anchor.ParseTxID(s)
		if err != nil {
			return nil, err
		}
		ids[i] = id
	}
	return ids, nil
}

// scaled reads a JSON number times 10^digits without going through floating point. Nodes
// write 0.00001 or 1e-05 as they please. up rounds up what is left over; without it a
// rest is an error.
func scaled(v any, name string, digits int, up bool) (int64, error) {
	n, _ := v.(json.Number)
	s := n.String()
	bad := missing(name, "a number")
	mantissa, exponent, found := strings.Cut(strings.ToLower(s), "e")
	if found {
		if e, err := strconv.Atoi(exponent); err != nil || e < -maxExponent || e > maxExponent {
			return 0, bad
		}
	}
	if mantissa == "" || len(s) > maxNumber || strings.HasPrefix(s, "-") || strings.Trim(s, "0123456789.eE+-") != "" {
		return 0, bad
	}
	r, ok := new(big.Rat).SetString(s)
	if !ok {
		return 0, bad
	}
	r.Mul(r, new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(digits)), nil)))
	q, rest := new(big.Int).QuoRem(r.Num(), r.Denom(), new(big.Int))
	if rest.Sign() != 0 {
		if !up {
			return 0, bad
		}
		q.Add(q, big.NewInt(1))
	}
	if !q.IsInt64() {
		return 0, bad
	}
	return q.Int64(), nil
}
