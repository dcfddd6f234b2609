package verifier_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/btcsuite/btcd/address/v2/base58"
	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"
	"github.com/fxamacker/cbor/v2"

	"github.com/certanchor/certanchor/anchor"
	"github.com/certanchor/certanchor/credential"
	"github.com/certanchor/certanchor/internal/jsonld"
	"github.com/certanchor/certanchor/internal/strictjson"
	"github.com/certanchor/certanchor/merkleproof"
	"github.com/certanchor/certanchor/status"
	"github.com/certanchor/certanchor/verifier"
)

// overLimitTime is how long a refusal for size may take. The poison graph may take twice
// as long (security design, J10), and Check meets it twice: as document and as what the
// signature covers.
const overLimitTime = 50 * time.Millisecond

// refusedQuickly checks a document over a limit: its code, never valid, and soon.
func refusedQuickly(t *testing.T, most time.Duration, verdict verifier.Verdict, code verifier.Code, judge func() *verifier.Report) {
	t.Helper()
	best := time.Hour
	for range 5 { // the machine may be busy; the work is the same each time
		begin := time.Now()
		r := judge()
		best = min(best, time.Since(begin))
		wantReport(t, r, verdict, code)
		if best <= most {
			break
		}
	}
	if best > most {
		t.Errorf("refused after %v, at most %v", best, most)
	}
	t.Logf("refused after %v", best)
}

func judgedAtLimit(t *testing.T, judge func() *verifier.Report) {
	t.Helper()
	begin := time.Now()
	wantReport(t, judge(), valid, "")
	t.Logf("judged in %v", time.Since(begin))
}

// membersIn counts as the reader does: members of objects and elements of arrays.
func membersIn(v any) int {
	n := 0
	switch x := v.(type) {
	case map[string]any:
		n = len(x)
		for _, e := range x {
			n += membersIn(e)
		}
	case []any:
		n = len(x)
		for _, e := range x {
			n += membersIn(e)
		}
	}
	return n
}

func depthOf(v any) int {
	deepest := 0
	switch x := v.(type) {
	case map[string]any:
		for _, e := range x {
			deepest = max(deepest, depthOf(e))
		}
		return deepest + 1
	case []any:
		for _, e := range x {
			deepest = max(deepest, depthOf(e))
		}
		return deepest + 1
	}
	return 0
}

