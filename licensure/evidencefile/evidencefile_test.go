package evidencefile_test

import (
	"archive/zip"
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/certanchor/certanchor/credential"
	"github.com/certanchor/certanchor/cryptosuite"
	"github.com/certanchor/certanchor/did"
	"github.com/certanchor/certanchor/issuer"
	"github.com/certanchor/certanchor/licensure"
	"github.com/certanchor/certanchor/licensure/evidencefile"
	"github.com/certanchor/certanchor/verifier"
)

func TestEvidenceFile(t *testing.T) {
	c := newClinic(t)
	in := c.input()
	f := make_(t, in)
	if got := f.Result().Standing; got != licensure.InForce {
		t.Fatalf("standing %s\n%s", got, f.Member("result/elements.json"))
	}
	raw := zipped(t, f)
	mine, err := verifier.ParseTrust(in.Trust, nil)
	must(t, err)

	rule(t, "EV-1", func(t *testing.T) {
		if !bytes.Equal(raw, zipped(t, make_(t, in))) {
			t.Error("made twice, and not equal")
		}
		other := in
		other.Credentials, other.Lists = slices.Clone(in.Credentials), slices.Clone(in.Lists)
		slices.Reverse(other.Credentials)
		slices.Reverse(other.Lists)
		other.Credentials = append(other.Credentials, in.Credentials[0])
		if !bytes.Equal(raw, zipped(t, make_(t, other))) {
			t.Error("another order of the same files gives another file")
		}
		other.Case.DecisionDate = "2026-07-16"
		if bytes.Equal(raw, zipped(t, make_(t, other))) {
			t.Error("another day, and the same file")
		}
	})
	rule(t, "EV-2", func(t *testing.T) {
		alter(t, f, func(n int) []int { return []int{0, n / 2, n - 1} })
		alterArchive(t, raw)
	})
	rule(t, "EV-3", func(t *testing.T) { redact(t, f, mine) })
	rule(t, "PV-10", func(t *testing.T) {
		again, err := evidencefile.Read(raw)
		must(t, err)
		o := again.Reverify(mine)
		if !o.Same() || o.Again != licensure.InForce || o.Credentials != 5 || o.Statement == nil || !o.Statement.Known {
			t.Errorf("%+v, statement %+v", o, o.Statement)
		}
		// Every input stands in the file as it was received, and is named by its digest.
		for _, want := range slices.Concat(in.Credentials, in.Lists, in.Evidence, [][]byte{in.Trust, in.Policy}) {
			if !slices.ContainsFunc(again.Names(), func(n string) bool {
				return strings.HasPrefix(n, "inputs/") && bytes.Equal(again.Member(n), want)
			}) {
				t.Error("an input is not in the file")
			}
		}
		if o := again.Reverify(nil); !o.Same() || o.Statement.Known || o.Statement.Key == "" {
			t.Errorf("without a trust file: %+v", o.Statement)
		}
	})
	t.Run("pages", func(t *testing.T) { pages(t, f) })
	t.Run("statement", func(t *testing.T) { relied(t, f, mine) })
}

// readBack makes a file of members by writing a new archive as the program would.
func rebuilt(t *testing.T, f *evidencefile.File, change map[string][]byte) (*evidencefile.File, error) {
	t.Helper()
	r, err := zip.NewReader(bytes.NewReader(zipped(t, f)), int64(len(zipped(t, f))))
	must(t, err)
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, m := range r.File {
		data := f.Member(m.Name)
		if other, ok := change[m.Name]; ok {
			if data = other; data == nil {
				continue
			}
		}
		out, err := w.CreateHeader(&zip.FileHeader{Name: m.Name, Method: zip.Store, Modified: m.Modified.UTC()})
		must(t, err)
		_, err = out.Write(data)
		must(t, err)
	}
	must(t, w.Close())
	return evidencefile.Read(b.Bytes())
}

