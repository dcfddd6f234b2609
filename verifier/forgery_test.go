package verifier_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/btcsuite/btcd/txscript/v2"
	"github.com/btcsuite/btcd/wire/v2"

	"github.com/certanchor/certanchor/anchor"
	"github.com/certanchor/certanchor/credential"
	"github.com/certanchor/certanchor/cryptosuite"
	"github.com/certanchor/certanchor/did"
	"github.com/certanchor/certanchor/merkleproof"
	"github.com/certanchor/certanchor/verifier"
)

// A forgery is something false that somebody with a stated budget can really make, and
// hopes to see accepted. Everything else about it is as good as the budget allows: real
// signatures with the keys that were stolen, real blocks where the attacker mines.
type forgery struct {
	name string
	// budget is all that the attacker has besides what is public.
	budget  string
	forge   func(*forger) attempt
	verdict verifier.Verdict
	code    verifier.Code
}

// An attempt is what reaches the verifier. Zero members are the world's own.
type attempt struct {
	raw     []byte
	ev      *verifier.Evidence
	trust   *verifier.Trust
	at      time.Time
	request verifier.Request
}

// A forger has a world to attack: a board with four licences issued, one of them since
// revoked, and a second board that the same trust file names.
type forger struct {
	*world
	t       testing.TB
	revoked int // index of the revoked licence
	old     *verifier.Evidence
}

func newForger(t testing.TB) *forger {
	w := newWorld(t, licenceDraft("L-1"), licenceDraft("L-2"), licenceDraft("L-3"), licenceDraft("L-4"))
	f := &forger{world: w, t: t, revoked: 3, old: w.evidence()}
	id := decoded(t, w.creds[f.revoked])["id"].(string)
	w.must(w.issuer.Revoke(id, "issued in error"))
	lists, err := w.issuer.PublishLists(now.Add(-30 * time.Minute))
	w.must(err)
	w.lists = lists
	return f
}

// edit changes the first licence's file.
func (f *forger) edit(change func(object)) attempt {
	return attempt{raw: bent(f.t, f.creds[0], change)}
}

// paidBy anchors a document with somebody's own money.
func (f *forger) paidBy(name string, doc object) attempt {
	raw, ev := f.anchoredBy(doc, merkleproof.BitcoinRegtest, newSpend(f.t, seededPayer(name), anchor.ProfileBlockcerts, 1))
	return attempt{raw: raw, ev: ev}
}

// bySomebody is a licence in the board's name with a signature by another key.
func (f *forger) bySomebody(change func(object), method string) object {
	doc := f.draft()
	doc["credentialSubject"].(object)["number"] = "L-666"
	if change != nil {
		change(doc)
	}
	o := f.boardOptions()
	o.VerificationMethod = method
	sign(f.t, doc, seededSigner("mallory"), o, f.contexts())
	return doc
}

// twoBoards is the trust file of most forgeries.
func (f *forger) twoBoards(bend func(object)) *verifier.Trust {
	return withOtherBoard(f.t, f.trust(bend))
}

// presented is a presentation by the bearer of a licence of the board.
func (f *forger) presented(raw []byte, change func(object, *cryptosuite.Options)) attempt {
	p := presentation(f.t, f.world, newStranger(f.t, "bearer"), []any{decoded(f.t, raw)}, change)
	return attempt{raw: p, trust: withOtherBoard(f.t, f.optional(nil))}
}

const (
	file     = "holds the file"
	nothing  = "nothing but the public documents"
	withhold = "holds the file and chooses what evidence to hand over"
	mines    = "holds the file and mines regtest blocks"
	payment  = "can pay for a transaction"
	oldKey   = "holds the board's signing key, stolen, and can pay for a transaction"
	bothKeys = "holds both keys of the board, stolen, and mines regtest blocks"
	itself   = "is the board itself, with its keys"
	another  = "is another board that the trust file names, with its keys"
	web      = "controls the board's web server"
	bearer   = "holds a presentation made for somebody else"
)

