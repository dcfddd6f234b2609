package main

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"path/filepath"
	"time"

	"github.com/certanchor/certanchor/credential"
	"github.com/certanchor/certanchor/did"
	"github.com/certanchor/certanchor/issuer"
)

// An sdJWT is a credential of ours as others look at it: the compact form, and what it says
// when all of it is shown.
type sdJWT struct {
	Typ    string         `json:"typ"`
	SDJWT  string         `json:"sdJwt"`
	Claims map[string]any `json:"claims"` // of the subject
}

// sdJWTs issues three drafts in both forms of SD-JWT to a holder whose key is written beside
// them, revokes the last of each form, and publishes the lists.
func sdJWTs(ctx context.Context, dir string, now time.Time) error {
	o, err := openOffice(dir, "sdjwt.federation.example", "", "", now, allStatus)
	if err != nil {
		return err
	}
	defer o.Close()
	pub, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return err
	}
	holder, err := did.KeyDID(pub)
	if err != nil {
		return err
	}
	addressed := func(yield func(issuer.Draft, error) bool) {
		for d, err := range o.drafts(0, 3) {
			if err == nil {
				d.Object["credentialSubject"].(map[string]any)["id"] = holder
			}
			if !yield(d, err) {
				return
			}
		}
	}
	c, err := o.mock(ctx, issuer.InForm(addressed, issuer.FormSDJWT, issuer.FormDC))
	if err != nil {
		return err
	}
	var made []sdJWT
	for i, raw := range c.docs {
		cred, err := credential.Parse(raw)
		if err != nil {
			return err
		}
		e := cred.Envelope()
		text := e.JWT + "~"
		for _, d := range e.Disclosures {
			text += d.Text + "~"
		}
		made = append(made, sdJWT{e.Typ, text, cred.Member("credentialSubject").(map[string]any)})
		if i >= len(c.docs)-2 {
			if err := o.Revoke(cred.ID(), "issued in error"); err != nil {
				return err
			}
		}
	}
	lists, err := o.PublishLists(now.Add(-time.Hour))
	if err != nil {
		return err
	}
	l := o.listing()
	for _, list := range lists {
		l.Served[list.URL] = filepath.Join("status", list.Name)
	}
	if err := o.publishRevocations(); err != nil {
		return err
	}
	jwk, err := did.JWK(pub)
	if err != nil {
		return err
	}
	jwk["d"] = base64.RawURLEncoding.EncodeToString(key.Seed())
	if err := writeJSON(filepath.Join(dir, "holder.json"), jwk); err != nil {
		return err
	}
	if err := writeJSON(filepath.Join(dir, "sdjwts.json"), made); err != nil {
		return err
	}
	return l.write(dir)
}