// alter flips a bit of every member at the places named, leaves each out once and adds a
// byte to it: every time it shows, and a difference is named.
func alter(t *testing.T, f *evidencefile.File, places func(n int) []int) {
	if same, err := rebuilt(t, f, nil); err != nil || !same.Reverify(nil).Same() {
		t.Fatalf("unaltered: %v", err)
	}
	flips := 0
	for _, name := range f.Names() {
		raw := f.Member(name)
		changes := [][]byte{nil}
		for _, at := range places(len(raw)) {
			flipped := slices.Clone(raw)
			flipped[at] ^= 1
			changes = append(changes, flipped)
		}
		changes = append(changes, append(slices.Clone(raw), '\n'))
		for i, change := range changes {
			flips++
			bent, err := rebuilt(t, f, map[string][]byte{name: change})
			if err != nil {
				continue // not even read: result.json
			}
			o := bent.Reverify(nil)
			if name == "statement.json" && change == nil {
				// What is not there says nothing; a file without statement says so.
				if o.Statement != nil {
					t.Error("a statement that is not there")
				}
				continue
			}
			if o.Same() {
				t.Errorf("%s, change %d: unseen", name, i)
			}
			if name != "statement.json" && len(o.Differences) == 0 {
				t.Errorf("%s, change %d: no difference is named", name, i)
			}
		}
	}
	t.Logf("%d changes in %d members", flips, len(f.Names()))
}

// alterArchive flips bits of the archive itself.
func alterArchive(t *testing.T, raw []byte) {
	for at := 0; at < len(raw); at += len(raw)/997 + 1 {
		flipped := slices.Clone(raw)
		flipped[at] ^= 1 << (at % 8)
		var format *evidencefile.FormatError
		f, err := evidencefile.Read(flipped)
		if err == nil && f.Reverify(nil).Same() {
			t.Errorf("byte %d: unseen", at)
		}
		if err != nil && !errors.As(err, &format) {
			t.Errorf("byte %d: %T", at, err)
		}
	}
	if _, err := evidencefile.Read(append(slices.Clone(raw), 0)); err == nil {
		t.Error("a byte after the end")
	}
}

func redact(t *testing.T, f *evidencefile.File, mine *verifier.Trust) {
	// The registration is to stay at home.
	var gone string
	for _, name := range f.Names() {
		if strings.HasPrefix(name, "inputs/credentials/") && bytes.Contains(f.Member(name), []byte(licensure.TypeControlledSubstance)) {
			gone = name
		}
	}
	copied, err := f.Redact([]string{gone}, true)
	must(t, err)
	back, err := evidencefile.Read(zipped(t, copied))
	must(t, err)
	o := back.Reverify(mine)
	if !o.Same() || o.Again != "" || o.Recorded != licensure.InForce || o.Credentials != 4 || len(o.LeftOut) != 2 || !o.Statement.Known {
		t.Errorf("%+v, statement %+v", o, o.Statement)
	}
	for _, secret := range []string{"businessActivity", "schedules", "Controlled substances", "2028-02-28"} {
		for _, name := range back.Names() {
			if name != "inputs/signer/context.jsonld" && name != "inputs/trust.json" && bytes.Contains(back.Member(name), []byte(secret)) && name != "inputs/policy.json" {
				t.Errorf("%s still says %q", name, secret)
			}
		}
	}
	// A copy is held to what it has: nothing can be changed in it, and no more left out.
	alter(t, back, func(n int) []int { return []int{n / 3} })
	if bent, err := rebuilt(t, back, map[string][]byte{otherThan(back, gone): nil}); err == nil && bent.Reverify(nil).Same() {
		t.Error("a credential more was taken out, and nobody said so")
	}
	without, err := f.Redact([]string{gone}, false)
	must(t, err)
	if o := without.Reverify(mine); !o.Same() || o.Statement != nil {
		t.Errorf("without statement: %+v", o)
	}
	for _, name := range []string{"inputs/trust.json", "result.json", "inputs/credentials/0009.json"} {
		if _, err := f.Redact([]string{name}, true); err == nil {
			t.Errorf("%s was left out", name)
		}
	}
	twice, err := copied.Redact([]string{otherThan(f, gone)}, true)
	must(t, err)
	if o := twice.Reverify(mine); !o.Same() || o.Credentials != 3 {
		t.Errorf("a copy of the copy: %+v", o)
	}
}