var forgeries = []forgery{
	// the document
	{"claim-altered", file, func(f *forger) attempt {
		return f.edit(func(d object) { at(d, "credentialSubject").(object)["number"] = "L-2" })
	}, invalid, "signature"},
	{"claim-altered-proof-recomputed", payment, func(f *forger) attempt {
		doc := f.boardDoc(nil)
		at(doc, "credentialSubject").(object)["number"] = "L-2"
		return f.paidBy("mallory", doc)
	}, invalid, "signature"},
	{"second-member-of-one-name", file, func(f *forger) attempt {
		return attempt{raw: replaced(f.t, f.creds[0], `"number":"L-1"`, `"number":"L-666","number":"L-1"`)}
	}, invalid, "duplicate-key"},
	{"claim-under-a-word-nobody-defined", file, func(f *forger) attempt {
		return f.edit(func(d object) { at(d, "credentialSubject").(object)["mayOperate"] = true })
	}, invalid, "unmapped-term"},
	{"label-swap-by-inline-context", file, func(f *forger) attempt {
		return f.edit(func(d object) {
			d["@context"] = append(d["@context"].([]any), object{"holderName": "https://certanchor.github.io/ns/licensure/v1#number"})
			s := at(d, "credentialSubject").(object)
			s["holderName"] = s["number"]
			delete(s, "number")
		})
	}, invalid, "context-not-allowed"},
	{"words-switched-off-by-inline-context", file, func(f *forger) attempt {
		return f.edit(func(d object) { d["@context"] = append(d["@context"].([]any), object{"credentialStatus": nil}) })
	}, invalid, "context-not-allowed"},
	{"status-removed", file, func(f *forger) attempt {
		return attempt{raw: bent(f.t, f.creds[f.revoked], func(d object) { delete(d, "credentialStatus") })}
	}, invalid, "signature"},
	// A member named by its whole IRI makes the same statements, so the same hash; a
	// reader of members does not see it.
	{"status-renamed-to-its-iri", file, func(f *forger) attempt {
		return attempt{raw: bent(f.t, f.creds[f.revoked], func(d object) { rename(d, "credentialStatus", credentialsIRI, nil) })}
	}, invalid, "unmapped-term"},
	{"end-renamed-to-its-iri", file, func(f *forger) attempt {
		return attempt{at: now.Add(20_000 * time.Hour), trust: f.twoBoards(func(t object) { t["statusMaxAge"] = "99999h" }),
			raw: bent(f.t, f.creds[0], func(d object) {
				rename(d, "validUntil", credentialsIRI, func(v any) any {
					return object{"@type": "http://www.w3.org/2001/XMLSchema#dateTime", "@value": v}
				})
				rename(d, "credentialStatus", credentialsIRI, nil)
			})}
	}, invalid, "unmapped-term"},
	{"place-renamed-to-its-iri", itself, func(f *forger) attempt {
		a := f.paid(f.boardDoc(func(d object) { at(d, "credentialSubject").(object)["jurisdiction"] = "X08" }))
		a.raw = bent(f.t, a.raw, func(d object) {
			rename(at(d, "credentialSubject").(object), "jurisdiction", "https://certanchor.github.io/ns/licensure/v1#", nil)
		})
		return a
	}, invalid, "unmapped-term"},
	{"end-of-list-renamed-to-its-iri", withhold, func(f *forger) attempt {
		// The list has ended; the holder makes it endless. Its signature holds.
		list := f.signedList("revocation", func(d object) { d["validUntil"] = stampOf(now.Add(-time.Minute)) })
		list = bent(f.t, list, func(d object) {
			rename(d, "validUntil", credentialsIRI, func(v any) any {
				return object{"@type": "http://www.w3.org/2001/XMLSchema#dateTime", "@value": v}
			})
		})
		return attempt{raw: f.creds[0], ev: f.withList(list)}
	}, indeterminate, "status-list-signature"},

	// the proofs
	{"anchor-stripped", file, func(f *forger) attempt {
		return f.edit(func(d object) { d["proof"] = d["proof"].([]any)[:1] })
	}, indeterminate, "no-anchor"},
	{"signature-stripped", file, func(f *forger) attempt {
		return f.edit(func(d object) { d["proof"] = d["proof"].([]any)[1:] })
	}, invalid, "target-hash"},
	{"proofs-swapped", file, func(f *forger) attempt {
		return f.edit(func(d object) { p := d["proof"].([]any); p[0], p[1] = p[1], p[0] })
	}, invalid, "target-hash"},
	{"target-of-another-document", file, func(f *forger) attempt {
		return f.editProof(func(p *merkleproof.Proof) { p.Target = merkleproof.Sum([]byte("another")) })
	}, invalid, "target-hash"},
	{"root-as-leaf", file, func(f *forger) attempt {
		return f.editProof(func(p *merkleproof.Proof) { p.Target, p.Path = p.Root, nil })
	}, invalid, "target-hash"},
	{"inner-node-as-leaf", file, func(f *forger) attempt {
		return f.editProof(func(p *merkleproof.Proof) { p.Target, p.Path = p.Path[:1].Root(p.Target), p.Path[1:] })
	}, invalid, "target-hash"},
	{"path-of-another-document", file, func(f *forger) attempt {
		return f.edit(func(d object) { at(d, "proof", 1).(object)["proofValue"] = proofValue(f.t, f.creds[1], 1) })
	}, invalid, "target-hash"},
	{"signature-of-another-document", file, func(f *forger) attempt {
		return f.edit(func(d object) { at(d, "proof", 0).(object)["proofValue"] = proofValue(f.t, f.creds[1], 0) })
	}, invalid, "signature"},
	{"foreign-key-under-a-trusted-name", payment, func(f *forger) attempt {
		return f.paidBy("mallory", f.bySomebody(nil, worldID+"#signing-1"))
	}, invalid, "signature"},
	{"foreign-key-under-its-own-name", payment, func(f *forger) attempt {
		return f.paidBy("mallory", f.bySomebody(nil, newStranger(f.t, "mallory").method))
	}, invalid, "issuer-key"},
	{"foreign-key-added-to-the-profile", web, func(f *forger) attempt {
		// The profile now lists the attacker's key, with an old date; the trust file has
		// the profile pinned.
		a := f.paidBy("mallory", f.bySomebody(nil, worldID+"#signing-2"))
		profile := parsed(f.t, f.profile)
		profile["verificationMethod"] = append(profile["verificationMethod"].([]any), object{"id": worldID + "#signing-2", "controller": worldID,
			"type": "Multikey", "created": "2020-01-01T00:00:00Z", "publicKeyMultibase": strings.TrimPrefix(newStranger(f.t, "mallory").id, "did:key:")})
		a.ev.AddDocument(worldID, verifier.Document{At: now, Bytes: encoded(f.t, profile)})
		return a
	}, invalid, "issuer-key"},
	{"key-of-another-board", another, func(f *forger) attempt {
		doc := f.draft()
		o := f.boardOptions()
		o.VerificationMethod = otherBoardID + "#signing-1"
		sign(f.t, doc, seededSigner("other board"), o, f.contexts())
		return f.paidBy("other board", doc)
	}, invalid, "issuer-key"},
	{"key-used-after-it-ended", oldKey, func(f *forger) attempt {
		a := f.paid(f.boardDoc(nil))
		a.trust = f.twoBoards(keyBounds(object{"until": stampOf(now.Add(-30 * time.Hour))}))
		return a
	}, invalid, "key-outside-window"},
	{"key-used-after-it-was-stolen", oldKey, func(f *forger) attempt {
		a := f.paid(f.boardDoc(nil))
		a.trust = f.twoBoards(keyBounds(object{"invalidSince": stampOf(now.Add(-30 * time.Hour))}))
		return a
	}, invalid, "key-revoked"},
	{"signature-backdated", oldKey, func(f *forger) attempt {
		doc := f.draft()
		o := f.boardOptions()
		o.Created = now.Add(-45 * time.Hour) // while the key counted
		sign(f.t, doc, f.signer(), o, f.contexts())
		a := f.paid(doc)
		a.trust = f.twoBoards(keyBounds(object{"until": stampOf(now.Add(-30 * time.Hour))}))
		return a
	}, invalid, "key-outside-window"},
	{"block-backdated", bothKeys, func(f *forger) attempt {
		// The block states the earliest time that its median allows, before the theft; the
		// blocks above it cannot but tell the truth.
		doc := f.boardDoc(nil)
		leaf := leafOf(f.t, doc, f.contexts())
		s := newSpend(f.t, f.payer(), anchor.ProfileBlockcerts, 1)
		s.commit(leaf)
		raw, ev := f.proven(doc, leaf, leaf, nil, merkleproof.BitcoinRegtest, s)
		b := f.branch()
		tx := b.mine(now.Add(-40*time.Hour), encodeTx(f.t, s.tx))
		tx.PrevTxs = s.previous()
		b.grow(12, now.Add(-2*time.Hour))
		ev.AddTransaction(txidOf(f.t, encodeTx(f.t, s.tx)), tx)
		ev.Headers = map[anchor.Network][]anchor.HeaderRun{anchor.Regtest: {b.run()}}
		return attempt{raw: raw, ev: ev, trust: f.twoBoards(keyBounds(object{"invalidSince": stampOf(now.Add(-10 * time.Hour))}))}
	}, indeterminate, "key-time-boundary"},
	{"bare-signature-of-a-stolen-key", oldKey, func(f *forger) attempt {
		return attempt{raw: f.signed(nil), trust: f.optional(keyBounds(object{"invalidSince": stampOf(now.Add(-time.Hour))}))}
	}, invalid, "key-revoked"},
	{"proof-for-another-purpose", bearer, func(f *forger) attempt {
		// The board once signed in to some service with this document.
		doc := f.draft()
		o := f.boardOptions()
		o.Purpose = did.Authentication
		sign(f.t, doc, f.signer(), o, f.contexts())
		return f.paid(doc)
	}, invalid, "proof-purpose"},
	{"proof-has-ended", file, func(f *forger) attempt {
		// The board signed for a week, by the proof's own word.
		doc := f.draft()
		block := object{"type": "DataIntegrityProof", "cryptosuite": "eddsa-rdfc-2022", "created": stampOf(now.Add(-300 * time.Hour)),
			"expires": stampOf(now.Add(-100 * time.Hour)), "verificationMethod": worldID + "#signing-1", "proofPurpose": "assertionMethod"}
		return attempt{raw: f.signedWith(doc, block), trust: f.optional(keyBounds(object{"from": stampOf(now.Add(-400 * time.Hour))}))}
	}, notInForce, "expired"},

	// the transaction
	{"anchor-paid-by-somebody", payment, func(f *forger) attempt {
		return f.paidBy("mallory", f.boardDoc(nil))
	}, invalid, "issuing-address"},
	{"anchor-paid-by-another-board", another, func(f *forger) attempt {
		return f.paidBy("other board", f.boardDoc(nil))
	}, invalid, "issuing-address"},
	{"spend-without-signature", mines, func(f *forger) attempt {
		return f.spent(func(s *spend) { s.after = func(tx *wire.MsgTx) { tx.TxIn[0].SignatureScript = nil } })
	}, invalid, "issuing-signature"},
	{"foreign-witness", mines, func(f *forger) attempt {
		s := newSpend(f.t, f.payer(), anchor.ProfileSegwit, 1)
		s.after = func(tx *wire.MsgTx) {
			// The attacker signs and puts the board's public key beside it: the
			// transaction's id does not change.
			s.sign(f.payer(), txscript.SigHashAll)
			board := tx.TxIn[0].Witness[1]
			tx.TxIn[0].Witness = wire.TxWitness{foreignSignature(f.t, s), board}
		}
		raw, ev := f.anchoredBy(f.boardDoc(nil), merkleproof.BitcoinRegtest, s)
		return attempt{raw: raw, ev: ev}
	}, invalid, "issuing-signature"},
	{"sighash-none", "holds a transaction that the board signed for something else, all outputs open, and mines", func(f *forger) attempt {
		return f.spent(func(s *spend) { s.hashType = txscript.SigHashNone })
	}, invalid, "sighash"},
	{"sighash-single", "holds a transaction that the board signed for one output, and mines", func(f *forger) attempt {
		return f.spent(func(s *spend) { s.hashType = txscript.SigHashSingle })
	}, invalid, "sighash"},
	{"sighash-anyone-can-pay", "holds an input that the board signed as a gift, and mines", func(f *forger) attempt {
		return f.spent(func(s *spend) { s.hashType = txscript.SigHashAll | txscript.SigHashAnyOneCanPay })
	}, invalid, "sighash"},
	{"previous-transaction-invented", mines, func(f *forger) attempt {
		// The input names a real output of the board; the attacker shows another
		// transaction under that name, which pays to the attacker's key.
		a := f.spent(func(s *spend) {
			s.after = func(*wire.MsgTx) {
				s.prev[0].TxOut[0].PkScript = payTo(f.t, seededPayer("mallory"), anchor.ProfileBlockcerts)
				s.sign(seededPayer("mallory"), txscript.SigHashAll)
			}
		})
		return a
	}, invalid, "previous-transaction"},
	{"output-that-anyone-can-spend", mines, func(f *forger) attempt {
		return f.spent(func(s *spend) {
			s.prev[0].TxOut[0].PkScript = []byte{txscript.OP_TRUE}
			s.tx.TxIn[0].PreviousOutPoint.Hash = s.prev[0].TxHash()
		})
	}, indeterminate, "issuing-script"},
	{"two-op-returns", mines, func(f *forger) attempt {
		return f.spent(func(s *spend) {
			s.before = func(tx *wire.MsgTx) { tx.AddTxOut(&wire.TxOut{PkScript: opReturn(merkleproof.Hash{7})}) }
		})
	}, invalid, "anchor-script"},
	{"evidence-of-another-batch", withhold, func(f *forger) attempt {
		// A true transaction of the board, named by a proof that leads elsewhere.
		doc := f.boardDoc(nil)
		leaf := leafOf(f.t, doc, f.contexts())
		addMerkle(f.t, doc, worldID+"#anchor-1", merkleproof.Proof{Root: leaf, Target: leaf,
			Anchor: merkleproof.Anchor{Chain: merkleproof.BitcoinRegtest, TxID: f.txid.String()}}, signedAt)
		return attempt{raw: encoded(f.t, doc)}
	}, invalid, "root-not-in-transaction"},
	{"transaction-under-another-name", withhold, func(f *forger) attempt {
		a := f.paid(f.boardDoc(nil))
		a.raw = f.creds[0]
		for id, tx := range a.ev.Transactions {
			if id != f.txid.String() {
				a.ev.Transactions[f.txid.String()] = tx
			}
		}
		return a
	}, invalid, "transaction-id"},

	// the chain
	{"mock-licence-anchored-by-somebody", "holds a licence that the board made to try things out, and can pay for a transaction", func(f *forger) attempt {
		b, err := f.issuer.Seal(f.t.Context(), "", drafts(licenceDraft("L-mock")))
		f.must(err)
		var got [][]byte
		f.must(b.Finish(outputs{&got}))
		doc := decoded(f.t, got[0])
		doc["proof"] = doc["proof"].([]any)[:1]
		return f.paidBy("mallory", doc)
	}, invalid, "issuing-address"},
	{"regtest-under-a-mainnet-label", mines, func(f *forger) attempt {
		raw, ev := f.anchoredBy(f.boardDoc(nil), merkleproof.BitcoinMainnet, newSpend(f.t, f.payer(), anchor.ProfileBlockcerts, 1))
		return attempt{raw: raw, ev: ev, trust: f.twoBoards(func(t object) { t["networks"] = []any{"mainnet", "regtest"} })}
	}, invalid, "network-mismatch"},
	{"regtest-called-mainnet-throughout", mines, func(f *forger) attempt {
		raw, ev := f.anchoredBy(f.boardDoc(nil), merkleproof.BitcoinMainnet, newSpend(f.t, f.payer(), anchor.ProfileBlockcerts, 1))
		for _, tx := range ev.Transactions {
			tx.Meta.Network = anchor.Mainnet
		}
		ev.Headers = map[anchor.Network][]anchor.HeaderRun{anchor.Mainnet: ev.Headers[anchor.Regtest]}
		return attempt{raw: raw, ev: ev, trust: f.twoBoards(func(t object) { t["networks"] = []any{"mainnet", "regtest"} })}
	}, invalid, "header-bits"},
	{"regtest-where-nobody-asked", mines, func(f *forger) attempt {
		return attempt{raw: f.creds[0], trust: f.twoBoards(func(t object) { t["networks"] = []any{"mainnet"} })}
	}, indeterminate, "network-not-accepted"},
	{"headers-withheld", withhold, func(f *forger) attempt {
		ev := f.evidence()
		ev.Headers = nil
		return attempt{raw: f.creds[0], ev: ev}
	}, indeterminate, "no-headers"},
	{"backward-link-only", withhold, func(f *forger) attempt {
		// Headers that end with the anchor: they show what it follows, not what follows.
		ev := f.evidence()
		setRun(ev, func(r *anchor.HeaderRun) { r.Headers = r.Headers[:len(r.Headers)-12*anchor.HeaderSize] })
		return attempt{raw: f.creds[0], ev: ev}
	}, indeterminate, "confirmations"},
	{"fork-below-a-better-chain", mines, func(f *forger) attempt {
		a := f.paid(f.boardDoc(nil))
		b := f.branch()
		b.grow(20, now.Add(-16*time.Hour)) // what everybody else mined
		a.ev.AddHeaders(anchor.Regtest, b.run())
		return a
	}, indeterminate, "not-in-best-chain"},

	// status
	{"revocation-withheld", withhold, func(f *forger) attempt {
		ev := f.evidence()
		delete(ev.Documents, revocationURL)
		return attempt{raw: f.creds[f.revoked], ev: ev}
	}, indeterminate, "revocation-unknown"},
	{"un-revoked-by-an-old-list", withhold, func(f *forger) attempt {
		return attempt{raw: f.creds[f.revoked], ev: f.old, trust: f.twoBoards(floor(2))}
	}, indeterminate, "snapshot-rollback"},
	{"un-revoked-by-an-old-list-beside-the-new", withhold, func(f *forger) attempt {
		ev := f.evidence()
		ev.Merge(f.old)
		return attempt{raw: f.creds[f.revoked], ev: ev}
	}, notInForce, "revoked"},
	{"un-revoked-by-a-list-of-another-board", another, func(f *forger) attempt {
		doc := f.listOf("revocation")
		doc["issuer"] = otherBoardID
		at(doc, "credentialSubject").(object)["encodedList"] = bits(1, nil)
		return attempt{raw: f.creds[f.revoked], ev: f.withList(f.signList(doc, seededSigner("other board"), otherBoardID+"#signing-1"))}
	}, indeterminate, "status-list-issuer"},
	{"un-revoked-by-another-board-in-the-board's-name", another, func(f *forger) attempt {
		doc := f.listOf("revocation")
		at(doc, "credentialSubject").(object)["encodedList"] = bits(1, nil)
		return attempt{raw: f.creds[f.revoked], ev: f.withList(f.signList(doc, seededSigner("other board"), otherBoardID+"#signing-1"))}
	}, indeterminate, "status-list-signature"},
	{"un-revoked-by-an-edited-list", withhold, func(f *forger) attempt {
		list := f.lists[len(f.lists)-1].Bytes
		for _, l := range f.lists {
			if strings.Contains(l.URL, "revocation") {
				list = l.Bytes
			}
		}
		return attempt{raw: f.creds[f.revoked], ev: f.withList(bent(f.t, list, func(d object) {
			at(d, "credentialSubject").(object)["encodedList"] = bits(1, nil)
		}))}
	}, indeterminate, "status-list-signature"},
	{"un-revoked-by-a-list-of-another-purpose", "holds a signed list of the board that was published under a wrong name", func(f *forger) attempt {
		return attempt{raw: f.creds[f.revoked], ev: f.withList(f.signedList("revocation", func(d object) {
			s := at(d, "credentialSubject").(object)
			s["statusPurpose"], s["encodedList"] = "suspension", bits(1, nil)
		}))}
	}, indeterminate, "status-list-purpose"},
	{"un-revoked-by-the-list-of-other-licences", withhold, func(f *forger) attempt {
		ev := f.evidence()
		ev.Documents[revocationURL] = []verifier.Document{{At: now, Bytes: f.signedList("revocation", func(d object) {
			d["id"] = "https://board.example/status/licence-2025-revocation.json"
			at(d, "credentialSubject").(object)["encodedList"] = bits(1, nil)
		})}}
		return attempt{raw: f.creds[f.revoked], ev: ev}
	}, indeterminate, "status-list-id"},
	{"un-revoked-by-a-list-of-tomorrow", "holds a list that the board dated wrongly", func(f *forger) attempt {
		return attempt{raw: f.creds[0], ev: f.withList(f.signedList("revocation", func(d object) { d["validFrom"] = stampOf(now.Add(24 * time.Hour)) }))}
	}, indeterminate, "status-not-yet"},

	// who may what
	{"licence-by-nobody", nothing, func(f *forger) attempt {
		doc := f.draft()
		s := newStranger(f.t, "mallory")
		// A zero-width space and a turned direction in the name, a Cyrillic letter in the
		// host: to the eye it is the board.
		doc["issuer"] = object{"id": "https://bo\u0430rd.example/issuer.json", "name": "Medical Board of\u200b Alderfen \u202e(70X)"}
		sign(f.t, doc, s.key, cryptosuite.Options{VerificationMethod: s.method, Created: signedAt}, f.contexts())
		return f.paidBy("mallory", doc)
	}, indeterminate, "issuer-unknown"},
	{"licence-outside-its-place", itself, func(f *forger) attempt {
		return f.paid(f.boardDoc(func(d object) { at(d, "credentialSubject").(object)["jurisdiction"] = "X08" }))
	}, invalid, "place-not-authorised"},
	{"licence-outside-its-place-in-a-list", itself, func(f *forger) attempt {
		return f.paid(f.boardDoc(func(d object) { at(d, "credentialSubject").(object)["jurisdiction"] = []any{"X07", "X08"} }))
	}, invalid, "place-not-authorised"},
	{"licence-outside-its-place-as-value", itself, func(f *forger) attempt {
		return f.paid(f.boardDoc(func(d object) {
			at(d, "credentialSubject").(object)["jurisdiction"] = object{"@value": "X08", "@language": "en"}
		}))
	}, invalid, "place-not-authorised"},
	{"licence-by-a-board-for-certificates", another, func(f *forger) attempt {
		doc := f.draft()
		doc["issuer"] = object{"id": otherBoardID, "name": "Board of Alderfen"}
		at(doc, "credentialSubject").(object)["jurisdiction"] = "X08"
		delete(doc, "credentialStatus")
		o := f.boardOptions()
		o.VerificationMethod = otherBoardID + "#signing-1"
		sign(f.t, doc, seededSigner("other board"), o, f.contexts())
		return f.paidBy("other board", doc)
	}, invalid, "type-not-authorised"},
	{"certificate-that-is-also-a-licence", another, func(f *forger) attempt {
		doc := f.draft()
		doc["issuer"], doc["type"] = otherBoardID, []any{"VerifiableCredential", "CertificateCredential", "LicenceCredential"}
		at(doc, "credentialSubject").(object)["jurisdiction"] = "X08"
		delete(doc, "credentialStatus")
		o := f.boardOptions()
		o.VerificationMethod = otherBoardID + "#signing-1"
		sign(f.t, doc, seededSigner("other board"), o, f.contexts())
		return f.paidBy("other board", doc)
	}, invalid, "type-not-authorised"},
	// A presentation is judged by its holder's key alone. Dressed as one, a licence would
	// need nobody's trust.
	{"licence-dressed-as-a-presentation", nothing, func(f *forger) attempt {
		doc := f.draft()
		s := newStranger(f.t, "mallory")
		doc["type"], doc["holder"] = []any{"VerifiableCredential", "VerifiablePresentation", "LicenceCredential"}, s.id
		delete(doc, "credentialStatus")
		sign(f.t, doc, s.key, cryptosuite.Options{VerificationMethod: s.method, Created: signedAt}, f.contexts())
		return attempt{raw: encoded(f.t, doc), trust: f.optional(nil)}
	}, invalid, "malformed-member"},
	{"type-not-allowed-dressed-as-a-presentation", another, func(f *forger) attempt {
		doc := f.draft()
		doc["type"], doc["holder"] = []any{"VerifiableCredential", "VerifiablePresentation", "LicenceCredential"}, otherBoardID
		delete(doc, "credentialStatus")
		o := f.boardOptions()
		o.VerificationMethod = otherBoardID + "#signing-1"
		sign(f.t, doc, seededSigner("other board"), o, f.contexts())
		return attempt{raw: encoded(f.t, doc), trust: withOtherBoard(f.t, f.optional(nil))}
	}, invalid, "malformed-member"},

	// presentations
	{"presentation-replayed-to-another-audience", bearer, func(f *forger) attempt {
		a := f.presented(f.creds[0], nil)
		a.raw = f.presentedFor("https://hospital-a.example", "n-0S6_WzA2Mj")
		a.request = verifier.Request{Domains: []string{"https://hospital-b.example"}}
		return a
	}, invalid, "domain"},
	{"presentation-replayed-later", bearer, func(f *forger) attempt {
		a := f.presented(f.creds[0], nil)
		a.raw = f.presentedFor("https://hospital-a.example", "n-0S6_WzA2Mj")
		a.request = verifier.Request{Domains: []string{"https://hospital-a.example"}, Challenge: "another challenge"}
		return a
	}, invalid, "challenge"},
	{"presentation-readdressed", bearer, func(f *forger) attempt {
		a := f.presented(f.creds[0], nil)
		a.raw = bent(f.t, f.presentedFor("https://hospital-a.example", "n-0S6_WzA2Mj"), func(d object) {
			at(d, "proof", 0).(object)["domain"] = "https://hospital-b.example"
		})
		a.request = verifier.Request{Domains: []string{"https://hospital-b.example"}, Challenge: "n-0S6_WzA2Mj"}
		return a
	}, invalid, "signature"},
	{"audience-that-nobody-signed", "holds a credential and edits the options of its Merkle proof", func(f *forger) attempt {
		doc := f.draft()
		leaf := leafOf(f.t, doc, f.contexts())
		s := newSpend(f.t, f.payer(), anchor.ProfileBlockcerts, 1)
		s.commit(leaf)
		raw, ev := f.proven(doc, leaf, leaf, nil, merkleproof.BitcoinRegtest, s)
		raw = bent(f.t, raw, func(d object) {
			p := at(d, "proof", 0).(object)
			p["domain"], p["challenge"] = "https://hospital-b.example", "c"
		})
		return attempt{raw: raw, ev: ev, request: verifier.Request{Domains: []string{"https://hospital-b.example"}, Challenge: "c"}}
	}, indeterminate, "options-not-signed"},
	{"holder-swapped", bearer, func(f *forger) attempt {
		a := f.presented(f.creds[0], nil)
		a.raw = bent(f.t, a.raw, func(d object) { d["holder"] = newStranger(f.t, "mallory").id })
		return a
	}, invalid, "issuer-key"},
	{"presentation-of-a-licence-of-somebody-else", file, func(f *forger) attempt {
		a := f.presented(f.creds[0], nil)
		a.request = verifier.Request{Bound: true}
		return a
	}, invalid, "not-the-holder"},
	{"presentation-of-a-revoked-licence", bearer, func(f *forger) attempt {
		return f.presented(f.creds[f.revoked], nil)
	}, notInForce, "revoked"},
	{"presentation-with-a-licence-exchanged", bearer, func(f *forger) attempt {
		a := f.presented(f.creds[0], nil)
		a.raw = bent(f.t, a.raw, func(d object) { d["verifiableCredential"] = []any{decoded(f.t, f.creds[1])} })
		return a
	}, invalid, "signature"},
	{"presentation-of-a-forged-licence", nothing, func(f *forger) attempt {
		return f.presented(encoded(f.t, f.bySomebody(nil, worldID+"#signing-1")), nil)
	}, invalid, "signature"},
}