// TestDocumentLimits signs documents at each limit and one above it. The signature is
// good in both, so nothing but the limit stands in the way.
func TestDocumentLimits(t *testing.T) {
	w := newWorld(t, licenceDraft("L-1"))
	ev, trust := w.evidence(), w.optional(nil)
	judge := func(raw []byte) func() *verifier.Report {
		return func() *verifier.Report { return verifier.Check(raw, ev, trust, now) }
	}
	subject := func(d object) object { return at(d, "credentialSubject").(object) }

	t.Run("bytes", func(t *testing.T) {
		padded := func(n int) []byte {
			return append(bytes.Clone(w.creds[0]), bytes.Repeat([]byte{' '}, n-len(w.creds[0]))...)
		}
		judgedAtLimit(t, judge(padded(credential.MaxBytes)))
		refusedQuickly(t, overLimitTime, indeterminate, "limit-bytes", judge(padded(credential.MaxBytes+1)))
	})
	t.Run("depth", func(t *testing.T) {
		nested := func(depth int) []byte {
			return w.signed(func(d object) {
				inner := object{"familyName": "Ostrowe"}
				for range depth - 3 { // the document, its subject, and this one
					inner = object{"person": inner}
				}
				subject(d)["person"] = inner
			})
		}
		raw := nested(strictjson.DefaultLimits.Depth)
		if v := decoded(t, raw); depthOf(v) != strictjson.DefaultLimits.Depth {
			t.Fatalf("depth %d", depthOf(v))
		}
		judgedAtLimit(t, judge(raw))
		refusedQuickly(t, overLimitTime, indeterminate, "limit-depth", judge(nested(strictjson.DefaultLimits.Depth+1)))
		refusedQuickly(t, overLimitTime, indeterminate, "limit-depth", judge(bytes.Repeat([]byte("["), 100_000)))
	})
	t.Run("members", func(t *testing.T) {
		// A text with a language counts as an element with two members and makes one
		// statement; so the limit on statements is not met first.
		wide := func(members int) []byte {
			honours := []any{}
			build := func() []byte { return w.signed(func(d object) { subject(d)["honours"] = honours }) }
			honours = append(honours, "first")
			for missing := members - membersIn(decoded(t, build())); missing > 0; missing -= 3 {
				value := object{"@value": fmt.Sprint("honour ", missing), "@language": "en"}
				switch missing {
				case 1:
					honours = append(honours, "last")
				case 2:
					delete(value, "@language")
					fallthrough
				default:
					honours = append(honours, value)
				}
			}
			return build()
		}
		raw := wide(strictjson.DefaultLimits.Members)
		if n := membersIn(decoded(t, raw)); n != strictjson.DefaultLimits.Members {
			t.Fatalf("%d members", n)
		}
		judgedAtLimit(t, judge(raw))
		refusedQuickly(t, overLimitTime, indeterminate, "limit-members", judge(wide(strictjson.DefaultLimits.Members+1)))
	})
	t.Run("quads", func(t *testing.T) {
		base := statements(t, w, w.draft())
		many := func(n int) []byte {
			doc := w.draft()
			var honours []any
			for i := range n - base {
				honours = append(honours, fmt.Sprint("honour ", i))
			}
			subject(doc)["honours"] = honours
			if n > jsonld.DefaultLimits.Quads { // nobody can sign this one; the limit comes first
				doc["proof"] = at(decoded(t, w.creds[0]), "proof", 0)
				return encoded(t, doc)
			}
			if got := statements(t, w, doc); got != n {
				t.Fatalf("%d statements, want %d", got, n)
			}
			sign(t, doc, w.signer(), w.boardOptions(), w.contexts())
			return encoded(t, doc)
		}
		judgedAtLimit(t, judge(many(jsonld.DefaultLimits.Quads)))
		refusedQuickly(t, 2*overLimitTime, indeterminate, "limit-quads", judge(many(jsonld.DefaultLimits.Quads+1)))
	})
	t.Run("blank-nodes", func(t *testing.T) {
		base := blankNodes(t, w, w.draft())
		many := func(n int) []byte {
			doc := w.draft()
			var leaves []any
			for i := range n - base {
				leaves = append(leaves, object{"code": fmt.Sprint("leave ", i)})
			}
			subject(doc)["leavesOfAbsence"] = leaves
			if n > jsonld.DefaultLimits.BlankNodes {
				doc["proof"] = at(decoded(t, w.creds[0]), "proof", 0)
				return encoded(t, doc)
			}
			if got := blankNodes(t, w, doc); got != n {
				t.Fatalf("%d blank nodes, want %d", got, n)
			}
			sign(t, doc, w.signer(), w.boardOptions(), w.contexts())
			return encoded(t, doc)
		}
		judgedAtLimit(t, judge(many(jsonld.DefaultLimits.BlankNodes)))
		refusedQuickly(t, overLimitTime, indeterminate, "limit-blank-nodes", judge(many(jsonld.DefaultLimits.BlankNodes+1)))
	})
	t.Run("canonicalisation", func(t *testing.T) {
		doc := w.draft()
		poison(doc, poisonAtLimit...)
		if !costs(t, w, doc, jsonld.DefaultLimits.Work) || costs(t, w, doc, jsonld.DefaultLimits.Work-1) {
			t.Fatal("the document does not cost the whole budget")
		}
		sign(t, doc, w.signer(), w.boardOptions(), w.contexts())
		judgedAtLimit(t, judge(encoded(t, doc)))

		doc = w.draft()
		poison(doc, append(poisonAtLimit, 1)...)
		doc["proof"] = at(decoded(t, w.creds[0]), "proof", 0)
		refusedQuickly(t, 4*overLimitTime, indeterminate, "limit-canonicalisation", judge(encoded(t, doc)))
		doc = w.draft()
		poison(doc, 9)
		doc["proof"] = at(decoded(t, w.creds[0]), "proof", 0)
		refusedQuickly(t, 4*overLimitTime, indeterminate, "limit-canonicalisation", judge(encoded(t, doc)))
	})
	t.Run("contexts-inside", func(t *testing.T) {
		many := func(n int) []byte {
			return w.signed(func(d object) {
				var leaves []any
				for i := range n {
					leaves = append(leaves, object{"@context": w.issuer.ContextURL(), "code": fmt.Sprint("leave ", i)})
				}
				subject(d)["leavesOfAbsence"] = leaves
			})
		}
		judgedAtLimit(t, judge(many(64)))
		over := bent(t, many(64), func(d object) {
			leaves := at(d, "credentialSubject", "leavesOfAbsence").([]any)
			subject(d)["leavesOfAbsence"] = append(leaves, object{"@context": w.issuer.ContextURL(), "code": "one more"})
		})
		refusedQuickly(t, overLimitTime, indeterminate, "limit-contexts", judge(over))
	})
	t.Run("proofs", func(t *testing.T) {
		many := func(n int) []byte {
			doc := w.draft()
			for i := range n {
				o := w.boardOptions()
				o.ID = fmt.Sprintf("urn:uuid:5d0f0d3e-30f5-4c2a-8d5f-0a6a6f8e%04d", i)
				sign(t, doc, w.signer(), o, w.contexts())
			}
			return encoded(t, doc)
		}
		judgedAtLimit(t, judge(many(credential.MaxProofs)))
		refusedQuickly(t, overLimitTime, indeterminate, "limit-proofs", judge(many(credential.MaxProofs+1)))
	})
	t.Run("status-entries", func(t *testing.T) {
		many := func(n int) []byte {
			return w.signed(func(d object) {
				var entries []any
				for i := range n {
					e := parsed(t, at(d, "credentialStatus", 0).(object))
					delete(e, "id")
					e["statusListIndex"] = fmt.Sprint(1000 + i)
					entries = append(entries, e)
				}
				d["credentialStatus"] = entries
			})
		}
		judgedAtLimit(t, judge(many(credential.MaxStatusEntries)))
		refusedQuickly(t, overLimitTime, indeterminate, "limit-proofs", judge(many(credential.MaxStatusEntries+1)))
	})
	t.Run("inner-credentials", func(t *testing.T) {
		// Credentials of few words: all unnamed nodes of a presentation count together.
		bearer := newStranger(t, "bearer")
		one := func(i int) any {
			doc := object{"@context": []any{credential.ContextVC2, w.issuer.ContextURL()}, "id": fmt.Sprintf("urn:uuid:5d0f0d3e-30f5-4c2a-8d5f-0a6a6f8f%04d", i),
				"type": []any{"VerifiableCredential", "LicenceCredential"}, "issuer": worldID,
				"credentialSubject": object{"id": bearer.id, "jurisdiction": "X07", "number": fmt.Sprint("L-", i)}}
			o := w.boardOptions()
			o.ID = fmt.Sprintf("urn:uuid:5d0f0d3e-30f5-4c2a-8d5f-0a6a6f90%04d", i)
			sign(t, doc, w.signer(), o, w.contexts())
			return parsed(t, doc)
		}
		var inner []any
		for i := range credential.MaxInner {
			inner = append(inner, one(i))
		}
		judgedAtLimit(t, judge(presentation(t, w, bearer, inner, nil)))
		inner = append(inner, one(credential.MaxInner))
		over := presentation(t, w, bearer, inner[:2], nil)
		refusedQuickly(t, overLimitTime, indeterminate, "limit-proofs", judge(bent(t, over, func(d object) { d["verifiableCredential"] = inner })))
	})
}