func otherThan(f *evidencefile.File, gone string) string {
	for _, name := range f.Names() {
		if strings.HasPrefix(name, "inputs/credentials/") && name != gone {
			return name
		}
	}
	return ""
}

func pages(t *testing.T, f *evidencefile.File) {
	summary := string(f.Member("summary.html"))
	for _, want := range []string{"default-src 'none'", "IN FORCE", "Łostrowe", "0012345", "The board", "Hospital of Alderfen"} {
		if !strings.Contains(summary, want) {
			t.Errorf("summary.html lacks %q", want)
		}
	}
	for _, name := range f.Names() {
		if strings.HasSuffix(name, ".html") && (bytes.Contains(f.Member(name), []byte("<script")) || bytes.Contains(f.Member(name), []byte("http-equiv=\"refresh\""))) {
			t.Errorf("%s is more than a page", name)
		}
		if !strings.HasPrefix(name, "inputs/credentials/") && bytes.Contains(f.Member(name), []byte(salt(t, f))) {
			t.Errorf("%s quotes a salt", name)
		}
	}
	pdf := f.Member("summary.pdf")
	if !bytes.HasPrefix(pdf, []byte("%PDF-")) || bytes.Count(pdf, []byte("/Type /Page\n")) < 6 || bytes.Contains(pdf, []byte("FlateDecode")) {
		t.Errorf("summary.pdf: %d pages", bytes.Count(pdf, []byte("/Type /Page\n")))
	}
	if !bytes.Contains(pdf, []byte("<U+0141>ostrowe")) {
		t.Error("summary.pdf drops a letter that its font has not")
	}
	if !bytes.Contains(f.Member("certification.html"), []byte("SHA-256 of result.json")) || !bytes.Contains(f.Member("proves.html"), []byte("It does not prove")) {
		t.Error("a page is missing")
	}
	var bundle struct {
		ResourceType string
		Entry        []struct{ Resource map[string]any }
	}
	must(t, json.Unmarshal(f.Member("fhir.json"), &bundle))
	kinds := map[any]int{}
	for _, e := range bundle.Entry {
		kinds[e.Resource["resourceType"]]++
		if s, ok := e.Resource["status"]; ok && s != "validated" {
			t.Errorf("status %v", s)
		}
	}
	if bundle.ResourceType != "Bundle" || kinds["Practitioner"] != 1 || kinds["VerificationResult"] != 5 {
		t.Errorf("fhir.json: %v", kinds)
	}
}

func salt(t *testing.T, f *evidencefile.File) string {
	var d struct{ Salt string }
	must(t, json.Unmarshal(f.Member("inputs/credentials/0001.json"), &d))
	if len(d.Salt) < 40 {
		t.Fatal("no salt")
	}
	return d.Salt
}

// relied is the second hospital: it relies on the statement only where its policy names the
// first one's policy and the statement is young enough.
func relied(t *testing.T, f *evidencefile.File, trust *verifier.Trust) {
	second := *trust
	second.AnchorOptional = true
	at := now.AddDate(0, 0, 20)
	report := verifier.Check(f.Member("statement.json"), nil, &second, at)
	fact, err := licensure.FactOf(report, report.Document)
	must(t, err)
	own := func(bend func(map[string]any)) *licensure.Policy {
		var file map[string]any
		must(t, json.Unmarshal(policyFile(t, "hospital"), &file))
		file["statements"] = map[string]any{"maxAgeDays": 30, "policies": []any{f.Result().PolicyDigest}}
		if bend != nil {
			bend(file)
		}
		raw, err := json.Marshal(file)
		must(t, err)
		p, err := licensure.ParsePolicy(raw)
		must(t, err)
		return p
	}
	for _, k := range []struct {
		what   string
		policy *licensure.Policy
		on     licensure.Date
		good   bool
	}{
		{"allowed", own(nil), "2026-08-04", true},
		{"the 30th day", own(nil), "2026-08-14", true},
		{"too old", own(nil), "2026-08-15", false},
		{"before it was made", own(nil), "2026-07-13", false},
		{"no statements", own(func(f map[string]any) { delete(f, "statements") }), "2026-08-04", false},
		{"another policy", own(func(f map[string]any) {
			f["statements"] = map[string]any{"maxAgeDays": 30, "policies": []any{strings.Repeat("ab", 32)}}
		}), "2026-08-04", false},
	} {
		if err := k.policy.Reliance(fact, k.on); (err == nil) != k.good {
			t.Errorf("%s: %v", k.what, err)
		}
	}
}