const credentialsIRI = "https://www.w3.org/2018/credentials#"

// rename calls a member by its IRI instead of by its term.
func rename(d object, member, namespace string, change func(any) any) {
	v := d[member]
	delete(d, member)
	if change != nil {
		v = change(v)
	}
	d[namespace+member] = v
}

// paid anchors a document with the board's own money.
func (f *forger) paid(doc object) attempt {
	raw, ev := f.anchoredBy(doc, merkleproof.BitcoinRegtest, newSpend(f.t, f.payer(), anchor.ProfileBlockcerts, 1))
	return attempt{raw: raw, ev: ev}
}

// spent anchors a document of the board with a bent spend of the board's output.
func (f *forger) spent(bend func(*spend)) attempt {
	s := newSpend(f.t, f.payer(), anchor.ProfileBlockcerts, 2)
	bend(s)
	raw, ev := f.anchoredBy(f.boardDoc(nil), merkleproof.BitcoinRegtest, s)
	return attempt{raw: raw, ev: ev}
}

func foreignSignature(t testing.TB, s *spend) []byte {
	foreign := *s
	foreign.tx = s.tx.Copy()
	key := seededPayer("mallory")
	fetcher := txscript.NewMultiPrevOutFetcher(nil)
	fetcher.AddPrevOut(foreign.tx.TxIn[0].PreviousOutPoint, s.prev[0].TxOut[0])
	sig, err := txscript.RawTxInWitnessSignature(foreign.tx, txscript.NewTxSigHashes(foreign.tx, fetcher), 0,
		s.prev[0].TxOut[0].Value, s.prev[0].TxOut[0].PkScript, txscript.SigHashAll, key)
	if err != nil {
		t.Fatal(err)
	}
	return sig
}

