package licensure_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/certanchor/certanchor/cryptosuite"
	"github.com/certanchor/certanchor/did"
	"github.com/certanchor/certanchor/internal/synth"
	"github.com/certanchor/certanchor/licensure"
	"github.com/certanchor/certanchor/verifier"
)

// testKey is a key made of a name: these tests need many and no secret.
func testKey(name string) ed25519.PrivateKey {
	seed := sha256.Sum256([]byte(name))
	return ed25519.NewKeyFromSeed(seed[:])
}

func multikey(t testing.TB, k ed25519.PrivateKey) string {
	t.Helper()
	s, err := did.Multikey(k.Public())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func boardID(id string) string {
	return "https://" + strings.ToLower(id) + ".board.example/issuer.json"
}

// boardTypes are what a state board may issue; letters only where it may be principal.
func boardTypes(principal bool) []licensure.TrustType {
	types := []string{licensure.TypeLicence, licensure.TypeBoardOrder, licensure.TypeDelegation}
	if principal {
		types = append(types, licensure.TypeLetterOfQualification)
	}
	var out []licensure.TrustType
	for _, t := range types {
		out = append(out, licensure.TrustType{Type: t, Capacity: licensure.PrimarySource})
	}
	return out
}

// nationalTrust is the list of the made-up world: 70 boards in 56 places.
func nationalTrust(t testing.TB) (*licensure.TrustList, *synth.World) {
	t.Helper()
	w := synth.New(1)
	principal := map[string]bool{}
	for _, j := range w.Jurisdictions() {
		principal[j.Code] = j.Principal
	}
	from := instant("2020-01-01T00:00:00Z")
	l := &licensure.TrustList{Version: 1, Name: "Federation of Made-up Boards"}
	for _, b := range w.Boards() {
		id := boardID(b.ID)
		l.Entries = append(l.Entries, licensure.TrustEntry{ID: id, Label: b.Name, Jurisdictions: []string{b.Jurisdiction}, Types: boardTypes(principal[b.Jurisdiction]),
			Keys: []licensure.TrustKey{{ID: id + "#signing-1", PublicKeyMultibase: multikey(t, testKey(b.ID)), Window: licensure.Window{From: &from}}}})
	}
	l.Entries = append(l.Entries, licensure.TrustEntry{ID: "https://federation.example/issuer.json", Label: l.Name, Jurisdictions: []string{"*"},
		Types: []licensure.TrustType{{Type: licensure.TypeIdentityAnchor, Capacity: licensure.PrimarySource},
			{Type: licensure.TypeMedicalDegree, Capacity: licensure.SourceAgent, Agreement: aDigest}},
		Keys: []licensure.TrustKey{{ID: "https://federation.example/issuer.json#signing-1", PublicKeyMultibase: multikey(t, testKey("federation")), Window: licensure.Window{From: &from}}}})
	must2(t, l.Validate())
	return l, w
}

func must2(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

const trustBase = `{"version":1,"networks":["regtest"],"anchor":"optional"}`

func baseWithContext(t testing.TB) []byte {
	t.Helper()
	sum := sha256.Sum256(licensure.Context())
	base := map[string]any{"version": 1, "networks": []string{"regtest"}, "anchor": "optional",
		"contexts": []any{map[string]any{"url": contextURL, "sha256": fmt.Sprintf("%x", sum), "bytes": base64url(licensure.Context())}}}
	raw, err := json.Marshal(base)
	must2(t, err)
	return raw
}

func compile(t testing.TB, l *licensure.TrustList, base []byte) *verifier.Trust {
	t.Helper()
	raw, err := l.Compile(licensure.CompileOptions{Base: base})
	must2(t, err)
	trust, err := verifier.ParseTrust(raw, nil)
	must2(t, err)
	return trust
}

// TestEveryBoardPlaceAndType: 70 boards, 56 places, all types: each is accepted exactly where
// the board sits and what it may issue, by the list and by the trust file made of it.
func TestEveryBoardPlaceAndType(t *testing.T) {
	l, w := nationalTrust(t)
	trust := compile(t, l, []byte(trustBase))
	principal, places := map[string]bool{}, []string{}
	for _, j := range w.Jurisdictions() {
		principal[j.Code] = j.Principal
		places = append(places, j.Code)
	}
	if len(w.Boards()) != 70 || len(places) != 56 {
		t.Fatalf("%d boards in %d places", len(w.Boards()), len(places))
	}
	asked, accepted, wrong := 0, 0, 0
	for _, b := range w.Boards() {
		issuer, ok := trust.Issuer(boardID(b.ID))
		if !ok {
			t.Fatalf("%s is not in the trust file", b.ID)
		}
		for _, place := range places {
			for _, typ := range licensure.Types() {
				asked++
				want := place == b.Jurisdiction && (typ == licensure.TypeLicence || typ == licensure.TypeBoardOrder ||
					typ == licensure.TypeDelegation || typ == licensure.TypeLetterOfQualification && principal[place])
				byList := l.Authorised(boardID(b.ID), typ, place) == nil
				byFile := slices.Contains(issuer.Types, typ) && slices.Contains(issuer.Jurisdictions, place)
				if byList {
					accepted++
				}
				if byList != want || byFile != want {
					wrong++
					t.Errorf("%s, %s, %s: list %v, trust file %v, want %v", b.ID, place, typ, byList, byFile, want)
				}
			}
		}
	}
	if asked != 70*56*19 || accepted < 70*3 || wrong != 0 {
		t.Errorf("%d asked, %d accepted, %d wrong", asked, accepted, wrong)
	}
	t.Logf("%d asked, %d accepted, %d wrong", asked, accepted, wrong)
}

// signedDoc is a draft as an issuer signs it, without an anchor.
func signedDoc(t testing.TB, d drafter, issuer string, key ed25519.PrivateKey, method string, created time.Time) []byte {
	t.Helper()
	draft, err := d.Draft()
	must2(t, err)
	doc := filledIn(draft)
	doc["issuer"] = map[string]any{"id": issuer, "name": "somebody"}
	delete(doc, "credentialStatus")
	return signDocAt(t, doc, key, method, created)
}

func signDoc(t testing.TB, doc map[string]any, key ed25519.PrivateKey, method string) []byte {
	t.Helper()
	return signDocAt(t, doc, key, method, instant("2026-03-02T00:00:00Z"))
}

func signDocAt(t testing.TB, doc map[string]any, key ed25519.PrivateKey, method string, created time.Time) []byte {
	t.Helper()
	proof, err := cryptosuite.Sign(doc, cryptosuite.Options{ID: "urn:uuid:5d0f0d3e-30f5-4c2a-8d5f-0a6a6f8e0001", VerificationMethod: method, Created: created, Purpose: "assertionMethod"}, key, contexts(t))
	must2(t, err)
	doc["proof"] = proof
	raw, err := json.Marshal(doc)
	must2(t, err)
	return raw
}

func licenceOf(place string) licensure.Licence {
	k := expedited(2, "2026-03-01")
	k.Jurisdiction = place
	return k
}

// TestBoardsOutsideTheirState runs real licences through the verifier: every board signs one
// for its own place and for every eighth other with its own key; for every place, ten seconds
// and more, with CERTANCHOR_EXHAUSTIVE=1. The list and the trust file are asked about every
// place and type by TestEveryBoardPlaceAndType.
func TestBoardsOutsideTheirState(t *testing.T) {
	l, w := nationalTrust(t)
	trust := compile(t, l, baseWithContext(t))
	at := instant("2026-05-01T00:00:00Z")
	for _, b := range w.Boards() {
		t.Run(b.ID, func(t *testing.T) {
			for n, j := range w.Jurisdictions() {
				if os.Getenv("CERTANCHOR_EXHAUSTIVE") == "" && n%8 != 0 && j.Code != b.Jurisdiction {
					continue
				}
				doc := signedDoc(t, licenceOf(j.Code), boardID(b.ID), testKey(b.ID), boardID(b.ID)+"#signing-1", instant("2026-03-02T00:00:00Z"))
				r := verifier.Check(doc, &verifier.Evidence{}, trust, at)
				step := r.Step(verifier.StepAuthorised)
				if j.Code == b.Jurisdiction && (r.Verdict != verifier.Valid || step.Result != verifier.Passed) {
					t.Fatalf("in its own state: %v", r.Err())
				}
				if j.Code != b.Jurisdiction && (r.Verdict != verifier.Invalid || step.Code != verifier.CodePlace) {
					t.Fatalf("in %s: %v, %s", j.Code, r.Verdict, step.Code)
				}
			}
		})
	}
}

func TestTrustList(t *testing.T) {
	l, w := nationalTrust(t)
	first := boardID(w.Boards()[0].ID)
	at := instant("2026-05-01T00:00:00Z")

	rule(t, "TR-1", func(t *testing.T) {
		raw, err := l.Bytes()
		must(t, err)
		again, err := licensure.ParseTrustList(raw)
		must(t, err)
		slices.Reverse(again.Entries)
		if twice, _ := again.Bytes(); !bytes.Equal(raw, twice) {
			t.Error("a list read and written is another list")
		}
		for name, bend := range map[string]func(*licensure.TrustList){
			"version":      func(l *licensure.TrustList) { l.Version = 2 },
			"twice":        func(l *licensure.TrustList) { l.Entries[1].ID = l.Entries[0].ID },
			"no-label":     func(l *licensure.TrustList) { l.Entries[0].Label = "" },
			"relative-id":  func(l *licensure.TrustList) { l.Entries[0].ID = "board" },
			"no-types":     func(l *licensure.TrustList) { l.Entries[0].Types = nil },
			"no-place":     func(l *licensure.TrustList) { l.Entries[0].Jurisdictions = nil },
			"all-and-one":  func(l *licensure.TrustList) { l.Entries[0].Jurisdictions = []string{"*", "X01"} },
			"unknown-type": func(l *licensure.TrustList) { l.Entries[0].Types[0].Type = "DrivingLicence" },
			"no-capacity":  func(l *licensure.TrustList) { l.Entries[0].Types[0].Capacity = "" },
			"agent-alone":  func(l *licensure.TrustList) { l.Entries[0].Types[0].Capacity = licensure.SourceAgent },
			"no-keys":      func(l *licensure.TrustList) { l.Entries[0].Keys = nil },
			"broken-key":   func(l *licensure.TrustList) { l.Entries[0].Keys[0].PublicKeyMultibase = "zzz" },
			"window":       func(l *licensure.TrustList) { l.Entries[0].Keys[0].Until = new(instant("2019-01-01T00:00:00Z")) },
			"address":      func(l *licensure.TrustList) { l.Entries[0].Addresses = []licensure.TrustAddress{{}} },
		} {
			bent, _ := nationalTrust(t)
			bend(bent)
			if err := bent.Validate(); err == nil {
				t.Errorf("%s: accepted", name)
			}
			if _, err := bent.Compile(licensure.CompileOptions{Base: []byte(trustBase)}); err == nil {
				t.Errorf("%s: compiled", name)
			}
		}
		if _, err := licensure.ParseTrustList([]byte(`{"version":1,"name":"x","entries":[],"more":1}`)); err == nil {
			t.Error("a member that nobody knows is read")
		}
		// An agent is a source only for those who can show the agreement.
		raw, err = l.Compile(licensure.CompileOptions{Base: []byte(trustBase), Agreements: []string{aDigest}})
		must(t, err)
		with, err := verifier.ParseTrust(raw, nil)
		must(t, err)
		for shown, trust := range map[bool]*verifier.Trust{true: with, false: compile(t, l, []byte(trustBase))} {
			f, _ := trust.Issuer("https://federation.example/issuer.json")
			if slices.Contains(f.Types, licensure.TypeMedicalDegree) != shown || !slices.Contains(f.Types, licensure.TypeIdentityAnchor) {
				t.Errorf("agreement shown %v: types %v", shown, f.Types)
			}
		}
		twice, err := l.Compile(licensure.CompileOptions{Base: []byte(trustBase), Agreements: []string{aDigest}})
		if err != nil || !bytes.Equal(raw, twice) {
			t.Error("one list, two trust files")
		}
		if _, err := l.Compile(licensure.CompileOptions{Base: []byte(`{"version":1,"networks":[],"issuers":[]}`)}); err == nil {
			t.Error("a base with issuers of its own")
		}
		for _, base := range []string{`{}`, `{"version":9,"networks":[]}`, `nonsense`} {
			if _, err := l.Compile(licensure.CompileOptions{Base: []byte(base)}); err == nil {
				t.Errorf("compiled on %s", base)
			}
		}
	})
	rule(t, "TR-2", func(t *testing.T) { // every pair: TestEveryBoardPlaceAndType
		must(t, l.Authorised(first, licensure.TypeLicence, "X01"))
		refusedBy(t, l.Authorised(first, licensure.TypeLicence, "X09"), "TR-2", "issuer-not-authorised-for-type-or-place")
		refusedBy(t, l.Authorised(first, licensure.TypeMedicalDegree, "X01"), "TR-2", "issuer-not-authorised-for-type-or-place")
		must(t, l.Authorised("https://federation.example/issuer.json", licensure.TypeIdentityAnchor, "X44"))
	})
	rule(t, "TR-3", func(t *testing.T) {
		bent, _ := nationalTrust(t)
		bent.Entries[0].Keys[0].Until = new(instant("2026-04-01T00:00:00Z"))
		method := first + "#signing-1"
		must(t, bent.KeyCounts(first, method, instant("2026-03-31T23:59:59Z")))
		refusedBy(t, bent.KeyCounts(first, method, instant("2026-04-01T00:00:00Z")), "TR-3", "2026-04-01")
		refusedBy(t, bent.KeyCounts(first, method, instant("2019-12-31T00:00:00Z")), "TR-3", "2020-01-01")
		refusedBy(t, bent.KeyCounts(first, first+"#signing-2", at), "TR-3", "states no key")
		doc := signedDoc(t, licenceOf("X01"), first, testKey(w.Boards()[0].ID), method, instant("2026-03-02T00:00:00Z"))
		trust := compile(t, bent, baseWithContext(t))
		if r := verifier.Check(doc, &verifier.Evidence{}, trust, instant("2026-03-15T00:00:00Z")); r.Verdict != verifier.Valid {
			t.Errorf("inside the window: %v", r.Err())
		}
		// Outside, with no anchor to show that the signature is older.
		if r := verifier.Check(doc, &verifier.Evidence{}, trust, at); r.Verdict == verifier.Valid || r.Step(verifier.StepKey).Code != verifier.CodeKeyOutside {
			t.Errorf("outside the window: %v, %v", r.Verdict, r.Step(verifier.StepKey))
		}
	})
	rule(t, "TR-5", func(t *testing.T) {
		const stranger = "https://stranger.example/issuer.json"
		refusedBy(t, l.Authorised(stranger, licensure.TypeLicence, "X01"), "TR-5", "issuer-unknown")
		doc := signedDoc(t, licenceOf("X01"), stranger, testKey("stranger"), stranger+"#signing-1", instant("2026-03-02T00:00:00Z"))
		r := verifier.Check(doc, &verifier.Evidence{}, compile(t, l, baseWithContext(t)), at)
		if r.Verdict != verifier.Indeterminate || r.Step(verifier.StepTrusted).Code != verifier.CodeIssuerUnknown {
			t.Errorf("a stranger: %v, %v", r.Verdict, r.Step(verifier.StepTrusted))
		}
	})
	t.Run("delegation", func(t *testing.T) {
		key := testKey("agent")
		agent := "did:key:" + multikey(t, key)
		give := func(types, places []string) licensure.Fact {
			d := licensure.Delegation{Envelope: delegated(), Types: types, Jurisdictions: places, Capacity: licensure.PrimarySource}
			d.Holder = agent
			draft, err := d.Draft()
			must(t, err)
			f, err := licensure.FactOf(&verifier.Report{Verdict: verifier.Valid, ID: aRef.ID, Claims: filledIn(draft), Issuer: verifier.IssuerFact{ID: first}}, aDigest)
			must(t, err)
			return f
		}
		e, err := l.Delegate(give([]string{licensure.TypeBoardOrder, licensure.TypeLicence}, []string{"X01"}))
		must(t, err)
		with, _ := nationalTrust(t)
		with.Entries = append(with.Entries, e)
		must(t, with.Authorised(agent, licensure.TypeLicence, "X01"))
		refusedBy(t, with.Authorised(agent, licensure.TypeLicence, "X02"), "TR-2", "speak for")
		refusedBy(t, with.Authorised(agent, licensure.TypeLetterOfQualification, "X01"), "TR-2", "may not issue")
		method := agent + "#" + strings.TrimPrefix(agent, "did:key:")
		doc := signedDoc(t, licenceOf("X01"), agent, key, method, instant("2026-08-01T00:00:00Z"))
		trust := compile(t, with, baseWithContext(t))
		if r := verifier.Check(doc, &verifier.Evidence{}, trust, instant("2026-08-02T00:00:00Z")); r.Verdict != verifier.Valid {
			t.Errorf("by the delegate: %v", r.Err())
		}
		if r := verifier.Check(doc, &verifier.Evidence{}, trust, instant("2026-06-01T00:00:00Z")); r.Verdict == verifier.Valid {
			t.Error("by the delegate before the delegation")
		}
		_, err = l.Delegate(give([]string{licensure.TypeLicence}, []string{"X01", "X02"}))
		refusedBy(t, err, "TR-2", "speak for")
		_, err = l.Delegate(give([]string{licensure.TypeMedicalDegree}, []string{"X01"}))
		refusedBy(t, err, "TR-2", "may not issue")
		_, err = with.Delegate(give([]string{licensure.TypeLicence}, []string{"X01"}))
		refusedBy(t, err, "T17", "entry of its own")
	})
}

// consortium is a quorum of 3 of 5 with its publisher.
type consortium struct {
	keys      []ed25519.PrivateKey
	publisher ed25519.PrivateKey
	threshold int
}

func newConsortium(name string, n, threshold int) consortium {
	c := consortium{publisher: testKey(name + " publisher"), threshold: threshold}
	for i := range n {
		c.keys = append(c.keys, testKey(fmt.Sprint(name, i)))
	}
	return c
}

func (c consortium) quorum() licensure.Quorum {
	q := licensure.Quorum{Threshold: c.threshold}
	for _, k := range c.keys {
		q.Keys = append(q.Keys, k.Public().(ed25519.PublicKey))
	}
	return q
}

func signedBy(t *testing.T, file []byte, keys ...ed25519.PrivateKey) []byte {
	t.Helper()
	for _, k := range keys {
		var err error
		file, err = licensure.SignTrust(file, k)
		must(t, err)
	}
	return file
}

func (c consortium) root(t *testing.T, version int64, signers ...ed25519.PrivateKey) []byte {
	t.Helper()
	root, err := licensure.NewTrustRoot(version, c.quorum(), c.publisher.Public().(ed25519.PublicKey), instant("2030-01-01T00:00:00Z"))
	must(t, err)
	return signedBy(t, root, signers...)
}

// publish signs version n of a list by the first of the quorum.
func (c consortium) publish(t *testing.T, n int64, list []byte, signers int) licensure.TrustUpdate {
	t.Helper()
	targets, err := licensure.NewTrustTargets(n, list, instant("2027-01-01T00:00:00Z"))
	must(t, err)
	targets = signedBy(t, targets, c.keys[:signers]...)
	snapshot, err := licensure.NewTrustSnapshot(n, targets, instant("2027-01-01T00:00:00Z"))
	must(t, err)
	snapshot = signedBy(t, snapshot, c.publisher)
	stamp, err := licensure.NewTrustTimestamp(n, snapshot, day(int(30*n)+30))
	must(t, err)
	return licensure.TrustUpdate{Timestamp: signedBy(t, stamp, c.publisher), Snapshot: snapshot, Targets: targets, List: list}
}

// TestTrustListUpdates: what the quorum signs is taken over, and nothing else.
func TestTrustListUpdates(t *testing.T) {
	l, _ := nationalTrust(t)
	one, err := l.Bytes()
	must(t, err)
	l.Entries = l.Entries[1:]
	two, err := l.Bytes()
	must(t, err)

	c := newConsortium("board", 5, 3)
	start := licensure.TrustState{Root: c.root(t, 1, c.keys[:3]...)}
	first := c.publish(t, 1, one, 3)
	kept, list, err := licensure.AcceptTrustList(start, first, day(1))
	must(t, err)
	if len(list.Entries) != 71 {
		t.Fatalf("%d entries", len(list.Entries))
	}
	second := c.publish(t, 2, two, 4)
	accept := func(offer licensure.TrustUpdate, at time.Time) error {
		_, list, err := licensure.AcceptTrustList(kept, offer, at)
		if (list == nil) == (err == nil) {
			t.Error("a list with an error, or neither")
		}
		return err
	}
	rule(t, "TR-4", func(t *testing.T) {
		must(t, accept(second, day(40)))
		must(t, accept(first, day(1))) // the same again

		// Not enough of the quorum, or the same one twice, or strangers.
		few := c.publish(t, 2, two, 2)
		refusedBy(t, accept(few, day(40)), "TR-4", "")
		strangers := newConsortium("stranger", 5, 3)
		strangers.publisher = c.publisher
		refusedBy(t, accept(strangers.publish(t, 2, two, 5), day(40)), "TR-4", "")
		twice := few
		twice.Targets = signedBy(t, few.Targets, c.keys[0])
		refusedBy(t, accept(twice, day(40)), "TR-4", "")

		// A new quorum, by the old one: m of n named in the list before.
		next := newConsortium("next", 7, 5)
		rotation := next.root(t, 2, append(slices.Clone(c.keys[:3]), next.keys[:5]...)...)
		update := next.publish(t, 3, two, 5)
		update.Roots = [][]byte{rotation}
		must(t, accept(update, day(40)))
		for name, root := range map[string][]byte{
			"by the new one alone":     next.root(t, 2, next.keys...),
			"by two of the old":        next.root(t, 2, append(slices.Clone(c.keys[:2]), next.keys[:5]...)...),
			"by too few of the new":    next.root(t, 2, append(slices.Clone(c.keys[:3]), next.keys[:4]...)...),
			"a version is jumped over": next.root(t, 3, append(slices.Clone(c.keys[:3]), next.keys[:5]...)...),
		} {
			update.Roots = [][]byte{root}
			if err := accept(update, day(40)); err == nil {
				t.Errorf("rotation %s: accepted", name)
			}
		}
		// After the rotation the old quorum decides nothing.
		update.Roots = [][]byte{rotation}
		after, _, err := licensure.AcceptTrustList(kept, update, day(40))
		must(t, err)
		if _, _, err := licensure.AcceptTrustList(after, c.publish(t, 4, one, 5), day(40)); err == nil {
			t.Error("the old quorum still decides")
		}
		// Nor can a new publisher go back to an older list of the same quorum.
		if _, _, err := licensure.AcceptTrustList(after, next.publish(t, 2, one, 5), day(40)); err == nil {
			t.Error("an older list by the new quorum")
		}
	})
	t.Run("rollback", func(t *testing.T) {
		// The quorum replaces the publisher, whose word about versions is then forgotten: the
		// new one cannot use that to bring an older list back.
		newest, _, err := licensure.AcceptTrustList(kept, c.publish(t, 5, two, 3), day(40))
		must(t, err)
		successor := c
		successor.publisher = testKey("another publisher")
		root := successor.root(t, 2, c.keys[:3]...)
		for version, ok := range map[int64]bool{4: false, 5: true, 6: true} {
			update := successor.publish(t, version, two, 3)
			update.Roots = [][]byte{root}
			if _, _, err := licensure.AcceptTrustList(newest, update, day(40)); (err == nil) != ok {
				t.Errorf("version %d by the new publisher: %v", version, err)
			}
		}
		newer, _, err := licensure.AcceptTrustList(kept, second, day(40))
		must(t, err)
		if _, _, err := licensure.AcceptTrustList(newer, first, day(40)); err == nil {
			t.Error("an old list after a new one")
		}
		mixed := second
		mixed.Targets, mixed.List = first.Targets, first.List
		if err := accept(mixed, day(40)); err == nil {
			t.Error("an old list under a new timestamp")
		}
	})
	t.Run("freeze", func(t *testing.T) {
		refusedBy(t, accept(first, day(61)), "TR-4", "expired")
		refusedBy(t, accept(second, day(91)), "TR-4", "expired")
		refusedBy(t, accept(second, instant("2031-01-01T00:00:00Z")), "TR-4", "expired")
	})
	t.Run("altered", func(t *testing.T) {
		for name, bend := range map[string]func(*licensure.TrustUpdate){
			"list":          func(u *licensure.TrustUpdate) { u.List = one },
			"list-by-space": func(u *licensure.TrustUpdate) { u.List = append(slices.Clone(u.List), ' ') },
			"targets": func(u *licensure.TrustUpdate) {
				u.Targets = bytes.Replace(u.Targets, []byte(`"version":2`), []byte(`"version":3`), 1)
			},
			"no-list":      func(u *licensure.TrustUpdate) { u.List = nil },
			"no-timestamp": func(u *licensure.TrustUpdate) { u.Timestamp = nil },
			"no-snapshot":  func(u *licensure.TrustUpdate) { u.Snapshot = []byte("{}") },
			"member-twice": func(u *licensure.TrustUpdate) {
				u.Timestamp = bytes.Replace(u.Timestamp, []byte(`{"`), []byte(`{"signed":{},"`), 1)
			},
			"swapped-roles": func(u *licensure.TrustUpdate) { u.Timestamp, u.Snapshot = u.Snapshot, u.Timestamp },
		} {
			u := second
			bend(&u)
			if err := accept(u, day(40)); err == nil {
				t.Errorf("%s: accepted", name)
			}
		}
	})
	t.Run("quorum", func(t *testing.T) {
		for _, q := range []licensure.Quorum{{}, {Keys: c.quorum().Keys, Threshold: 6}, {Keys: c.quorum().Keys},
			{Keys: append(c.quorum().Keys, c.quorum().Keys[0]), Threshold: 3}} {
			if _, err := licensure.NewTrustRoot(1, q, c.publisher.Public().(ed25519.PublicKey), day(400)); err == nil {
				t.Errorf("a quorum of %d of %d keys", q.Threshold, len(q.Keys))
			}
		}
	})
}