// TestRefusals: what cannot be read makes no file, and says which it is.
func TestRefusals(t *testing.T) {
	c := newClinic(t)
	for what, bend := range map[string]func(*evidencefile.Input){
		"no credentials":    func(in *evidencefile.Input) { in.Credentials = nil },
		"trust":             func(in *evidencefile.Input) { in.Trust = []byte("{}") },
		"policy":            func(in *evidencefile.Input) { in.Policy = []byte(`{"version":1,"maxAgeWeeks":3}`) },
		"decisionDate":      func(in *evidencefile.Input) { in.Case.DecisionDate = "2026-02-30" },
		"at":                func(in *evidencefile.Input) { in.Case.At = "2026-07-15T08:00:00+02:00" },
		"arrival":           func(in *evidencefile.Input) { in.Case.Arrival = "yesterday" },
		"evidence":          func(in *evidencefile.Input) { in.Evidence = [][]byte{[]byte("{}")} },
		"status":            func(in *evidencefile.Input) { in.Lists = [][]byte{[]byte("{}")} },
		"other-context":     func(in *evidencefile.Input) { in.Signer.Context = []byte("{}") },
		"signer-not-good":   func(in *evidencefile.Input) { in.Signer.Key = c.board.signer().Key },
		"verdict-not-valid": func(in *evidencefile.Input) { in.Trust = c.trust(func(f map[string]any) { f["statusMaxAge"] = "1h" }) },
		"the file \"x.json\"": func(in *evidencefile.Input) {
			in.Trust = c.trust(func(f map[string]any) {
				f["checkpoints"] = map[string]any{"regtest": map[string]any{"sha256": strings.Repeat("00", 32), "file": "x.json"}}
			})
		},
	} {
		in := c.input()
		bend(&in)
		if f, err := evidencefile.Make(in); err == nil || f != nil || !strings.Contains(err.Error(), what) {
			t.Errorf("%s: %v", what, err)
		}
	}
	// A document that is no credential is part of the answer.
	in := c.input()
	in.Signer = nil
	in.Credentials = append(in.Credentials, []byte("{"))
	if f := make_(t, in); f.Result().Standing == licensure.InForce || !f.Reverify(nil).Same() {
		t.Errorf("a broken file: %s", f.Result().Standing)
	}
}

func withoutSigner(in evidencefile.Input) evidencefile.Input {
	in.Signer = nil
	return in
}

