package verifier_test

import (
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/certanchor/certanchor/anchor"
	"github.com/certanchor/certanchor/credential"
	"github.com/certanchor/certanchor/did"
	"github.com/certanchor/certanchor/internal/conformance"
	"github.com/certanchor/certanchor/internal/strictjson"
	"github.com/certanchor/certanchor/merkleproof"
	"github.com/certanchor/certanchor/verifier"
)

// A corpusCase is one case of the corpus manifest.
type corpusCase struct {
	ID, File, Version, Expected, FailingStep, Scope, AsOf, Notes string

	Resolve, ResolveExtra   map[string]string
	RevocationListNotServed any
	Options                 struct {
		ProofPurpose, Challenge string
		Domain                  any
	}
	Mutations []struct {
		Target, Op, Path, Field string
		ID                      string
		Value                   any
	}
}

// peerSteps are the codes that answer to a failing step of the peer.
var peerSteps = map[string][]verifier.Code{
	"compareHashes":                       {"target-hash"},
	"checkMerkleRoot":                     {"root-not-in-transaction", "merkle-root"},
	"checkReceipt":                        {"merkle-root"},
	"checkAuthenticity":                   {"issuing-address", "address-outside-window"},
	"checkRevokedStatus":                  {"revoked", "suspended"},
	"computeLocalHash":                    {"unmapped-term"},
	"validateDateFormat":                  {"malformed-date"},
	"ensureValidityPeriodStarted":         {"not-yet-valid"},
	"checkExpiresDate":                    {"expired", "target-hash"},
	"checkCredentialSchemaConformity":     {"schema"},
	"assertProofValidity":                 {"proof-purpose", "domain", "challenge"},
	"retrieveVerificationMethodPublicKey": {"issuer-key"},
	"controlVerificationMethod":           {"issuing-address", "issuer-key"},
	"compareIssuingAddress":               {"issuing-address"},
	"checkDocumentSignature":              {"signature", "proof-purpose"},
}

// stricter names the cases in which we differ on purpose, by the rule, with our verdict
// and the code that decides it.
var stricter = map[string]struct {
	rule    string
	verdict verifier.Verdict
	code    verifier.Code
}{
	"testnet-valid-1.2":               {"version 1.2 is judged here; the corpus has nothing of its transaction", indeterminate, "no-evidence"},
	"testnet-valid-2.0":               {listRule, indeterminate, "revocation-unknown"},
	"py-2.0-alpha-invalid_revoked":    {listRule, indeterminate, "revocation-unknown"},
	"status-list-2021-tampered-list":  {"a list that its issuer did not sign is not counted (R3), whatever it says", indeterminate, "status-list-signature"},
	"status-list-2021-unavailable":    {listRule, indeterminate, "revocation-unknown"},
	"ecdsa-sd-2023-signed-credential": {"a private suite is unsupported, never judged", indeterminate, "unsupported-suite"},
	"vp-eddsa-rdfc-2022":              {"a presentation that carries no credential is nobody's word but the holder's", indeterminate, "nothing-presented"},
	"py-1.1-sample_signed_cert-1.1":   {"version 1.1 keeps its proof outside the file", indeterminate, "version-unsupported"},

	"mocknet-valid-2.0":                                      {mockRule, indeterminate, "no-anchor"},
	"mocknet-v3-valid":                                       {mockRule, indeterminate, "no-anchor"},
	"example-non-chained-proofs":                             {mockRule, indeterminate, "no-anchor"},
	"mocknet-vc-v2-credential-schema":                        {mockRule, indeterminate, "no-anchor"},
	"mocknet-vc-v2-data-integrity-proof-multiple-signatures": {mockRule, indeterminate, "no-anchor"},
	"mocknet-vc-v2-data-integrity-proof":                     {mockRule, indeterminate, "no-anchor"},
	"mocknet-vc-v2-name-description-multilingual":            {mockRule, indeterminate, "no-anchor"},
	"mocknet-vc-v2-name-description":                         {mockRule, indeterminate, "no-anchor"},
	"mocknet-vc-v2-validFrom-valid":                          {mockRule, indeterminate, "no-anchor"},
	"mocknet-verifiable-presentation":                        {mockRule, indeterminate, "no-anchor"},
	"expired-verification-method-merkleproof2019":            {mockRule + ", so no time is known at which the key could have ended", indeterminate, "no-anchor"},
	"revoked-verification-method-merkleproof2019":            {mockRule + ", so no time is known at which the key could have ended", indeterminate, "no-anchor"},
}

