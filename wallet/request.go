package wallet

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"filippo.io/age"

	"github.com/certanchor/certanchor/credential"
	"github.com/certanchor/certanchor/internal/strictjson"
	"github.com/certanchor/certanchor/verifier"
)

// A Request is what a verifier asks a holder for: a file, or the text of a QR code. The
// query is the part of DCQL (OpenID4VP 1.0, section 6) that docs/wallet.md names; what is
// outside of it is refused, never passed over.
type Request struct {
	Version  int       `json:"version"`  // 1
	Type     string    `json:"type"`     // TypeRequest
	Verifier string    `json:"verifier"` // a name for people; proves nothing
	Audience string    `json:"audience"` // an URL or DID; the presentation is bound to it
	Nonce    string    `json:"nonce"`    // base64url, 16 bytes at least; new for each request
	Purpose  string    `json:"purpose"`  // in words, for the holder and the share log
	Expires  time.Time `json:"expires"`
	Until    string    `json:"until,omitempty"`     // date until which what is shown will be used
	Sealed   string    `json:"recipient,omitempty"` // age recipient; the answer is sealed to it
	Query    Query     `json:"dcql_query"`
}

// TypeRequest is the type of a request file.
const TypeRequest = "certanchor-presentation-request"

// A Query is a DCQL query.
type Query struct {
	Credentials    []CredentialQuery `json:"credentials"`
	CredentialSets []CredentialSet   `json:"credential_sets,omitempty"`
}

// A CredentialQuery asks for one credential.
type CredentialQuery struct {
	ID     string `json:"id"`
	Format string `json:"format"` // FormatLDP, FormatSDJWT or FormatDC
	Meta   struct {
		// TypeValues are alternatives; of one of them the credential must have all types, as
		// its own member type writes them (DCQL would have them expanded to IRIs).
		TypeValues [][]string `json:"type_values,omitempty"`
		// VCTValues are alternatives too, for FormatDC, which has no others.
		VCTValues []string `json:"vct_values,omitempty"`
	} `json:"meta"`
	Claims []ClaimQuery `json:"claims,omitempty"`
	// Binding asks that the credential's subject signs; nil means yes.
	Binding *bool `json:"require_cryptographic_holder_binding,omitempty"`
}

// A ClaimQuery asks for one claim.
type ClaimQuery struct {
	ID string `json:"id,omitempty"`
	// Path leads to it from the root of the credential, for FormatDC from that of the
	// payload: names, indexes, or null for all elements of an array.
	Path []any `json:"path"`
	// Values, if there are any, are those that will do.
	Values []any `json:"values,omitempty"`
}

// A CredentialSet says which credentials go together. Without sets all are required.
type CredentialSet struct {
	Options  [][]string `json:"options"`
	Required *bool      `json:"required,omitempty"` // nil means yes
}

// FormatLDP is the format of credentials with Data Integrity proofs in DCQL.
const FormatLDP = "ldp_vc"

// FormatSDJWT is the format of SD-JWTs whose payload is a VC 2.0 document: only the claims
// asked for leave.
const FormatSDJWT = credential.TypVC

// FormatDC is the format of SD-JWT VCs.
const FormatDC = credential.TypDC

// forms are what the formats are called in a vault.
var forms = map[string]string{FormatLDP: FormLD, FormatSDJWT: FormSDJWT, FormatDC: FormDC}

func (c *CredentialQuery) form() string { return forms[c.Format] }

// Wanted is what the query asks for, in one line for people.
func (c *CredentialQuery) Wanted() string {
	var kinds []string
	for _, all := range c.Meta.TypeValues {
		kinds = append(kinds, strings.Join(all, "+"))
	}
	for _, vct := range c.Meta.VCTValues {
		kinds = append(kinds, credential.TypeOfVCT(vct))
	}
	text := strings.Join(kinds, " or ") + ", " + c.Format
	for i, q := range c.Claims {
		head := "; "
		if i == 0 {
			head = ", with "
		}
		var steps []string
		for _, step := range q.Path {
			if step == nil {
				step = "*"
			}
			steps = append(steps, fmt.Sprint(step))
		}
		text += head + strings.Join(steps, ".")
	}
	return text
}