// TestOrders: the fold over signed orders goes before the list, and an order that does not
// count says why.
func TestOrders(t *testing.T) {
	c := newClinic(t)
	order := func(by *source, action licensure.Action, effective time.Time) []byte {
		e := envelope("Order", time.Time{})
		e.Holder, e.Person, e.ValidFrom = "", licensure.Person{}, now.AddDate(0, 0, -1)
		return by.issue(licensure.BoardOrder{Envelope: e, Order: licensure.Order{ID: "O-1", Board: "Board of Garrowdale",
			Licence: licensure.LicenceKey{Jurisdiction: "X07", BoardID: "X07-MD", Type: licensure.FullLicence, Number: "0012345"},
			Action:  action, Origin: licensure.FromBoard, Basis: []string{licensure.BasisCompetence}, EffectiveAt: effective, RecordedAt: now.AddDate(0, 0, -1), Public: true,
			DocumentDigest: strings.Repeat("ab", 32)}})[0]
	}
	in := c.input()
	in.Orders = [][]byte{order(c.board, licensure.Suspension, now.AddDate(0, 0, -5))}
	in.Evidence = [][]byte{c.evidence()}
	// Its own list is missing: nobody knows whether it was taken back, and the licence waits.
	if f := make_(t, withoutSigner(in)); f.Result().Standing != licensure.UndeterminedStand || !f.Reverify(nil).Same() {
		t.Errorf("an order that could not be judged: %s", f.Result().Standing)
	}
	in.Lists = c.lists(now)
	f := make_(t, in)
	if got := f.Result().Standing; got != licensure.NotInForce {
		t.Errorf("suspended by order: %s\n%s", got, f.Member("result/order-0001.json"))
	}
	if !strings.Contains(string(f.Member("summary.html")), "the orders say suspended, the list says active") {
		t.Error("the two sources are not both told")
	}
	if !bytes.Contains(f.Member("fhir.json"), []byte(`"Provenance"`)) {
		t.Error("no Provenance")
	}
	// The order alone cannot go: what is said of the licence rests on it.
	var kept *evidencefile.RedactError
	if _, err := f.Redact([]string{"inputs/orders/0001.json"}, true); !errors.As(err, &kept) {
		t.Errorf("the order that suspends was left out: %v", err)
	}
	// Leaving out the licence leaves out the order about it.
	var licence string
	for _, name := range f.Names() {
		if strings.HasPrefix(name, "inputs/credentials/") && bytes.Equal(f.Member(name), c.licence) {
			licence = name
		}
	}
	copied, err := f.Redact([]string{licence}, true)
	must(t, err)
	if slices.Contains(copied.Names(), "inputs/orders/0001.json") || !copied.Reverify(nil).Same() {
		t.Error("the order stayed")
	}
	for _, name := range copied.Names() {
		if bytes.Contains(copied.Member(name), []byte("0012345")) {
			t.Errorf("%s still has the licence number", name)
		}
	}

	// A reinstatement without the suspension that it ends: an order is missing.
	in.Orders = [][]byte{order(c.board, licensure.Reinstatement, now.AddDate(0, 0, -5))}
	in.Evidence, in.Lists = [][]byte{c.evidence()}, c.lists(now)
	f = make_(t, withoutSigner(in))
	if got := f.Result().Standing; got != licensure.UndeterminedStand || !strings.Contains(string(f.Member("summary.html")), "does not follow from those before it") {
		t.Errorf("an order that does not fit: %s", got)
	}
	in.Orders = [][]byte{order(c.federation, licensure.Suspension, now.AddDate(0, 0, -5))}
	in.Evidence, in.Lists = [][]byte{c.evidence()}, c.lists(now)
	f = make_(t, in)
	if got := f.Result().Standing; got != licensure.InForce || !strings.Contains(string(f.Member("summary.html")), "not counted: ") {
		t.Errorf("an order of somebody else: %s", got)
	}
}

// shown is an SD-JWT file without the disclosures of these names, and with the holder's JWT
// if there is a key.
func shown(t *testing.T, file []byte, key ed25519.PrivateKey, audience string, without ...string) []byte {
	t.Helper()
	c, err := credential.Parse(file)
	must(t, err)
	text := c.Envelope().JWT + "~"
	for _, d := range c.Envelope().Disclosures {
		if !slices.Contains(without, d.Name) {
			text += d.Text + "~"
		}
	}
	if key != nil {
		hash := sha256.Sum256([]byte(text))
		binding, err := cryptosuite.SignJWT(credential.TypKeyBinding, "", fmt.Appendf(nil, `{"iat":%d,"aud":%q,"nonce":"n-1","sd_hash":%q}`,
			now.Unix(), audience, base64.RawURLEncoding.EncodeToString(hash[:])), key)
		must(t, err)
		text += binding
	}
	var doc map[string]any
	must(t, json.Unmarshal(file, &doc))
	doc["sdJwt"] = text
	out, err := json.Marshal(doc)
	must(t, err)
	return out
}