// editProof changes the decoded Merkle proof of the first licence.
func (f *forger) editProof(change func(*merkleproof.Proof)) attempt {
	return f.edit(func(d object) {
		block := at(d, "proof", 1).(object)
		p, err := merkleproof.Decode2019(block["proofValue"].(string))
		f.must(err)
		change(p)
		block["proofValue"], err = p.Encode2019()
		f.must(err)
	})
}

// presentedFor is a presentation whose bearer signed an audience and a challenge.
func (f *forger) presentedFor(domain, challenge string) []byte {
	s := newStranger(f.t, "bearer")
	doc := object{"@context": []any{credential.ContextVC2}, "type": []any{"VerifiablePresentation"}, "holder": s.id,
		"verifiableCredential": []any{decoded(f.t, f.creds[0])}}
	block := object{"type": "DataIntegrityProof", "cryptosuite": "eddsa-rdfc-2022", "created": stampOf(now.Add(-time.Minute)),
		"verificationMethod": s.method, "proofPurpose": "authentication", "domain": domain, "challenge": challenge}
	return signedBlock(f.t, f.world, doc, block, s.key)
}

func (f *forger) signedWith(doc, block object) []byte {
	return signedBlock(f.t, f.world, doc, block, f.signer())
}

// TestForgeries judges every forgery, and tries each with the moment and the trust file
// that would suit it best. Not one may be valid.
func TestForgeries(t *testing.T) {
	t.Parallel()
	f := newForger(t)
	wantReport(t, verifier.Check(f.creds[0], f.evidence(), f.twoBoards(nil), now), valid, "")
	wantReport(t, verifier.Check(f.creds[f.revoked], f.evidence(), f.twoBoards(nil), now), notInForce, "revoked")
	names := map[string]bool{}
	for _, x := range forgeries {
		if x.budget == "" || names[x.name] {
			t.Errorf("%s: without a budget, or twice", x.name)
		}
		names[x.name] = true
		t.Run(x.name, func(t *testing.T) {
			f := *f
			f.t = t
			a := x.forge(&f)
			if a.ev == nil {
				a.ev = f.evidence()
			}
			if a.trust == nil {
				a.trust = f.twoBoards(nil)
			}
			if a.at.IsZero() {
				a.at = now
			}
			r := verifier.CheckFor(a.request, a.raw, a.ev, a.trust, a.at)
			wantReport(t, r, x.verdict, x.code)
			if r.Verdict == verifier.Valid {
				t.Errorf("FORGED, by somebody whose budget is: %s", x.budget)
			}
		})
	}
	if len(forgeries) < 25 {
		t.Errorf("%d forgeries", len(forgeries))
	}
}

