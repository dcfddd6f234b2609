package evidencefile

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/certanchor/certanchor/credential"
	"github.com/certanchor/certanchor/cryptosuite"
	"github.com/certanchor/certanchor/did"
	"github.com/certanchor/certanchor/internal/jsonld"
	"github.com/certanchor/certanchor/internal/strictjson"
	"github.com/certanchor/certanchor/licensure"
	"github.com/certanchor/certanchor/verifier"
)

// A StatementError says why no statement can be made of an answer.
type StatementError struct {
	Code StatementCode
	Err  error
}

// A StatementCode is stable.
type StatementCode string

// Codes of a StatementError.
const (
	// StatementUnsaid: the answer is "in force", and a document of the set is not valid by
	// the trust file alone, because that calls a list stale which the policy allows. A
	// statement would contradict itself (VD-1): give the trust file the statusMaxAge of the
	// policy.
	StatementUnsaid StatementCode = "verdict-not-valid"
	// StatementContext: the signer's context is not the one this program reads statements by.
	StatementContext StatementCode = "other-context"
	// StatementKey: the statement was signed and does not verify by the signer's profile at
	// the moment of the check.
	StatementKey StatementCode = "signer-not-good"
)

func (e *StatementError) Error() string { return fmt.Sprintf("statement: %s: %v", e.Code, e.Err) }

// Unwrap returns the cause.
func (e *StatementError) Unwrap() error { return e.Err }

// statement is the T15 of an answer.
func (j *judged) statement(head *Result, digest string) licensure.Statement {
	office := j.given.Office
	if office == "" {
		office = "the issuer of this statement"
	}
	at := j.moment.Run
	s := licensure.Statement{
		Envelope: licensure.Envelope{Title: "Statement of a verification", ValidFrom: at, Confidence: licensure.Derived,
			Evidence: []licensure.Evidence{{Source: office, Method: licensure.SecureElectronic, VerifiedAt: at, VerifierRole: "verifier"}}},
		VerifiedAt: at, DecisionDate: head.DecisionDate, PolicyID: head.PolicyID, PolicyVersion: head.PolicyRevision, PolicyDigest: head.PolicyDigest,
		Standing: head.Standing, Snapshots: j.snapshots(), ResultDigest: digest,
	}
	for _, f := range j.credentials {
		for i, item := range f.items {
			if f.stands[i].Type == "" {
				continue // none of our types: a statement has no word for it
			}
			id := item.Report.ID
			if id == "" {
				id = "urn:sha256:" + item.Digest
			}
			s.Credentials = append(s.Credentials, licensure.VerifiedCredential{Ref: licensure.Ref{ID: id, Digest: item.Digest},
				Type: f.stands[i].Type, Verdict: item.Report.Verdict.String(), Standing: f.stands[i].Standing})
		}
	}
	return s
}

// sign returns the signed statement, and makes sure that it verifies.
func (j *judged) sign(f *File, s *Signer) ([]byte, error) {
	if !bytes.Equal(s.Context, licensure.Context()) {
		return nil, &StatementError{StatementContext, errors.New("the context beside the key is not the one of this program")}
	}
	draft, err := j.statement(f.result, sum(f.members[nameResult])).Draft()
	if err != nil {
		return nil, &StatementError{StatementUnsaid, err}
	}
	profile, err := did.Parse(s.Profile)
	if err != nil {
		return nil, &StatementError{StatementKey, err}
	}
	contexts, err := jsonld.Builtin().With(s.ContextURL, s.Context)
	if err != nil {
		return nil, &StatementError{StatementContext, err}
	}
	doc := strictjson.Clone(draft).(map[string]any)
	doc["@context"] = []any{credential.ContextVC2, s.ContextURL}
	doc["type"] = append([]any{"VerifiableCredential"}, doc["type"].([]any)...)
	doc["id"] = nameFrom(f.members[nameResult])
	doc["issuer"] = profile.ID
	proof, err := cryptosuite.Sign(doc, cryptosuite.Options{VerificationMethod: s.KeyID, Purpose: did.AssertionMethod, Created: j.moment.Run}, s.Key, contexts)
	if err != nil {
		return nil, &StatementError{StatementKey, err}
	}
	doc["proof"] = proof
	raw, err := strictjson.Canonical(doc)
	if err != nil {
		return nil, err
	}
	f.members[nameStatement] = raw
	if out := f.checkStatement(j, nil); out.Verdict != verifier.Valid || out.Fault != "" {
		return nil, &StatementError{StatementKey, fmt.Errorf("%s %s", out.Verdict, out.Fault)}
	}
	return raw, nil
}

// nameFrom is an id of a statement: equal results have equal ones. It is a UUID of version 8
// (RFC 9562), made from a digest and not from chance.
func nameFrom(result []byte) string {
	h := sum(result)
	return fmt.Sprintf("urn:uuid:%s-%s-8%s-a%s-%s", h[:8], h[8:12], h[13:16], h[17:20], h[20:32])
}

// A StatementOutcome is what became of statement.json.
type StatementOutcome struct {
	Signer  string // who says so
	Key     string // the key that signed, as multibase
	Known   bool   // the signer is in the caller's trust file; if not, anybody may have made the key
	Verdict verifier.Verdict
	Fault   string // empty if it says what the file says
}