// Limits of a request.
const (
	maxRequest    = 64 << 10 // bytes
	maxQueries    = 64
	minNonceBytes = 16
	maxWords      = 500 // characters of a text for people
)

// A RequestError says what in a request cannot be answered.
type RequestError struct {
	Path   string // JSON pointer
	Detail string
}

func (e *RequestError) Error() string {
	return fmt.Sprintf("wallet: the request, at %s: %s", e.Path, e.Detail)
}

var queryID = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

// textRequest is the head of a request as a text: base64url of its RFC 8785 form.
const textRequest = "certanchor:request:"

// Text returns the request as one line, for a link or a QR code.
func (q *Request) Text() (string, error) {
	raw, err := json.Marshal(q)
	if err != nil {
		return "", err
	}
	tree, err := strictjson.Parse(raw, strictjson.Limits{Bytes: maxRequest})
	if err != nil {
		return "", err
	}
	text, err := strictjson.Canonical(tree)
	return textRequest + base64.RawURLEncoding.EncodeToString(text), err
}

// ParseRequest reads a request, as JSON or as text. Whether it has expired is asked when it is answered.
func ParseRequest(data []byte) (*Request, error) {
	var q Request
	if text, ok := bytes.CutPrefix(bytes.TrimSpace(data[:min(len(data), 2*maxRequest)]), []byte(textRequest)); ok {
		var err error
		if data, err = base64.RawURLEncoding.Strict().DecodeString(string(text)); err != nil {
			return nil, &RequestError{"/", "the text is damaged: not base64url"}
		}
	}
	if err := strictjson.Unmarshal(data, strictjson.Limits{Bytes: maxRequest, Depth: 16}, &q); err != nil {
		return nil, &RequestError{"/", err.Error()}
	}
	nonce, err := base64.RawURLEncoding.Strict().DecodeString(q.Nonce)
	switch {
	case q.Version != 1 || q.Type != TypeRequest:
		return nil, &RequestError{"/type", "not a presentation request of version 1"}
	case err != nil || len(nonce) < minNonceBytes:
		return nil, &RequestError{"/nonce", fmt.Sprintf("not base64url of %d bytes at least", minNonceBytes)}
	case q.Audience == "" || len(q.Audience) > maxWords:
		return nil, &RequestError{"/audience", "missing: a presentation would be good for anybody"}
	case q.Purpose == "" || len(q.Purpose) > maxWords || len(q.Verifier) > maxWords:
		return nil, &RequestError{"/purpose", fmt.Sprintf("missing, or longer than %d", maxWords)}
	case q.Expires.IsZero():
		return nil, &RequestError{"/expires", "missing"}
	}
	if q.Until != "" {
		if _, err := time.Parse(time.DateOnly, q.Until); err != nil {
			return nil, &RequestError{"/until", "not a date such as 2027-06-30"}
		}
	}
	if q.Sealed != "" {
		if _, err := age.ParseX25519Recipient(q.Sealed); err != nil {
			return nil, &RequestError{"/recipient", "not an age recipient (age1…)"}
		}
	}
	return &q, q.Query.check()
}