// TestGoodPresentation makes sure that the forged presentations fail for their fault.
func TestGoodPresentation(t *testing.T) {
	f := newForger(t)
	q := verifier.Request{Domains: []string{"https://hospital-a.example"}, Challenge: "n-0S6_WzA2Mj"}
	raw := f.presentedFor(q.Domains[0], q.Challenge)
	r := verifier.CheckFor(q, raw, f.evidence(), f.optional(nil), now)
	wantReport(t, r, valid, "")
	// Who presents is not who is meant: told, not judged.
	if len(r.Warnings) == 0 || r.Warnings[0].Code != verifier.WarnHolder {
		t.Errorf("no word of the bearer: %v", r.Warnings)
	}
}

// TestPresentationOfAnchored: a verifier that asks for anchors asks it of what the issuer
// made. A presentation is made for the moment and has none.
func TestPresentationOfAnchored(t *testing.T) {
	f := newForger(t)
	raw := presentation(t, f.world, newStranger(t, "bearer"), []any{decoded(t, f.creds[0])}, nil)
	wantReport(t, verifier.Check(raw, f.evidence(), f.twoBoards(nil), now), valid, "")
	unsigned := bent(t, raw, func(d object) { delete(d, "proof") })
	if r := verifier.Check(unsigned, f.evidence(), f.twoBoards(nil), now); r.Verdict == verifier.Valid {
		t.Error("a presentation that nobody signed is valid")
	}
	stripped := decoded(t, f.creds[0])
	stripped["proof"] = stripped["proof"].([]any)[:1]
	raw = presentation(t, f.world, newStranger(t, "bearer"), []any{stripped}, nil)
	wantReport(t, verifier.Check(raw, f.evidence(), f.twoBoards(nil), now), indeterminate, "no-anchor")
}