func decoded(t testing.TB, raw []byte) object {
	t.Helper()
	var doc object
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if err := d.Decode(&doc); err != nil {
		t.Fatal(err)
	}
	return doc
}

func canonicalOf(t testing.TB, w *world, doc object) *jsonld.Result {
	t.Helper()
	res, err := jsonld.Canonicalize(parsed(t, doc), jsonld.Options{Contexts: w.contexts()})
	if err != nil {
		t.Fatal(err)
	}
	return res
}

func statements(t testing.TB, w *world, doc object) int { return canonicalOf(t, w, doc).Quads }

func blankNodes(t testing.TB, w *world, doc object) int {
	labels := map[string]bool{}
	for _, word := range strings.Fields(string(canonicalOf(t, w, doc).NQuads)) {
		if strings.HasPrefix(word, "_:c14n") {
			labels[word] = true
		}
	}
	return len(labels)
}

// poison gives the subject pairs of equal nodes with n equal nodes below each: nothing
// tells them apart, so n! orders of them have to be tried.
func poison(doc object, ns ...int) {
	var hubs []any
	for i, n := range ns {
		for range 2 {
			var leaves []any
			for range n {
				leaves = append(leaves, object{"text": fmt.Sprint("supervision ", i)})
			}
			hubs = append(hubs, object{"code": fmt.Sprint("pair ", i), "conditions": leaves})
		}
	}
	at(doc, "credentialSubject").(object)["leavesOfAbsence"] = hubs
}

