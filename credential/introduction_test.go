package credential

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/certanchor/certanchor/internal/strictjson"
)

func testInvitation() *Invitation {
	return &Invitation{Version: 1, Type: TypeInvitation, Issuer: "https://board.example/issuer.json", Name: "Board & Sons",
		Nonce: strings.Repeat("A", 43), Expires: time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC), Network: "mainnet"}
}

func TestInvitationForms(t *testing.T) {
	i := testInvitation()
	text, err := i.Text()
	if err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(i)
	if err != nil {
		t.Fatal(err)
	}
	for _, form := range []string{text, " " + text + "\n", string(raw)} {
		got, err := ParseInvitation([]byte(form))
		if err != nil || *got != *i {
			t.Errorf("%.40s: %+v, %v", form, got, err)
		}
	}
	if strings.ContainsAny(text, " \"{+/=") {
		t.Errorf("text %s", text)
	}
}

func TestInvitationRefused(t *testing.T) {
	for what, bend := range map[string]func(*Invitation){
		"version":       func(i *Invitation) { i.Version = 2 },
		"type":          func(i *Invitation) { i.Type = TypeIntroduction },
		"short nonce":   func(i *Invitation) { i.Nonce = "AAAA" },
		"padded nonce":  func(i *Invitation) { i.Nonce += "=" },
		"relative id":   func(i *Invitation) { i.Issuer = "board" },
		"id with space": func(i *Invitation) { i.Issuer += " x" },
		"no end":        func(i *Invitation) { i.Expires = time.Time{} },
		"no method":     func(i *Invitation) { i.Signature = "AAAA" },
		"no signature":  func(i *Invitation) { i.Method = "https://board.example/issuer.json#signing-1" },
	} {
		i := testInvitation()
		bend(i)
		raw, err := json.Marshal(i)
		if err != nil {
			t.Fatal(err)
		}
		var e *Error
		if _, err := ParseInvitation(raw); !errors.As(err, &e) || e.Code != CodeMember {
			t.Errorf("%s: %v", what, err)
		}
	}
	var e *Error
	if _, err := ParseInvitation([]byte(`{"version":1,"x":"` + strings.Repeat("y", maxMessage) + `"}`)); !errors.As(err, &e) || e.Code != CodeLimit {
		t.Error(err)
	}
	var j *strictjson.Error
	if _, err := ParseInvitation([]byte(`{"version":1,"version":1}`)); !errors.As(err, &j) {
		t.Error(err)
	}
}