// TestNamesShown: the report names the issuer as the trust file does, whatever the
// document says.
func TestNamesShown(t *testing.T) {
	t.Parallel()
	w := newWorld(t, licenceDraft("L-1"))
	raw := w.signed(func(d object) {
		at(d, "issuer").(object)["name"] = "Medical Board of\u200b Brackwater \u202e(80X)"
	})
	r := verifier.Check(raw, w.evidence(), w.optional(nil), now)
	wantReport(t, r, valid, "")
	if r.Issuer.Label != "Medical Board of Alderfen (X07)" {
		t.Errorf("label %q", r.Issuer.Label)
	}
	f := newForger(t)
	for _, x := range forgeries {
		if x.name != "licence-by-nobody" {
			continue
		}
		a := x.forge(f)
		r := verifier.Check(a.raw, a.ev, f.twoBoards(nil), now)
		if r.Issuer.Label != "" {
			t.Errorf("a stranger is shown as %q", r.Issuer.Label)
		}
		b, err := json.Marshal(r.Steps)
		w.must(err)
		if bytes.Contains(b, []byte("Medical Board of")) {
			t.Errorf("a step repeats the name that the stranger gave itself: %s", b)
		}
	}
}

// TestEmptyPresentation: a presentation that carries nothing says nothing, whoever signs.
func TestEmptyPresentation(t *testing.T) {
	w := newWorld(t, licenceDraft("L-1"))
	s := newStranger(t, "mallory")
	nobody := w.optional(func(f object) { f["issuers"] = []any{} })
	for name, change := range map[string]func(object, *cryptosuite.Options){
		"bare": func(d object, _ *cryptosuite.Options) { delete(d, "verifiableCredential") },
		"with-claims-of-its-own": func(d object, _ *cryptosuite.Options) {
			delete(d, "verifiableCredential")
			d["@context"] = append(d["@context"].([]any), w.issuer.ContextURL())
			d["type"] = []any{"VerifiablePresentation", "LicenceCredential"}
			d["number"], d["jurisdiction"] = "L-666", "X07"
		},
	} {
		raw := presentation(t, w, s, nil, change)
		if r := verifier.Check(raw, nil, nobody, now); r.Verdict == verifier.Valid {
			t.Errorf("%s: valid by nobody's word, with types %v and claims %v", name, r.Types, r.Claims)
		}
	}
}