// poisonAtLimit costs the whole budget of work. What a pair costs depends on hashes and so on
// the IRIs of the terms: a pair of 1 costs 8, of 2 22 or 28, of 3 84 or 86, of 4 368.
var poisonAtLimit = []int{6, 6, 5, 5, 5, 5, 5, 5, 3, 3, 3, 3, 2, 2, 1, 1, 1, 4, 2, 2, 1, 1, 1}

func costs(t testing.TB, w *world, doc object, work int) bool {
	_, err := jsonld.Canonicalize(parsed(t, doc), jsonld.Options{Contexts: w.contexts(), Limits: jsonld.Limits{Work: work}})
	return err == nil
}

// TestProofLimits: a path of 32 steps counts, one of 33 is not read: no word against it.
func TestProofLimits(t *testing.T) {
	w := newWorld(t, licenceDraft("L-1"))
	doc := w.boardDoc(nil)
	leaf := leafOf(t, doc, w.contexts())
	var path merkleproof.Path
	for i := range merkleproof.MaxSteps {
		path = append(path, merkleproof.Step{Side: merkleproof.Side(i % 2), Hash: merkleproof.Sum([]byte{byte(i)})})
	}
	s := newSpend(t, w.payer(), anchor.ProfileBlockcerts, 1)
	s.commit(path.Root(leaf))
	raw, ev := w.proven(doc, leaf, path.Root(leaf), path, merkleproof.BitcoinRegtest, s)
	trust := w.trust(nil)
	judgedAtLimit(t, func() *verifier.Report { return verifier.Check(raw, ev, trust, now) })
	longer := bent(t, raw, func(d object) {
		p := at(d, "proof", 1).(object)
		p["proofValue"] = oneStepMore(t, p["proofValue"].(string))
	})
	refusedQuickly(t, overLimitTime, indeterminate, "limit-proofs", func() *verifier.Report { return verifier.Check(longer, ev, trust, now) })
	long := bent(t, raw, func(d object) {
		p := at(d, "proof", 1).(object)
		p["proofValue"] = "z" + strings.Repeat("1", merkleproof.MaxProofValue)
	})
	refusedQuickly(t, overLimitTime, indeterminate, "limit-proofs", func() *verifier.Report { return verifier.Check(long, ev, trust, now) })
}

// oneStepMore writes a proofValue again with its last step twice.
func oneStepMore(t testing.TB, value string) string {
	var pairs [][]any
	if err := cbor.Unmarshal(base58.Decode(value[1:]), &pairs); err != nil {
		t.Fatal(err)
	}
	for _, p := range pairs {
		if steps, ok := p[1].([]any); ok && p[0] == uint64(3) {
			p[1] = append(steps, steps[len(steps)-1])
		}
	}
	out, err := cbor.Marshal(pairs)
	if err != nil {
		t.Fatal(err)
	}
	return "z" + base58.Encode(out)
}

