package wallet

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/certanchor/certanchor/credential"
	"github.com/certanchor/certanchor/issuer"
)

// invite makes an invitation signed by the board, as it arrives in its text form.
func (b *board) invite() *credential.Invitation {
	b.t.Helper()
	c := issuer.DeskConfig{Dir: b.dir, Now: b.config.Now}
	var err error
	c.Signer, c.KeyID, err = issuer.SigningKey(b.dir, nil)
	b.must(err)
	d, err := issuer.OpenDesk(c)
	b.must(err)
	defer d.Close()
	i, err := d.Invite("", time.Hour, "")
	b.must(err)
	text, err := i.Text()
	b.must(err)
	got, err := credential.ParseInvitation([]byte(text))
	b.must(err)
	if *got != *i || got.Signature == "" {
		b.t.Fatalf("%+v came as %+v", i, got)
	}
	return got
}

// bendTrust reads the world's trust file again with its first issuer changed.
func (w *world) bendTrust(change func(entry, document object)) *TrustFile {
	w.t.Helper()
	raw, err := os.ReadFile(filepath.Join(w.boards[0].dir, "issuer.json"))
	w.must(err)
	document := parsedDoc(w.t, raw)
	entry := object{"id": w.boards[0].id, "label": "Pinned", "document": document, "types": []any{"*"}, "jurisdictions": []any{"*"}}
	change(entry, document)
	file, err := json.Marshal(object{"version": 1, "networks": []any{"regtest"}, "issuers": []any{entry}})
	w.must(err)
	t, err := ReadTrust(file, nil)
	w.must(err)
	return t
}

// TestSignedInvitation: an invitation signed by the issuer whom the trust file names is told
// by the file's name; one that anybody changed or that another signed is not.
func TestSignedInvitation(t *testing.T) {
	w := newWorld(t)
	north, south := w.addBoard("north"), w.addBoard("south")
	good, other := north.invite(), south.invite()
	if name, err := w.wallet.CheckInvitation(good, w.trust()); err != nil || name != "Pinned "+north.id {
		t.Fatalf("%q, %v", name, err)
	}
	for what, c := range map[string]struct {
		change func(i *credential.Invitation)
		want   string
	}{
		"other name":          {func(i *credential.Invitation) { i.Name += "!" }, "signature"},
		"other nonce":         {func(i *credential.Invitation) { i.Nonce = other.Nonce }, "signature"},
		"other end":           {func(i *credential.Invitation) { i.Expires = i.Expires.Add(time.Hour) }, "signature"},
		"other network":       {func(i *credential.Invitation) { i.Network = "mainnet" }, "signature"},
		"signature elsewhere": {func(i *credential.Invitation) { i.Signature = other.Signature }, "signature"},
		"no base64":           {func(i *credential.Invitation) { i.Signature += "=" }, "signature"},
		"other issuer":        {func(i *credential.Invitation) { i.Issuer = south.id }, "key"},
		"other's key":         {func(i *credential.Invitation) { i.Method, i.Signature = other.Method, other.Signature }, "key"},
		"other issuer, whole": {func(i *credential.Invitation) { i.Issuer, i.Method = south.id, other.Method }, "signature"},
		"the key that pays":   {func(i *credential.Invitation) { i.Method = north.key.ID }, "signature"},
		"no such key":         {func(i *credential.Invitation) { i.Method += "0" }, "key"},
		"unknown issuer":      {func(i *credential.Invitation) { i.Issuer = "https://phisher.example/issuer.json" }, "issuer-unknown"},
		"stripped":            {func(i *credential.Invitation) { i.Method, i.Signature = "", "" }, "unsigned"},
	} {
		bent := *good
		c.change(&bent)
		w.refusedInvitation(what, &bent, w.trust(), c.want)
	}
	day := func(n int) string { return now.AddDate(0, 0, n).Format(time.RFC3339) }
	method := func(document object) object { return document["verificationMethod"].([]any)[0].(object) }
	pin := func(more object) []any {
		more["id"] = good.Method
		return []any{more}
	}
	for what, c := range map[string]struct {
		change func(entry, document object)
		want   string
	}{
		"as it is":                  {func(_, _ object) {}, ""},
		"expired key":               {func(_, d object) { method(d)["expires"] = day(-1) }, "key-not-in-force"},
		"key that will expire":      {func(_, d object) { method(d)["expires"] = day(1) }, ""},
		"revoked key":               {func(_, d object) { method(d)["revoked"] = day(-1) }, "key-not-in-force"},
		"future key":                {func(_, d object) { method(d)["created"] = day(1) }, "key-not-in-force"},
		"key without beginning":     {func(_, d object) { delete(method(d), "created") }, "key-not-in-force"},
		"key of another controller": {func(_, d object) { method(d)["controller"] = south.id }, "key"},
		"key for something else":    {func(_, d object) { d["assertionMethod"] = []any{} }, "key"},
		"pinned end":                {func(e, _ object) { e["keys"] = pin(object{"until": day(-1)}) }, "key-not-in-force"},
		"pinned theft":              {func(e, _ object) { e["keys"] = pin(object{"invalidSince": day(-1)}) }, "key-not-in-force"},
		"pinned beginning":          {func(e, _ object) { e["keys"] = pin(object{"from": day(1)}) }, "key-not-in-force"},
		"pinned other key": {func(e, _ object) {
			e["keys"] = pin(object{"from": day(-1), "publicKeyMultibase": "z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK"})
		}, "signature"},
		"document by digest only": {func(e, _ object) {
			delete(e, "document")
			e["documentSHA256"] = strings.Repeat("00", 32)
		}, "key"},
	} {
		w.refusedInvitation(what, good, w.bendTrust(c.change), c.want)
	}
}

// refusedInvitation wants a code; "" wants it found good.
func (w *world) refusedInvitation(what string, i *credential.Invitation, trust *TrustFile, want string) {
	w.t.Helper()
	name, err := w.wallet.CheckInvitation(i, trust)
	var e *InvitationError
	switch {
	case want == "" && err == nil && name != "":
	case !errors.As(err, &e) || e.Code != want || name != "":
		w.t.Errorf("%s: %q, %v, want %q", what, name, err, want)
	}
}