// TestOldExpiryRenamed: contexts of Blockcerts 2 have prefixes, and the one of 2.0-alpha a
// second term, for the IRI of the end. Under any of them the hash is the same.
func TestOldExpiryRenamed(t *testing.T) {
	t.Parallel()
	const blockcerts2, alpha = "https://w3id.org/blockcerts/v2", "https://w3id.org/blockcerts/schema/2.0-alpha/context.json"
	for _, c := range []struct{ context, name string }{
		{blockcerts2, "sec:expiration"},
		{blockcerts2, "https://w3id.org/security#expiration"},
		{alpha, "sec:expiration"},
		{alpha, "revoked"},
	} {
		w := newWorld(t, licenceDraft("L-1"))
		raw, ev := w.oldCertificate(c.context, "2026-06-30T00:00:00Z")
		trust := w.trust(func(f object) { firstIssuer(f)["types"] = []any{"Assertion"} })
		wantReport(t, verifier.Check(raw, ev, trust, now.Add(-48*time.Hour)), valid, "")
		wantReport(t, verifier.Check(raw, ev, trust, now), notInForce, "expired")
		renamed := bent(t, raw, func(d object) {
			v := d["expires"]
			if c.name != "revoked" {
				v = object{"@type": "http://www.w3.org/2001/XMLSchema#dateTime", "@value": v}
			}
			delete(d, "expires")
			d[c.name] = v
		})
		if r := verifier.Check(renamed, ev, trust, now); r.Verdict == verifier.Valid {
			t.Errorf("%s: an end called %q is no end", c.context, c.name)
		}
	}
}