// TestOrderSDJWT: an order counts in every form, with its lists as files; one that may hide
// its end or its conditions keeps the licence from being decided.
func TestOrderSDJWT(t *testing.T) {
	for _, form := range []issuer.Form{issuer.FormSDJWT, issuer.FormDC} {
		c := newClinic(t)
		e := envelope("Order", time.Time{})
		e.Holder, e.Person, e.ValidFrom = "", licensure.Person{}, now.AddDate(0, 0, -1)
		c.board.form = form
		order := c.board.issue(licensure.BoardOrder{Envelope: e, Order: licensure.Order{ID: "O-1", Board: "Board of Garrowdale",
			Licence: licensure.LicenceKey{Jurisdiction: "X07", BoardID: "X07-MD", Type: licensure.FullLicence, Number: "0012345"},
			Action:  licensure.Suspension, Origin: licensure.FromBoard, Basis: []string{licensure.BasisCompetence}, EffectiveAt: now.AddDate(0, 0, -5), RecordedAt: now.AddDate(0, 0, -1), Public: true,
			DocumentDigest: strings.Repeat("ab", 32)}})[0]
		for _, o := range []struct {
			without string
			want    licensure.StandingValue
		}{{"", licensure.NotInForce}, {"endsAt", licensure.UndeterminedStand}, {"conditions", licensure.UndeterminedStand}} {
			in := c.input()
			in.Orders = [][]byte{shown(t, order, nil, "", o.without)}
			f := make_(t, withoutSigner(in))
			if got := f.Result().Standing; got != o.want || !f.Reverify(nil).Same() {
				t.Errorf("%s without %q: %s\n%s", form, o.without, got, f.Member("result/order-0001.json"))
			}
		}
	}
}

// TestShowingAsked: an SD-JWT that its holder showed to somebody else is no answer here.
func TestShowingAsked(t *testing.T) {
	c := newClinic(t)
	public, key, err := ed25519.GenerateKey(nil)
	must(t, err)
	degree := aDegree()
	degree.Holder, err = did.KeyDID(public)
	must(t, err)
	c.federation.form = issuer.FormSDJWT
	file := c.federation.issue(degree)[0]
	for audience, want := range map[string]verifier.Verdict{"https://hospital.example": verifier.Valid, "https://elsewhere.example": verifier.Invalid} {
		in := c.input()
		in.Credentials = [][]byte{shown(t, file, key, audience)}
		in.Case.Asked = &evidencefile.Asked{Audience: "https://hospital.example", Challenge: "n-1"}
		f := make_(t, withoutSigner(in))
		if got := f.Member("result/credential-0001.json"); !bytes.Contains(got, []byte(`"verdict":"`+want.String()+`"`)) {
			t.Errorf("shown to %s: %s", audience, got)
		}
	}
}

// TestDocs reads the example of docs/evidence-file.md, and finds every member named there.
func TestDocs(t *testing.T) {
	page, err := os.ReadFile("../../docs/evidence-file.md")
	must(t, err)
	_, rest, ok := strings.Cut(string(page), "```json case\n")
	example, _, closed := strings.Cut(rest, "```")
	if !ok || !closed {
		t.Fatal("no example of a case")
	}
	given, err := evidencefile.ParseCase([]byte(example))
	must(t, err)
	c := newClinic(t)
	in := c.input()
	in.Case = *given
	in.Case.At = now.Add(2 * time.Hour).Format(time.RFC3339)
	f := make_(t, in)
	if got := f.Result().Standing; got != licensure.InForce {
		t.Errorf("the example of the page: %s\n%s", got, f.Member("result/elements.json"))
	}
	for _, name := range f.Names() {
		folder, file, _ := strings.Cut(name, "/")
		kind, _, _ := strings.Cut(file, "/")
		kind, _, numbered := strings.Cut(kind, "-0001")
		want := []string{"`" + name + "`", "`" + folder + "/" + kind + "/`", "`" + folder + "/" + kind + "-NNNN.json`"}
		if numbered {
			want = want[2:]
		}
		if !slices.ContainsFunc(want, func(w string) bool { return strings.Contains(string(page), w) }) && !strings.HasPrefix(kind, "credential-") {
			t.Errorf("the page says nothing of %s", name)
		}
	}
}