func (q *Query) check() error {
	if len(q.Credentials) == 0 || len(q.Credentials) > maxQueries || len(q.CredentialSets) > maxQueries {
		return &RequestError{"/dcql_query/credentials", fmt.Sprintf("none, or more than %d", maxQueries)}
	}
	var ids []string
	for i, c := range q.Credentials {
		at := fmt.Sprintf("/dcql_query/credentials/%d", i)
		switch {
		case !queryID.MatchString(c.ID) || slices.Contains(ids, c.ID):
			return &RequestError{at + "/id", "missing, malformed or there twice"}
		case !slices.Contains([]string{FormatLDP, FormatSDJWT, FormatDC}, c.Format):
			return &RequestError{at + "/format", fmt.Sprintf("%q; this wallet answers %s, %s and %s", c.Format, FormatLDP, FormatSDJWT, FormatDC)}
		case c.Format == FormatDC && (len(c.Meta.VCTValues) == 0 || len(c.Meta.TypeValues) > 0):
			return &RequestError{at + "/meta/vct_values", "missing, or beside type_values"}
		case c.Format != FormatDC && (len(c.Meta.TypeValues) == 0 || len(c.Meta.VCTValues) > 0):
			return &RequestError{at + "/meta/type_values", "missing, or beside vct_values"}
		case slices.ContainsFunc(c.Meta.TypeValues, func(all []string) bool { return len(all) == 0 }):
			return &RequestError{at + "/meta/type_values", "one of them has no type, so any credential would answer"}
		}
		ids = append(ids, c.ID)
		for k, claim := range c.Claims {
			if err := claim.check(); err != nil {
				return &RequestError{fmt.Sprintf("%s/claims/%d", at, k), err.Error()}
			}
		}
	}
	for i, s := range q.CredentialSets {
		if len(s.Options) == 0 {
			return &RequestError{fmt.Sprintf("/dcql_query/credential_sets/%d/options", i), "missing"}
		}
		for _, option := range s.Options {
			if len(option) == 0 {
				return &RequestError{fmt.Sprintf("/dcql_query/credential_sets/%d/options", i), "one of them is empty"}
			}
			for _, id := range option {
				if !slices.Contains(ids, id) {
					return &RequestError{fmt.Sprintf("/dcql_query/credential_sets/%d/options", i), fmt.Sprintf("names %q, which is no credential of the query", id)}
				}
			}
		}
	}
	return nil
}

func (c *ClaimQuery) check() error {
	if len(c.Path) == 0 {
		return fmt.Errorf("a path is missing")
	}
	for _, step := range c.Path {
		switch x := step.(type) {
		case string, nil:
		case json.Number:
			if n, err := x.Int64(); err != nil || n < 0 {
				return fmt.Errorf("%s is no index", x)
			}
		default:
			return fmt.Errorf("a path has names, indexes and null")
		}
	}
	for _, v := range c.Values {
		switch v.(type) {
		case string, bool, json.Number:
		default:
			return fmt.Errorf("values are texts, numbers, true or false")
		}
	}
	return nil
}

// bound reports whether the subject must sign.
func (c *CredentialQuery) bound() bool { return c.Binding == nil || *c.Binding }

// find returns the places that a path leads to from what stands at a place, as JSON
// pointers.
func (c *ClaimQuery) find(at string, claims any) (places []string, values []any) {
	type spot struct {
		at    string
		value any
	}
	spots := []spot{{at, claims}}
	for _, step := range c.Path {
		var next []spot
		for _, s := range spots {
			list, isList := s.value.([]any)
			object, isObject := s.value.(map[string]any)
			switch x := step.(type) {
			case string:
				if v, ok := object[x]; ok && isObject {
					next = append(next, spot{s.at + strictjson.PointerToken(x), v})
				}
			case json.Number:
				if n, err := x.Int64(); err == nil && isList && n < int64(len(list)) {
					next = append(next, spot{fmt.Sprintf("%s/%d", s.at, n), list[n]})
				}
			case nil:
				for i, v := range list {
					next = append(next, spot{fmt.Sprintf("%s/%d", s.at, i), v})
				}
			}
		}
		spots = next
	}
	for _, s := range spots {
		if len(c.Values) == 0 || slices.ContainsFunc(c.Values, func(want any) bool { return fmt.Sprint(want) == fmt.Sprint(s.value) && sameKind(want, s.value) }) {
			places, values = append(places, s.at), append(values, s.value)
		}
	}
	return places, values
}

