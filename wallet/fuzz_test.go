package wallet

import (
	"bytes"
	"testing"

	"github.com/certanchor/certanchor/credential"
	"github.com/certanchor/certanchor/verifier"
)

// FuzzArrives hands a wallet what others may send, as each thing it could be: no panic,
// nothing kept that is not valid, nothing shown that no request asked for, and no file
// written.
func FuzzArrives(f *testing.F) {
	w := newWorld(f)
	b := w.addBoard("alderfen")
	did := b.relate(Ed25519)
	ld, sd := b.issueForms(licence(did, "L-1"))
	w.keep(ld[0], sd[0])
	invitation := []byte(`{"version":1,"type":"certanchor-invitation","issuer":"https://x.example/","name":"x","nonce":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","expires":"2026-07-08T12:00:00Z","bitcoinAddress":"mainnet"}`)
	log := must[[]byte](f)(w.wallet.ShareLog())
	dossier := must[[]byte](f)(w.wallet.Dossier(w.wallet.Records(), nil, "x", "y", ""))
	sets := request(f, func(q object) {
		q["dcql_query"].(object)["credential_sets"] = []any{object{"options": []any{[]any{"licence"}}}}
	})
	single := request(f, func(q object) {
		q["dcql_query"] = object{"credentials": []any{object{"id": "one", "format": FormatSDJWT, "meta": object{"type_values": []any{[]any{"LicenceCredential"}}},
			"claims": []any{object{"path": []any{"credentialSubject", "number"}}}}}}
	})
	trusting := []byte(`{"version":1,"networks":["regtest"],"issuers":[],"contexts":[{"url":"https://x.example/c","file":"c","sha256":"44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"}]}`)
	for _, seed := range [][]byte{ld[0], sd[0], invitation, log, request(f, nil), sets, single, []byte(must[string](f)(CredentialText(ld[0]))), []byte("PK\x03\x04"), dossier, trusting} {
		f.Add(seed)
	}
	ev, trust := w.evidence(), w.trust()
	held, shares := len(w.wallet.Records()), len(w.wallet.Shares())
	f.Fuzz(func(t *testing.T, data []byte) {
		defer func() {
			w.wallet.contents.Shares.Lines = w.wallet.contents.Shares.Lines[:shares]
			w.wallet.contents.Relations = w.wallet.contents.Relations[:1]
		}()
		if items, err := CollectBytes("sent", data); err == nil {
			for _, item := range items {
				finding := w.wallet.Examine(item, ev, trust)
				if finding.Err == nil && finding.Report.Verdict == verifier.Invalid {
					t.Errorf("invalid, and could be kept: %q", item.Raw)
				}
				if err := w.wallet.Keep(finding, false); err == nil && len(w.wallet.Records()) != held {
					t.Errorf("a credential that no issuer made: %q", item.Raw)
				}
			}
		}
		if i, err := credential.ParseInvitation(data); err == nil {
			_, _ = w.wallet.Answer(i, P256)
		}
		if q, err := ParseRequest(data); err == nil {
			if p, err := w.wallet.Plan(q, nil); err == nil {
				if parts, err := w.wallet.Present(p); err == nil {
					asked := false
					for _, c := range p.Choices {
						for _, l := range c.Leaves {
							asked = asked || l.Value == `"Ostrowe"`
						}
					}
					clear := bytes.Join(parts, nil)
					for _, part := range parts {
						if c, err := credential.Parse(part); err == nil && c.Envelope() != nil {
							clear = append(clear, encodedDoc(t, c.Unsecured())...)
						}
					}
					if !asked && bytes.Contains(clear, []byte("Ostrowe")) {
						t.Error("a name left that the plan did not list")
					}
				}
			}
		}
		if d, err := ParseDossier(data); err == nil {
			d.Check(verifier.Request{}, trust.Trust, now)
		}
		_, _ = CheckShares(data)
		_, _ = OpenSealed(data, data)
		_, _ = open(data, testPass, 1)
		_, _ = ReadTrust(data, nil)
		var have contents
		_ = readContents(data, &have)
	})
}