// oldCertificate is a Blockcerts 2 certificate of the board, in an anchor of its own.
func (w *world) oldCertificate(context, expires string) ([]byte, *verifier.Evidence) {
	doc := object{
		"@context": []any{"https://w3id.org/openbadges/v2", context},
		"type":     "Assertion", "id": "urn:uuid:bbba8553-8ec1-445f-82c9-a57251dd731c",
		"badge": object{"type": "BadgeClass", "id": "urn:uuid:82a4c9f2-3588-457b-80ea-da695571b8fc", "name": "Diploma",
			"issuer": object{"type": "Profile", "id": worldID, "name": "Board"}},
		"recipient":    object{"type": "email", "identity": "mallory@example.org", "hashed": false},
		"verification": object{"type": []any{"MerkleProofVerification2017", "Extension"}, "publicKey": "ecdsa-koblitz-pubkey:" + w.key.Address},
		"issuedOn":     "2026-05-01T00:00:00Z", "expires": expires,
	}
	leaf := leafOf(w.t, doc, w.contexts())
	s := newSpend(w.t, w.payer(), anchor.ProfileBlockcerts, 1)
	s.commit(leaf)
	tx := encodeTx(w.t, s.tx)
	id := txidOf(w.t, tx)
	doc["signature"] = object{"type": []any{"MerkleProof2017", "Extension"}, "merkleRoot": leaf.String(), "targetHash": leaf.String(),
		"proof": []any{}, "anchors": []any{object{"sourceId": id.String(), "type": "BTCOpReturn", "chain": "bitcoinRegtest"}}}
	b := w.branch()
	e := b.mine(now.Add(-17*time.Hour), tx)
	e.PrevTxs = s.previous()
	b.grow(12, now.Add(-16*time.Hour))
	ev := w.evidence()
	ev.AddTransaction(id, e)
	ev.Headers = map[anchor.Network][]anchor.HeaderRun{anchor.Regtest: {b.run()}}
	return encoded(w.t, doc), ev
}

// TestListWork: whoever hands over the evidence can write one list in many ways, and one
// credential in a presentation many times. Each list is read once.
func TestListWork(t *testing.T) {
	w := newWorld(t, licenceDraft("L-1"))
	ev := w.evidence()
	for url, docs := range ev.Documents {
		for i := range 63 {
			ev.AddDocument(url, verifier.Document{At: now, Bytes: append(bytes.Clone(docs[0].Bytes), bytes.Repeat([]byte{' '}, i+1)...)})
		}
	}
	// Allocations count the work as time would, and are the same on a busy machine.
	cost := func(n int, ev *verifier.Evidence) float64 {
		var inner []any
		for range n {
			inner = append(inner, decoded(t, w.creds[0]))
		}
		raw, trust := presentation(t, w, newStranger(t, "bearer"), inner, nil), w.optional(nil)
		wantReport(t, verifier.Check(raw, ev, trust, now), valid, "")
		return testing.AllocsPerRun(1, func() { verifier.Check(raw, ev, trust, now) })
	}
	none, one, ten := cost(10, w.evidence()), cost(1, ev), cost(10, ev)
	t.Logf("allocations: ten credentials %v, one with 128 copies of lists %v, ten with 128 copies %v", none, one, ten)
	if ten > none+2*one { // all the work again would be ten times
		t.Error("that is the product, not the sum")
	}
}

// TestPresentationWork: each credential inside has the budget of work of a document. A
// presentation of poison graphs with several proofs each must not cost the sum of all.
func TestPresentationWork(t *testing.T) {
	w := newWorld(t, licenceDraft("L-1"))
	doc := w.draft()
	poison(doc, 9)
	var proofs []any
	for range 7 {
		proofs = append(proofs, at(decoded(t, w.creds[0]), "proof", 0))
	}
	doc["proof"] = proofs
	var inner []any
	for range 4 {
		inner = append(inner, doc)
	}
	raw := encoded(t, object{"@context": []any{credential.ContextVC2}, "type": []any{"VerifiablePresentation"}, "verifiableCredential": inner})
	begin := time.Now()
	r := verifier.Check(raw, nil, w.optional(nil), now)
	if took := time.Since(begin); took > 700*time.Millisecond {
		t.Errorf("%d bytes cost %v of work (%s)", len(raw), took, r.Verdict)
	}
	if r.Verdict == verifier.Valid {
		t.Error("valid")
	}
}
