package did

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// An Address is a Bitcoin or Ethereum address an issuer commits from, as its
// profile lists it.
type Address struct {
	Address string // without the scheme "ecdsa-koblitz-pubkey:"
	Window
}

// addressScheme begins an address in a Blockcerts profile. What follows is an
// address, not a key, whatever the name says.
const addressScheme = "ecdsa-koblitz-pubkey:"

// Address returns what the profile says of addr. Bitcoin's base58 is compared as it
// is, bech32 and Ethereum without regard to case (Blockcerts formats, section 8).
func (d *Document) Address(addr string) (*Address, bool) {
	i := slices.IndexFunc(d.Addresses, func(a Address) bool { return sameAddress(a.Address, addr) })
	if i < 0 {
		return nil, false
	}
	return &d.Addresses[i], true
}

// A keyList is one of the ways profiles list addresses (Blockcerts formats, section 8).
type keyList struct {
	member   string
	key      string // member of an entry that holds the address
	scheme   bool   // whether the address begins with addressScheme
	revoking bool
}

var keyLists = []keyList{
	{member: "publicKey", key: "id", scheme: true},         // 2.x, 3.x
	{member: "publicKeys", key: "publicKey", scheme: true}, // 2.0-alpha
	{member: "issuerKeys", key: "key"},                     // v1.2
	{member: "revocationKeys", key: "key", revoking: true}, // v1.2
	{member: "issuer_key", key: "key"},                     // v1.1
	{member: "revocation_key", key: "key", revoking: true}, // v1.1
}

func (d *Document) addAllAddresses(v map[string]any) error {
	for _, l := range keyLists {
		if err := d.addAddresses(v, l); err != nil {
			return err
		}
	}
	return nil
}

func (d *Document) addAddresses(v map[string]any, l keyList) error {
	entries, err := objects(v, l.member)
	if err != nil {
		return err
	}
	for i, m := range entries {
		id := text(m[l.key])
		if id == "" && l.scheme {
			id = text(m["publicKey"])
		}
		addr, isAddress := id, id != ""
		if l.scheme {
			addr, isAddress = strings.CutPrefix(id, addressScheme)
		}
		if !isAddress {
			continue // a key of another kind, as in old DID documents
		}
		w, err := window(m, fmt.Sprintf("/%s/%d", l.member, i))
		switch {
		case err != nil:
			d.skip(id, err)
		case l.revoking:
			d.RevocationAddresses = append(d.RevocationAddresses, Address{addr, w})
		default:
			d.Addresses = append(d.Addresses, Address{addr, w})
		}
	}
	return nil
}

// A Window is the time in which a key or address speaks for its issuer. Zero times
// are unknown, not unlimited: a key without Created has no attested beginning.
type Window struct {
	Created time.Time // first instant
	Expires time.Time // first instant after; zero: no end stated
	Revoked time.Time // first instant after; zero: not revoked
}

// windowMembers are the names of a window's bounds; `date` and `invalidated` are those
// of Blockcerts 1.
var windowMembers = []struct {
	member string
	bound  func(*Window) *time.Time
}{
	{"created", func(w *Window) *time.Time { return &w.Created }},
	{"date", func(w *Window) *time.Time { return &w.Created }},
	{"expires", func(w *Window) *time.Time { return &w.Expires }},
	{"revoked", func(w *Window) *time.Time { return &w.Revoked }},
	{"invalidated", func(w *Window) *time.Time { return &w.Revoked }},
}

// window reads the bounds of a key or address. Null, the empty text and false say
// nothing; anything else that is no time is an error, since a key with a bound that
// cannot be read may have ended.
func window(m map[string]any, place string) (w Window, err error) {
	for _, f := range windowMembers {
		v, given := m[f.member]
		if !given || v == nil || v == "" || v == false {
			continue
		}
		t, ok := parseTime(v)
		if !ok {
			return Window{}, fail(CodeWindow, place+"/"+f.member, "not a time")
		}
		if into := f.bound(&w); into.IsZero() {
			*into = t
		} else if !into.Equal(t) {
			return Window{}, fail(CodeWindow, place+"/"+f.member, "the bound is there twice")
		}
	}
	return w, nil
}

// timeForms are the ways real issuer documents write times. A time without a zone
// is read as UTC: profiles state windows in days, and the verifier judges windows
// against an interval of hours.
var timeForms = []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999Z0700", "2006-01-02T15:04:05.999999999", "2006-01-02"}

// maxTime is the longest text taken for a time.
const maxTime = 40

// parseTime reads a time as text, or as a number of seconds since 1970, which the
// schema of 2.0-alpha profiles allows with up to ten digits.
func parseTime(v any) (time.Time, bool) {
	switch x := v.(type) {
	case json.Number:
		n, err := strconv.ParseInt(x.String(), 10, 64)
		return time.Unix(n, 0).UTC(), err == nil && n > 0 && n < 1e10
	case string:
		if len(x) > maxTime {
			return time.Time{}, false
		}
		for _, form := range timeForms {
			if t, err := time.Parse(form, x); err == nil && t.UTC().Year() >= 1970 && t.UTC().Year() <= 9999 {
				return t.UTC(), true
			}
		}
	}
	return time.Time{}, false
}