// TestEvidenceLimits: what a holder may bring for one anchor.
func TestEvidenceLimits(t *testing.T) {
	w := newWorld(t, licenceDraft("L-1"))
	trust := w.trust(nil)
	judge := func(raw []byte, ev *verifier.Evidence) func() *verifier.Report {
		return func() *verifier.Report { return verifier.Check(raw, ev, trust, now) }
	}
	t.Run("transaction-bytes", func(t *testing.T) {
		sized := func(n int) ([]byte, *verifier.Evidence) {
			s := newSpend(t, w.payer(), anchor.ProfileBlockcerts, 1)
			s.before = func(tx *wire.MsgTx) {
				tx.AddTxOut(&wire.TxOut{Value: 1})
				filler := n - tx.SerializeSize() - p2pkhScriptSize - 4 // four bytes more of length
				tx.TxOut[2].PkScript = bytes.Repeat([]byte{txscript.OP_NOP}, filler)
			}
			s.after = func(tx *wire.MsgTx) { fit(t, s, n) }
			return w.anchoredBy(w.boardDoc(nil), merkleproof.BitcoinRegtest, s)
		}
		judgedAtLimit(t, judge(sized(anchor.MaxTxSize)))
		refusedQuickly(t, overLimitTime, indeterminate, "limit", judge(sized(anchor.MaxTxSize+1)))
	})
	t.Run("inputs", func(t *testing.T) {
		spending := func(n int) ([]byte, *verifier.Evidence) {
			return w.anchoredBy(w.boardDoc(nil), merkleproof.BitcoinRegtest, newSpend(t, w.payer(), anchor.ProfileSegwit, n))
		}
		raw, ev := spending(anchor.MaxInputs)
		segwit := w.trust(func(f object) {
			firstIssuer(f)["addresses"] = []any{object{"address": segwitAddress(t, w), "from": stampOf(now.Add(-48 * time.Hour))}}
		})
		judgedAtLimit(t, func() *verifier.Report { return verifier.Check(raw, ev, segwit, now) })
		refusedQuickly(t, overLimitTime, indeterminate, "limit", judge(spending(anchor.MaxInputs+1)))
	})
	t.Run("headers-of-a-run", func(t *testing.T) {
		grown := func(n int) *verifier.Evidence {
			b := w.branch()
			b.grow(n-len(b.headers), now.Add(-16*time.Hour))
			ev := w.evidence()
			ev.Headers = map[anchor.Network][]anchor.HeaderRun{anchor.Regtest: {b.run()}}
			return ev
		}
		judgedAtLimit(t, judge(w.creds[0], grown(anchor.MaxRunHeaders)))
		refusedQuickly(t, overLimitTime, indeterminate, "limit", judge(w.creds[0], grown(anchor.MaxRunHeaders+1)))
	})
	t.Run("runs", func(t *testing.T) {
		cut := func(n int) *verifier.Evidence {
			ev := w.evidence()
			whole := ev.Headers[anchor.Regtest][0]
			ev.Headers = nil
			for i := range n {
				from := i * whole.Len() / n
				to := (i + 1) * whole.Len() / n
				ev.AddHeaders(anchor.Regtest, anchor.HeaderRun{Start: anchor.Height(from), Headers: whole.Headers[from*anchor.HeaderSize : to*anchor.HeaderSize]})
			}
			return ev
		}
		judgedAtLimit(t, judge(w.creds[0], cut(anchor.MaxRuns)))
		refusedQuickly(t, overLimitTime, indeterminate, "limit", judge(w.creds[0], cut(anchor.MaxRuns+1)))
	})
	t.Run("headers-to-follow", func(t *testing.T) {
		const most = 16 * anchor.MaxRunHeaders
		b := w.branch()
		b.grow(most+1-len(b.headers), now.Add(-1000*time.Hour)) // as slowly as the rules allow
		whole := b.run().Headers
		in := func(n int) *verifier.Evidence {
			ev := w.evidence()
			ev.Headers = map[anchor.Network][]anchor.HeaderRun{}
			for from := 0; from < n; from += anchor.MaxRunHeaders {
				to := min(n, from+anchor.MaxRunHeaders)
				ev.AddHeaders(anchor.Regtest, anchor.HeaderRun{Start: anchor.Height(from), Headers: whole[from*anchor.HeaderSize : to*anchor.HeaderSize]})
			}
			return ev
		}
		judgedAtLimit(t, judge(w.creds[0], in(most)))
		refusedQuickly(t, overLimitTime, indeterminate, "limit", judge(w.creds[0], in(most+1)))
	})
}

// p2pkhScriptSize is the longest script that spends P2PKH: a signature of 72 bytes with
// its hash type, and a key.
const p2pkhScriptSize = 1 + 72 + 1 + 33