// TestSigningInput: every member but the signatures is under them, and they are under none.
func TestSigningInput(t *testing.T) {
	make := func(bend func(*Introduction)) string {
		n := &Introduction{Version: 1, Type: TypeIntroduction, Issuer: "https://a.example/", Nonce: "n", DID: "did:key:z6Mk", At: time.Unix(1e9, 0).UTC(),
			Address: &ProvenWallet{Network: "mainnet", Address: "1A", PublicKey: "z"}, Recovery: &ProvenKey{DID: "did:key:z6Mr"}}
		if bend != nil {
			bend(n)
		}
		b, err := n.SigningInput()
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	plain := make(nil)
	if !strings.HasPrefix(plain, "certanchor/introduction/1\x00{") {
		t.Errorf("%q", plain)
	}
	if make(func(n *Introduction) { n.Signature, n.Address.Signature, n.Recovery.Signature = "x", "y", "z" }) != plain {
		t.Error("a signature signs a signature")
	}
	for i, bend := range []func(*Introduction){
		func(n *Introduction) { n.Version = 2 }, func(n *Introduction) { n.Type = "x" }, func(n *Introduction) { n.Issuer = "x" },
		func(n *Introduction) { n.Nonce = "x" }, func(n *Introduction) { n.DID = "x" }, func(n *Introduction) { n.At = n.At.Add(time.Second) },
		func(n *Introduction) { n.Address = nil }, func(n *Introduction) { n.Address.Network = "x" },
		func(n *Introduction) { n.Address.Address = "x" }, func(n *Introduction) { n.Address.PublicKey = "x" },
		func(n *Introduction) { n.Recovery = nil }, func(n *Introduction) { n.Recovery.DID = "x" },
	} {
		if make(bend) == plain {
			t.Errorf("change %d is not signed", i)
		}
	}
}

// TestInvitationSigningInput: likewise of an invitation, its verification method included.
func TestInvitationSigningInput(t *testing.T) {
	make := func(bend func(*Invitation)) string {
		i := testInvitation()
		i.Method = "https://board.example/issuer.json#signing-1"
		bend(i)
		b, err := i.SigningInput()
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	plain := make(func(*Invitation) {})
	if !strings.HasPrefix(plain, "certanchor/invitation/1\x00{\"bitcoinAddress\":\"mainnet\",\"expires\"") {
		t.Errorf("%q", plain)
	}
	if make(func(i *Invitation) { i.Signature = "x" }) != plain {
		t.Error("a signature signs itself")
	}
	for i, bend := range []func(*Invitation){
		func(i *Invitation) { i.Version = 2 }, func(i *Invitation) { i.Type = "x" }, func(i *Invitation) { i.Issuer = "x" }, func(i *Invitation) { i.Name = "x" },
		func(i *Invitation) { i.Nonce = "x" }, func(i *Invitation) { i.Expires = i.Expires.Add(time.Second) }, func(i *Invitation) { i.Network = "" },
		func(i *Invitation) { i.Method += "x" },
	} {
		if make(bend) == plain {
			t.Errorf("change %d is not signed", i)
		}
	}
}

func testRotation() *Rotation {
	return &Rotation{Version: 1, Type: TypeRotation, Issuer: "https://board.example/issuer.json", OldDID: "did:key:z6MkA", NewDID: "did:key:z6MkB",
		At: time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC), Signature: "AAAA", NewSignature: "BBBB"}
}

func TestRotationForms(t *testing.T) {
	r := testRotation()
	text, err := r.Text()
	if err != nil {
		t.Fatal(err)
	}
	raw, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	for _, form := range []string{text, " " + text + "\n", string(raw)} {
		got, err := ParseRotation([]byte(form))
		if err != nil || *got != *r {
			t.Errorf("%.40s: %+v, %v", form, got, err)
		}
	}
	for what, bend := range map[string]func(*Rotation){
		"version":             func(r *Rotation) { r.Version = 2 },
		"type":                func(r *Rotation) { r.Type = TypeIntroduction },
		"two signers":         func(r *Rotation) { r.Recovery = "did:key:z6MkC" },
		"no signer":           func(r *Rotation) { r.OldDID = "" },
		"signer of the web":   func(r *Rotation) { r.OldDID = "did:web:a.example" },
		"recovery of the web": func(r *Rotation) { r.OldDID, r.Recovery = "", "did:web:a.example" },
		"new of the web":      func(r *Rotation) { r.NewDID = "did:web:a.example" },
		"nothing new":         func(r *Rotation) { r.NewDID = r.OldDID },
		"the recovery key":    func(r *Rotation) { r.OldDID, r.Recovery = "", r.NewDID },
		"no time":             func(r *Rotation) { r.At = time.Time{} },
	} {
		r := testRotation()
		bend(r)
		raw, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		var e *Error
		if _, err := ParseRotation(raw); !errors.As(err, &e) || e.Code != CodeMember {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// TestRotationSigningInput: likewise of a change of keys.
func TestRotationSigningInput(t *testing.T) {
	input := func(bend func(*Rotation)) string {
		r := testRotation()
		bend(r)
		b, err := r.SigningInput()
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	plain := input(func(*Rotation) {})
	if !strings.HasPrefix(plain, "certanchor/rotation/1\x00{\"at\"") || strings.Contains(plain, "ignature") {
		t.Errorf("%q", plain)
	}
	for i, bend := range []func(*Rotation){
		func(r *Rotation) { r.Version = 2 }, func(r *Rotation) { r.Type = "x" }, func(r *Rotation) { r.Issuer = "x" }, func(r *Rotation) { r.OldDID = "x" },
		func(r *Rotation) { r.OldDID, r.Recovery = "", r.OldDID }, func(r *Rotation) { r.NewDID = "x" }, func(r *Rotation) { r.At = r.At.Add(time.Second) },
	} {
		if input(bend) == plain {
			t.Errorf("change %d is not signed", i)
		}
	}
}