// checkStatement judges the statement by the caller's trust, or, if that does not know the
// signer, by the profile inside: then it shows only that the file is of one piece.
func (f *File) checkStatement(j *judged, trust *verifier.Trust) StatementOutcome {
	out := StatementOutcome{Verdict: verifier.Indeterminate}
	c, err := credential.Parse(f.members[nameStatement])
	if err != nil {
		out.Verdict, out.Fault = verifier.Invalid, err.Error()
		return out
	}
	out.Signer = c.Issuer()
	if plain, err := strictjson.Parse(c.Raw(), limits); err == nil {
		if again, err := strictjson.Canonical(plain); err != nil || !bytes.Equal(again, c.Raw()) {
			out.Verdict, out.Fault = verifier.Invalid, "it is not written as it was signed"
			return out
		}
	}
	var key signerKey
	if err := strictjson.Unmarshal(f.members[nameSigner+"key.json"], limits, &key); err != nil {
		out.Fault = "nothing says which key signed"
		return out
	}
	by, fault := f.statementTrust(trust, c.Issuer(), key)
	if fault != "" {
		out.Fault = fault
		return out
	}
	_, out.Known = trustOrNone(trust).Issuer(c.Issuer())
	if is, ok := by.Issuer(c.Issuer()); ok {
		out.Key = keyText(is, key.KeyID)
	}
	report := verifier.Check(f.members[nameStatement], nil, by, j.moment.Run)
	out.Verdict = report.Verdict
	if err := report.Err(); err != nil {
		out.Fault = err.Error()
		return out
	}
	out.Fault = f.compareStatement(j, report)
	return out
}

func trustOrNone(t *verifier.Trust) *verifier.Trust {
	if t == nil {
		return new(verifier.Trust)
	}
	return t
}

// statementTrust believes one issuer on its signature: a statement has no anchor.
func (f *File) statementTrust(trust *verifier.Trust, signer string, key signerKey) (*verifier.Trust, string) {
	by := *trustOrNone(trust)
	by.AnchorOptional = true
	is, known := by.Issuer(signer)
	entry := verifier.Issuer{ID: signer, Label: signer, Types: []string{licensure.TypeVerificationStatement}, Jurisdictions: []string{verifier.Any}}
	if known {
		entry = *is
	} else {
		profile, err := did.Parse(f.members[nameSigner+"issuer.json"])
		if err != nil || profile.ID != signer {
			return nil, "the signer's profile is missing or another's"
		}
		entry.Document = profile
	}
	by.Issuers = []verifier.Issuer{entry}
	// The context says what the terms mean. The file's own is believed only where it is the
	// one of this program: another could give labels other meanings.
	if context := f.members[nameSigner+"context.jsonld"]; bytes.Equal(context, licensure.Context()) {
		if err := by.PinContextOf(signer, key.ContextURL, context); err != nil {
			return nil, err.Error()
		}
	} else if !known {
		return nil, "the statement's context is not the one of this program"
	}
	return &by, ""
}

func keyText(is *verifier.Issuer, id string) string {
	for _, k := range is.Keys {
		if k.ID == id && k.Public != nil {
			text, _ := did.Multikey(k.Public)
			return text
		}
	}
	if is.Document != nil {
		if k, ok := is.Document.Key(id); ok {
			text, _ := did.Multikey(k.Public)
			return text
		}
	}
	return ""
}

// compareStatement holds what the statement says to what follows from the file.
func (f *File) compareStatement(j *judged, report *verifier.Report) string {
	draft, err := j.statement(f.result, sum(f.members[nameResult])).Draft()
	if err != nil {
		return err.Error()
	}
	said, _ := report.Claims["credentialSubject"].(map[string]any)
	want, _ := draft["credentialSubject"].(map[string]any)
	for _, name := range []string{"verifiedAt", "decisionDate", "policyId", "policyVersion", "policyDigest", "standing", "resultDigest"} {
		if said[name] != want[name] {
			return fmt.Sprintf("it says %s %v, the file %v", name, said[name], want[name])
		}
	}
	// A copy with documents left out has fewer of them.
	for _, name := range []string{"verifiedCredentials", "statusSnapshots"} {
		all := elements(said[name])
		for e := range elements(want[name]) {
			if !all[e] {
				return "it does not say of " + name + ": " + e
			}
		}
		if f.members[nameRedacted] == nil && len(all) != len(elements(want[name])) {
			return "it says more than the file of " + name
		}
	}
	return ""
}

// elements are the members of a JSON array, or of what stands for one, as text.
func elements(v any) map[string]bool {
	out := map[string]bool{}
	list, ok := v.([]any)
	if !ok && v != nil {
		list = []any{v}
	}
	for _, e := range list {
		if m, ok := e.(map[string]any); ok {
			m = strictjson.Clone(m).(map[string]any)
			delete(m, "type")
			e = m
		}
		text, err := json.Marshal(e)
		if err == nil {
			out[strings.TrimSpace(string(text))] = true
		}
	}
	return out
}