// fit makes the transaction exactly n bytes long: a signature may be a byte shorter than
// was thought, and signing anew changes it.
func fit(t testing.TB, s *spend, n int) {
	for range 64 {
		size := s.tx.SerializeSize()
		if size == n {
			return
		}
		out := s.tx.TxOut[2]
		if size < n {
			out.PkScript = append(out.PkScript, bytes.Repeat([]byte{txscript.OP_NOP}, n-size)...)
		} else {
			out.PkScript = out.PkScript[:len(out.PkScript)-(size-n)]
		}
		out.Value++ // another signature
		s.sign(s.key, s.hashType)
	}
	t.Fatalf("%d bytes, want %d", s.tx.SerializeSize(), n)
}

func segwitAddress(t testing.TB, w *world) string {
	addr, err := anchor.Address(w.payer().PubKey(), anchor.ProfileSegwit, anchor.Regtest)
	if err != nil {
		t.Fatal(err)
	}
	return addr
}

// TestListLimits: lists that the board itself has signed, so that they are opened.
func TestListLimits(t *testing.T) {
	w := newWorld(t, licenceDraft("L-1"))
	trust := w.optional(nil)
	const url = "https://board.example/status/large.json"
	raw := w.signed(func(d object) {
		d["credentialStatus"] = object{"type": "BitstringStatusListEntry", "statusPurpose": "revocation",
			"statusListIndex": fmt.Sprint(status.MaxBytes*8 - 1), "statusListCredential": url}
	})
	listed := func(encodedList string) *verifier.Evidence {
		return w.withList(w.signedList("revocation", func(d object) {
			d["id"] = url
			at(d, "credentialSubject").(object)["encodedList"] = encodedList
		}))
	}
	judge := func(ev *verifier.Evidence) func() *verifier.Report {
		return func() *verifier.Report { return verifier.Check(raw, ev, trust, now) }
	}
	judgedAtLimit(t, judge(listed(status.New(status.MaxBytes*8, 1).Encode())))
	refusedQuickly(t, 2*overLimitTime, indeterminate, "limit-status-list", judge(listed(zipped(t, status.MaxBytes+1))))
	// 100 kB of text that stand for 100 MB.
	refusedQuickly(t, 2*overLimitTime, indeterminate, "limit-status-list", judge(listed(zipped(t, 100<<20))))

	revoked := status.New(status.MaxBytes*8, 1)
	revoked.Set(status.MaxBytes*8-1, 1)
	wantReport(t, judge(listed(revoked.Encode()))(), notInForce, "revoked")
}

// zipped is an encodedList of n zero bytes, whatever n.
func zipped(t testing.TB, n int) string {
	// gzip of zeros is the same few bytes over and over, so its parts can be made once.
	var b bytes.Buffer
	zip := newGzip(&b)
	chunk := make([]byte, 1<<20)
	for n > 0 {
		part := min(n, len(chunk))
		if _, err := zip.Write(chunk[:part]); err != nil {
			t.Fatal(err)
		}
		n -= part
	}
	if err := zip.Close(); err != nil {
		t.Fatal(err)
	}
	return "u" + base64URL(b.Bytes())
}

// TestSchemaLimits: a schema comes from the evidence, so from anybody.
func TestSchemaLimits(t *testing.T) {
	w := newWorld(t, licenceDraft("L-1"))
	raw := w.signed(func(d object) { d["credentialSchema"] = object{"id": schemaURL, "type": "JsonSchema"} })
	trust := w.optional(nil)
	sized := func(n int) func() *verifier.Report {
		schema := []byte(`{"type":"object"}`)
		ev := w.evidence()
		ev.AddDocument(schemaURL, verifier.Document{Bytes: append(schema, bytes.Repeat([]byte{'\n'}, n-len(schema))...)})
		return func() *verifier.Report { return verifier.Check(raw, ev, trust, now) }
	}
	judgedAtLimit(t, sized(1<<20))
	refusedQuickly(t, overLimitTime, indeterminate, "schema-malformed", sized(1<<20+1))
}

// TestHugeCounts: numbers that promise more than the bytes hold cost nothing.
func TestHugeCounts(t *testing.T) {
	w := newWorld(t, licenceDraft("L-1"))
	trust := w.trust(nil)
	ev := w.evidence()
	e := theTx(w, ev)
	e.Tx = append(binary.LittleEndian.AppendUint32(nil, 2), 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff)
	refusedQuickly(t, overLimitTime, invalid, "malformed-transaction", func() *verifier.Report { return verifier.Check(w.creds[0], ev, trust, now) })
}