func sameKind(a, b any) bool {
	switch a.(type) {
	case string:
		_, ok := b.(string)
		return ok
	case bool:
		_, ok := b.(bool)
		return ok
	case json.Number:
		_, ok := b.(json.Number)
		return ok
	}
	return false
}

// matches reports whether a credential answers the query, and where the claims asked for
// stand.
func (c *CredentialQuery) matches(types []string, claims map[string]any) (asked []string, ok bool) {
	if !c.ofType(types) {
		return nil, false
	}
	at, root := "", any(claims)
	if c.Format == FormatDC { // whose claims are those of the subject
		at, root = "/credentialSubject", claims["credentialSubject"]
	}
	for _, q := range c.Claims {
		places, _ := q.find(at, root)
		if len(places) == 0 {
			return nil, false
		}
		asked = append(asked, places...)
	}
	return asked, true
}

func (c *CredentialQuery) ofType(types []string) bool {
	if c.Format == FormatDC {
		return slices.ContainsFunc(c.Meta.VCTValues, func(vct string) bool {
			return len(types) > 0 && types[len(types)-1] == credential.TypeOfVCT(vct)
		})
	}
	return slices.ContainsFunc(c.Meta.TypeValues, func(all []string) bool {
		return len(all) > 0 && !slices.ContainsFunc(all, func(t string) bool { return !slices.Contains(types, t) })
	})
}

// optional returns the queries that no required set needs in every option.
func (q *Query) optional() map[string]bool {
	free := map[string]bool{}
	for _, c := range q.Credentials {
		free[c.ID] = len(q.CredentialSets) > 0
	}
	for _, s := range q.CredentialSets {
		if s.Required != nil && !*s.Required || len(s.Options) != 1 {
			continue
		}
		for _, id := range s.Options[0] {
			free[id] = false
		}
	}
	return free
}

// satisfied reports whether credentials for these queries are enough, and if not, what is
// missing.
func (q *Query) satisfied(have []string) (missing []string) {
	if len(q.CredentialSets) == 0 {
		for _, c := range q.Credentials {
			if !slices.Contains(have, c.ID) {
				missing = append(missing, c.ID)
			}
		}
		return missing
	}
	for _, s := range q.CredentialSets {
		if s.Required != nil && !*s.Required {
			continue
		}
		whole := slices.ContainsFunc(s.Options, func(option []string) bool {
			return !slices.ContainsFunc(option, func(id string) bool { return !slices.Contains(have, id) })
		})
		if !whole {
			missing = append(missing, fmt.Sprint(s.Options))
		}
	}
	return missing
}

// Asked is what a verifier hands to verifier.CheckFor with the presentation that answers q.
func (q *Request) Asked() verifier.Request {
	bound := slices.ContainsFunc(q.Query.Credentials, func(c CredentialQuery) bool { return c.bound() })
	return verifier.Request{Purpose: "authentication", Domains: []string{q.Audience}, Challenge: q.Nonce, Bound: bound}
}

// Unanswered returns what the parts of an answer, judged, do not show of what q asks for:
// ids of queries, or sets of them. Only valid credentials count. Whether the presentation
// itself is good stands in the report; whether the nonce was used before is for the
// verifier to know.
func (q *Request) Unanswered(reports ...*verifier.Report) (missing []string) {
	var have []string
	var shown []*verifier.Report // each bound to this request
	for _, r := range reports {
		if shown = append(shown, r.Credentials...); r.Step(verifier.StepRequest).Result == verifier.Passed {
			shown = append(shown, r) // an SD-JWT is its own presentation
		}
	}
	for _, c := range q.Query.Credentials {
		if slices.ContainsFunc(shown, func(inner *verifier.Report) bool {
			_, ok := c.matches(inner.Types, inner.Claims)
			return ok && inner.Verdict == verifier.Valid
		}) {
			have = append(have, c.ID)
		}
	}
	return q.Query.satisfied(have)
}