// mockRule: a mock chain is a label for issuing only (architecture, decision 9).
// listRule: a list that is missing is never "good" (R1).
const (
	mockRule = "mock chains are never acceptable"
	listRule = "the list, or whose it is, is not in the corpus"
)

// TestBlockcertsCorpus judges every case of the Blockcerts corpus, or of another in the
// same layout named by BLOCKCERTS_CORPUS. Chain facts are observations of one observer
// that the trust file of the test accepts; profiles and lists are what the manifest
// resolves.
func TestBlockcertsCorpus(t *testing.T) {
	dir := os.Getenv("BLOCKCERTS_CORPUS")
	if dir == "" {
		dir = conformance.Path(t, "conformance/blockcerts")
	} else if !filepath.IsAbs(dir) {
		dir = filepath.Join("..", dir)
	}
	var manifest struct{ Cases []corpusCase }
	readJSON(t, filepath.Join(dir, "manifest.json"), &manifest)
	observations := corpusObservations(t, dir)
	agree := 0
	judged = map[string]corpusVerdict{}
	for _, c := range manifest.Cases {
		t.Run(c.ID, func(t *testing.T) {
			if judgeCase(t, dir, c, manifest.Cases, observations) {
				agree++
			}
		})
	}
	if name := os.Getenv("CERTANCHOR_CORPUS_OUT"); name != "" {
		raw, err := json.Marshal(judged)
		if err == nil {
			err = os.WriteFile(name, raw, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("corpus: %d of %d agree", agree, len(manifest.Cases))
	if os.Getenv("BLOCKCERTS_CORPUS") == "" && len(manifest.Cases) != 53 {
		t.Errorf("%d cases, 53 are known", len(manifest.Cases))
	}
}

// A corpusVerdict is what we said of a case, for the table beside another verifier.
type corpusVerdict struct {
	Verdict verifier.Verdict `json:"verdict"`
	Code    verifier.Code    `json:"code,omitempty"`
	Rule    string           `json:"rule,omitempty"`
}

var judged map[string]corpusVerdict

func readJSON(t *testing.T, name string, into any) {
	t.Helper()
	raw, err := os.ReadFile(name)
	if err == nil {
		err = json.Unmarshal(raw, into)
	}
	if err != nil {
		t.Fatal(name, err)
	}
}

func corpusObservations(t *testing.T, dir string) []verifier.Observation {
	var file struct {
		Transactions map[string]struct {
			Chain, OpReturn, IssuingAddress, Time, TxID string
			Confirmations                               int32
		}
	}
	readJSON(t, filepath.Join(dir, "chain/transactions.json"), &file)
	var list []verifier.Observation
	for _, x := range file.Transactions {
		payload, err := merkleproof.ParseHash(x.OpReturn)
		if err != nil {
			continue // a transaction without a root
		}
		at, err := time.Parse(time.RFC3339Nano, x.Time)
		if err != nil {
			t.Fatal(err)
		}
		chain := strings.NewReplacer("bitcoin:", "btc:", "ethereum:", "eth:").Replace(x.Chain)
		list = append(list, verifier.Observation{Source: "corpus", Chain: merkleproof.Chain(chain), TxID: x.TxID, Payload: payload,
			Address: x.IssuingAddress, Time: at.UTC(), Confirmations: anchor.Confirmations(x.Confirmations)})
	}
	return list
}

// A corpusWorld is one case made ready: documents after their mutations.
type corpusWorld struct {
	t     *testing.T
	raw   []byte
	files map[string][]byte // by URL or DID
}

func judgeCase(t *testing.T, dir string, c corpusCase, all []corpusCase, observations []verifier.Observation) bool {
	at, err := time.Parse(time.RFC3339, c.AsOf)
	if err != nil {
		t.Fatal(err)
	}
	w, ev := c.world(t, dir, all, observations, at)
	r := verifier.CheckFor(c.request(), w.raw, ev, w.trust(at), at)
	for _, s := range r.Steps {
		noteCode(s.Code)
	}
	s, _ := r.Deciding()
	judged[c.ID] = corpusVerdict{r.Verdict, s.Code, stricter[c.ID].rule}
	return agrees(t, c, r)
}

// world reads the files of a case, with its mutations, and makes the evidence of them.
func (c corpusCase) world(t *testing.T, dir string, all []corpusCase, observations []verifier.Observation, at time.Time) (*corpusWorld, *verifier.Evidence) {
	w := &corpusWorld{t: t, files: map[string][]byte{}}
	w.raw = w.read(filepath.Join(dir, c.File))
	for url, file := range c.Resolve {
		w.files[url] = w.read(filepath.Join(dir, file))
	}
	for url, file := range c.ResolveExtra {
		w.files[url] = w.read(filepath.Join(dir, file))
	}
	w.borrowIssuer(dir, all)
	for _, m := range c.Mutations {
		w.mutate(m.Target, m.Op, m.Path, m.Field, m.ID, m.Value)
	}
	ev := &verifier.Evidence{Observations: observations}
	for url, raw := range w.files {
		plain, _, _ := strings.Cut(url, "?assertionId=")
		ev.AddDocument(plain, verifier.Document{At: at, Bytes: raw})
	}
	return w, ev
}

// borrowIssuer adds the issuer's profile from another case where this one, which is about
// something else, has none.
func (w *corpusWorld) borrowIssuer(dir string, all []corpusCase) {
	c, err := credential.Parse(w.raw)
	if err != nil || w.files[c.Issuer()] != nil {
		return
	}
	for _, other := range all {
		if file, ok := other.Resolve[c.Issuer()]; ok {
			w.files[c.Issuer()] = w.read(filepath.Join(dir, file))
			return
		}
	}
}

func (w *corpusWorld) read(name string) []byte {
	raw, err := os.ReadFile(name)
	if err != nil {
		w.t.Fatal(err)
	}
	return raw
}

func (c corpusCase) request() verifier.Request {
	q := verifier.Request{Purpose: c.Options.ProofPurpose, Challenge: c.Options.Challenge}
	switch d := c.Options.Domain.(type) {
	case string:
		q.Domains = []string{d}
	case []any:
		for _, e := range d {
			q.Domains = append(q.Domains, e.(string))
		}
	}
	return q
}

// mutate applies one change of the manifest.
func (w *corpusWorld) mutate(target, op, path, field, id string, value any) {
	raw := w.files[target]
	if target == "certificate" {
		raw = w.raw
	}
	out := bent(w.t, raw, func(doc object) {
		switch op {
		case "prependProof":
			doc["proof"] = []any{value, doc["proof"]}
		case "removeVerificationMethod":
			doc["verificationMethod"] = slices.DeleteFunc(doc["verificationMethod"].([]any), func(m any) bool { return at(m, "id") == id || at(m, "id") == value })
		case "setOnVerificationMethodOfProof":
			method := w.methodOfProof()
			for _, m := range doc["verificationMethod"].([]any) {
				if at(m, "id") == method || strings.HasSuffix(method, at(m, "id").(string)) {
					m.(object)[field] = value
				}
			}
		case "add", "replace", "remove":
			keys := strings.Split(strings.TrimPrefix(path, "/"), "/")
			parent := any(doc)
			for _, k := range keys[:len(keys)-1] {
				parent = at(parent, k)
			}
			if last := keys[len(keys)-1]; op == "remove" {
				delete(parent.(object), last)
			} else {
				parent.(object)[last] = value
			}
		default:
			w.t.Fatalf("a mutation %q that this test does not know", op)
		}
	})
	if target == "certificate" {
		w.raw = out
	} else {
		w.files[target] = out
	}
}

func (w *corpusWorld) methodOfProof() string {
	var doc object
	if err := json.Unmarshal(w.raw, &doc); err != nil {
		w.t.Fatal(err)
	}
	p := doc["proof"]
	if list, ok := p.([]any); ok {
		p = list[0]
	}
	return at(p, "verificationMethod").(string)
}

// trust names everybody the case resolves: the verifier of this test has decided to
// believe them, and states since when where their documents do not.
func (w *corpusWorld) trust(now time.Time) *verifier.Trust {
	trust := &verifier.Trust{
		Networks:         []anchor.Network{anchor.Mainnet, anchor.Testnet3},
		OtherChains:      []merkleproof.Chain{merkleproof.EthereumMainnet, merkleproof.EthereumRopsten, merkleproof.EthereumSepolia},
		Observers:        []string{"corpus"},
		WeakestChainFact: verifier.Observed,
		MinConfirmations: 1,
		AnchorOptional:   true,
		StatusMaxAge:     100 * 365 * 24 * time.Hour,
	}
	for _, line := range strings.Split(string(w.read("testdata/inline-contexts.txt")), "\n") {
		var digest [32]byte
		if len(line) >= 64 && line[0] != '#' {
			if _, err := hex.Decode(digest[:], []byte(line[:64])); err != nil {
				w.t.Fatal(err)
			}
			trust.PinInlineContext(digest)
		}
	}
	ids := w.named()
	for _, id := range ids {
		doc := w.document(id)
		if doc == nil {
			continue
		}
		is := verifier.Issuer{ID: id, Label: "corpus", Document: doc, Types: []string{verifier.Any}, Jurisdictions: []string{verifier.Any},
			AcceptUnsignedLists: true, StatusIssuers: ids}
		if url, ok := doc.IssuerProfile(); ok {
			is.Profile = w.document(url)
		}
		for _, d := range []*did.Document{is.Document, is.Profile} {
			if d == nil {
				continue
			}
			for _, k := range d.Keys {
				if k.Created.IsZero() {
					is.Keys = append(is.Keys, verifier.PinnedKey{ID: k.ID, Bounds: verifier.Bounds{From: time.Unix(0, 0)}})
				}
			}
		}
		trust.Issuers = append(trust.Issuers, is)
	}
	return trust
}

// named collects the ids of all who sign something in the case: issuers, inner issuers,
// issuers of lists, owners of verification methods.
func (w *corpusWorld) named() []string {
	var ids []string
	add := func(id string) {
		id, _, _ = strings.Cut(id, "#")
		if id != "" && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	var visit func(raw []byte)
	visit = func(raw []byte) {
		c, err := credential.Parse(raw)
		if err != nil {
			return
		}
		add(c.Issuer())
		for _, p := range c.Proofs() {
			if _, served := w.files[strings.Split(p.VerificationMethod, "#")[0]]; served || strings.HasPrefix(p.VerificationMethod, "did:key:") {
				add(p.VerificationMethod)
			}
		}
		if inner, err := c.Inner(); err == nil {
			for _, i := range inner {
				visit(i.Raw())
			}
		}
	}
	visit(w.raw)
	for url := range w.files {
		visit(w.files[url])
	}
	slices.Sort(ids)
	return ids
}

func (w *corpusWorld) document(id string) *did.Document {
	if raw, ok := w.files[id]; ok {
		if v, err := strictjson.ParseObject(raw, strictjson.Limits{}); err == nil {
			if inner, ok := v["didDocument"].(map[string]any); ok {
				v = inner
			}
			if d, err := did.FromObject(v); err == nil {
				return d
			}
		}
	}
	d, err := did.Resolve(id)
	if err != nil {
		return nil
	}
	return d
}

// agrees compares our verdict with what the manifest expects.
func agrees(t *testing.T, c corpusCase, r *verifier.Report) bool {
	s, _ := r.Deciding()
	report := func(want string) bool {
		b, _ := r.JSON()
		t.Errorf("%s / %s (%s), want %s [%s %s] %s\n%s", r.Verdict, s.Code, s.Fact, want, c.Expected, c.FailingStep, c.Notes, b)
		return false
	}
	if rule, ok := stricter[c.ID]; ok {
		if r.Verdict != rule.verdict || s.Code != rule.code {
			return report(rule.verdict.String() + " / " + string(rule.code) + " by the rule: " + rule.rule)
		}
		return true
	}
	if c.Scope != "full" {
		return agreesInPart(c, r) || report("the part "+c.Scope)
	}
	if c.Expected == "success" {
		if r.Verdict != verifier.Valid {
			return report("valid")
		}
		return true
	}
	if r.Verdict != verifier.Invalid && r.Verdict != verifier.NotInForce {
		return report("invalid or not-in-force")
	}
	step := c.FailingStep[strings.LastIndex(c.FailingStep, "/")+1:]
	for _, code := range peerSteps[step] {
		if hasCode(r, code) {
			return true
		}
	}
	return report("a failed step " + step)
}

// agreesInPart judges a case of which the corpus holds a part: hash and path, or the
// status alone.
func agreesInPart(c corpusCase, r *verifier.Report) bool {
	steps := []verifier.StepName{verifier.StepFormat, verifier.StepCanonical, verifier.StepPath}
	if c.Scope == "status" {
		steps = []verifier.StepName{verifier.StepRevocation}
	}
	if c.Expected == "success" {
		return !slices.ContainsFunc(steps, func(s verifier.StepName) bool { return r.Step(s).Result != verifier.Passed })
	}
	for _, code := range peerSteps[c.FailingStep] {
		if hasCode(r, code) {
			return true
		}
	}
	return false
}

func hasCode(r *verifier.Report, code verifier.Code) bool {
	for _, s := range r.Steps {
		if s.Code == code && s.Result == verifier.Failed {
			return true
		}
	}
	return slices.ContainsFunc(r.Credentials, func(i *verifier.Report) bool { return hasCode(i, code) })
}
