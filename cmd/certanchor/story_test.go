package main

import (
	"archive/zip"
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/json"
	"io"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/btcsuite/btcd/address/v2/base58"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/certanchor/certanchor/credential"
	"github.com/certanchor/certanchor/did"
	"github.com/certanchor/certanchor/internal/jsonld"
	"github.com/certanchor/certanchor/internal/strictjson"
	"github.com/certanchor/certanchor/verifier"
)

// Commands of the scripts in testdata that tell whole stories.

// when sets a variable to a moment counted from now: when DAY 48h date, when AT 48h time.
func when(ts *testscript.TestScript, neg bool, args []string) {
	after, err := time.ParseDuration(args[1])
	ts.Check(err)
	form := map[string]string{"date": time.DateOnly, "time": time.RFC3339, "year": "2006"}[args[2]]
	ts.Setenv(args[0], time.Now().UTC().Add(after).Format(form))
}

// fill puts variables into files: fill FILE…
func fill(ts *testscript.TestScript, neg bool, args []string) {
	for _, name := range args {
		ts.Check(os.WriteFile(ts.MkAbs(name), []byte(os.Expand(ts.ReadFile(name), ts.Getenv)), 0o600))
	}
}

// trusting writes a trust file that joins those of issuers, as a person would in an editor:
// trusting OUT DIR=TYPE,TYPE@PLACE,PLACE …
func trusting(ts *testscript.TestScript, neg bool, args []string) {
	var joined map[string]any
	for _, arg := range args[1:] {
		dir, may, _ := strings.Cut(arg, "=")
		types, places, _ := strings.Cut(may, "@")
		var one map[string]any
		ts.Check(json.Unmarshal([]byte(ts.ReadFile(dir+"/trust.json")), &one))
		is := one["issuers"].([]any)[0].(map[string]any)
		is["types"], is["jurisdictions"] = strings.Split(types, ","), strings.Split(places, ",")
		pin := is["contexts"].([]any)[0].(map[string]any)
		pin["file"] = dir + "/context.jsonld"
		if joined == nil {
			joined = one
			continue
		}
		joined["issuers"] = append(joined["issuers"].([]any), is)
	}
	raw, err := json.MarshalIndent(joined, "", " ")
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), raw, 0o600))
}

// leaf sets variables to a credential's id and to the digest by which others name it, as
// verify --explain prints it: leaf ID DIGEST FILE TRUST.
func leaf(ts *testscript.TestScript, neg bool, args []string) {
	var c struct{ ID string }
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[2])), &c))
	dir := ts.MkAbs(".")
	trust, err := verifier.ParseTrust([]byte(ts.ReadFile(args[3])), func(name string) ([]byte, error) { return os.ReadFile(filepath.Join(dir, name)) })
	ts.Check(err)
	all, err := verifier.Explain([]byte(ts.ReadFile(args[2])), trust)
	ts.Check(err)
	ts.Setenv(args[0], c.ID)
	ts.Setenv(args[1], all[len(all)-1].Local.String())
}

// unpack writes the members of an archive into a folder: unpack FILE DIR.
func unpack(ts *testscript.TestScript, neg bool, args []string) {
	raw := []byte(ts.ReadFile(args[0]))
	r, err := zip.NewReader(bytes.NewReader(raw), int64(len(raw)))
	ts.Check(err)
	for _, m := range r.File {
		in, err := m.Open()
		ts.Check(err)
		data, err := io.ReadAll(in)
		ts.Check(err)
		name := filepath.Join(ts.MkAbs(args[1]), filepath.FromSlash(m.Name))
		ts.Check(os.MkdirAll(filepath.Dir(name), 0o700))
		ts.Check(os.WriteFile(name, data, 0o600))
	}
}

// madeUpHolder is the key of the physician in the scripts.
func madeUpHolder() (ed25519.PrivateKey, string) {
	seed := sha256.Sum256([]byte("a made-up physician"))
	key := ed25519.NewKeyFromSeed(seed[:])
	id, err := did.KeyDID(key.Public())
	if err != nil {
		panic(err)
	}
	return key, id
}

// holder sets a variable to the physician's DID: holder HOLDER.
func holder(ts *testscript.TestScript, neg bool, args []string) {
	_, id := madeUpHolder()
	ts.Setenv(args[0], id)
}

// present makes a presentation of credentials by the physician, until there is a wallet:
// present OUT AUDIENCE CHALLENGE CONTEXT=FILE… CREDENTIAL…
func present(ts *testscript.TestScript, neg bool, args []string) {
	key, id := madeUpHolder()
	contexts := jsonld.Builtin()
	var carried []any
	for _, arg := range args[3:] {
		if url, file, ok := strings.Cut(arg, "="); ok {
			var err error
			contexts, err = contexts.With(url, []byte(ts.ReadFile(file)))
			ts.Check(err)
			continue
		}
		c, err := strictjson.Parse([]byte(ts.ReadFile(arg)), strictjson.Limits{})
		ts.Check(err)
		carried = append(carried, c)
	}
	doc := map[string]any{"@context": []any{credential.ContextVC2}, "type": []any{"VerifiablePresentation"}, "holder": id, "verifiableCredential": carried}
	_, method, _ := strings.Cut(id, "did:key:")
	options := map[string]any{"type": credential.DataIntegrityProof, "cryptosuite": "eddsa-rdfc-2022", "created": time.Now().UTC().Format(time.RFC3339),
		"verificationMethod": id + "#" + method, "proofPurpose": string(did.Authentication), "domain": args[1], "challenge": args[2]}
	// What is signed is SHA-256 of the canonical options, then of the canonical document.
	var input []byte
	bound := map[string]any{"@context": doc["@context"]}
	maps.Copy(bound, options)
	for _, part := range []map[string]any{bound, doc} {
		res, err := jsonld.Canonicalize(part, jsonld.Options{Contexts: contexts})
		ts.Check(err)
		sum := sha256.Sum256(res.NQuads)
		input = append(input, sum[:]...)
	}
	options["proofValue"] = "z" + base58.Encode(ed25519.Sign(key, input))
	doc["proof"] = []any{options}
	raw, err := strictjson.Canonical(doc)
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), raw, 0o600))
}

// cutProof takes the last characters off the Merkle proof of a credential: cutproof FILE OUT.
func cutProof(ts *testscript.TestScript, neg bool, args []string) {
	c, err := strictjson.ParseObject([]byte(ts.ReadFile(args[0])), strictjson.Limits{})
	ts.Check(err)
	for _, p := range c["proof"].([]any) {
		m := p.(map[string]any)
		if value, _ := m["proofValue"].(string); m["cryptosuite"] == "merkle-proof-2019" || m["type"] == "MerkleProof2019" {
			m["proofValue"] = value[:len(value)-8]
		}
	}
	raw, err := strictjson.Canonical(c)
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), raw, 0o600))
}
