package main

import (
	"bufio"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/btcsuite/btcd/btcec/v2"

	"github.com/certanchor/certanchor/anchor"
	"github.com/certanchor/certanchor/issuer"
	"github.com/certanchor/certanchor/licensure"
)

var keygenCommand = command{
	name:    "keygen",
	usage:   "--out DIR --network NET --id URL --name NAME",
	summary: "make an issuer: keys, profile (DID document), context",
	example: "certanchor keygen --out board --network regtest \\\n" +
		"      --id https://board.example/issuer.json --name \"Board of Alderfen\"",
	run: (*app).keygen,
}

// keyLead is how far back new keys count. Verifiers know the time of a block within
// hours; a key that counted from this minute would be too near its own first use.
const keyLead = 24 * time.Hour

func (a *app) keygen(_ context.Context, fs *flag.FlagSet, args []string) error {
	n := issuer.NewIssuer{Context: licensure.Context()}
	fs.StringVar(&n.Dir, "out", "", "folder to make")
	network := fs.String("network", "", "mainnet, testnet3, testnet4, signet, regtest or mocknet")
	fs.StringVar(&n.ID, "id", "", "https URL under which issuer.json will be published")
	fs.StringVar(&n.Name, "name", "", "the issuer's name")
	profile := fs.String("profile", string(anchor.ProfileBlockcerts), "form of the issuing address: blockcerts (P2PKH), segwit or taproot")
	anchorKey := fs.String("anchor-key", "", "public key that pays (33 bytes, hex) if its secret is elsewhere: certanchor-pkcs11 public")
	pass := fs.String("passphrase-file", "", "file with the passphrase that seals the keys; - reads a line from standard input")
	fs.BoolVar(&n.RevocationList, "revocation-list", false, "name an Open Badges revocation list in the profile, for older verifiers")
	operands, err := parse(fs, args)
	if err != nil {
		return err
	}
	if len(operands) > 0 || n.Dir == "" || n.ID == "" || n.Name == "" || *network == "" {
		return misuse("certanchor help keygen", "keygen needs --out, --network, --id and --name")
	}
	if *network != "mocknet" {
		if n.Network, err = anchor.ParseNetwork(*network); err != nil {
			return misuse("say mainnet, testnet3, testnet4, signet, regtest or mocknet", "%v", err)
		}
	}
	if n.Profile, err = anchor.ParseProfile(*profile); err != nil {
		return misuse("say blockcerts, segwit or taproot", "%v", err)
	}
	if *anchorKey != "" {
		raw, err := hex.DecodeString(*anchorKey)
		if err == nil {
			n.AnchorKey, err = btcec.ParsePubKey(raw)
		}
		if err != nil || len(raw) != btcec.PubKeyBytesLenCompressed {
			return misuse("33 bytes in hex, as certanchor-pkcs11 public prints them", "--anchor-key is no public key of secp256k1")
		}
	}
	if u, err := url.Parse(n.ID); err != nil || u.Scheme != "https" || u.Host == "" || !strings.HasSuffix(u.Path, ".json") {
		return misuse("such as https://board.example/issuer.json", "--id %s is not an https URL that ends in .json", oneLine(n.ID))
	}
	n.From = time.Now().Add(-keyLead)
	if *pass != "" {
		if n.Passphrase, err = a.passphrase(*pass)(); err != nil {
			return err
		}
	} else if n.Network != "" && n.Network != anchor.Regtest {
		return misuse("give --passphrase-file FILE", "keys for %s must be sealed", n.Network)
	}
	err = issuer.Generate(n)
	if errors.Is(err, issuer.ErrExists) {
		return misuse("choose another folder; keys are never overwritten", "%v: %s", err, n.Dir)
	}
	if err != nil {
		return err
	}
	trust, err := trustFor(issuerTrust{dir: n.Dir, label: n.Name, types: []string{"*"}, places: []string{"*"}}, n.Network)
	if err == nil {
		err = os.WriteFile(filepath.Join(n.Dir, "trust.json"), trust, 0o644)
	}
	if err != nil {
		return err
	}
	key, err := issuer.AnchorAddress(n.Dir)
	if err != nil {
		return err
	}
	fmt.Fprintf(a.stdout, "%s\n", n.Dir)
	a.say("Made %s in %s.", n.ID, n.Dir)
	a.say("  issuer.json, context.jsonld   publish these beside each other under the URL of the id")
	a.say("  trust.json                    a trust file that names this issuer alone, to try with")
	a.say("  keys/                         keep these; the issuing address is %s", key.Address)
	return nil
}

// passphrase returns a reader of the passphrase in a file, or in the first line of
// standard input for "-". It is never taken from a flag: others can read those.
func (a *app) passphrase(name string) func() (string, error) {
	if name == "" {
		return nil
	}
	return func() (string, error) {
		var line string
		var err error
		if name == "-" {
			line, err = bufio.NewReader(a.stdin).ReadString('\n')
			if err == io.EOF {
				err = nil
			}
		} else {
			var raw []byte
			raw, err = readFile(name, maxMessageFile)
			line, _, _ = strings.Cut(string(raw), "\n")
		}
		line = strings.TrimRight(line, "\r\n")
		if err == nil && line == "" {
			err = misuse("put it in the first line", "the passphrase is empty")
		}
		return line, err
	}
}

// issuerTrust is one issuer for a trust file.
type issuerTrust struct {
	dir, label    string
	types, places []string
	inForce       map[string][]int
}

// trustFor writes a trust file that names one issuer by the files of its folder.
func trustFor(i issuerTrust, network anchor.Network) ([]byte, error) {
	return trustFile([]issuerTrust{i}, network, ".")
}

// trustFile writes a trust file: the issuers with their documents pinned, their
// contexts by digest as files below base, each for its own issuer. An issuer without
// types is not named; only its context is, so that its documents can be read.
func trustFile(issuers []issuerTrust, network anchor.Network, base string) ([]byte, error) {
	f := map[string]any{"version": 1, "anchor": "required", "minConfirmations": 6, "statusMaxAge": "168h"}
	networks := []any{}
	if network != "" {
		networks = append(networks, string(network))
	}
	f["networks"] = networks
	var list, contexts []any
	for _, i := range issuers {
		entry, context, err := i.entry(base)
		if err != nil {
			return nil, err
		}
		if len(i.types) == 0 {
			contexts = append(contexts, context)
			continue
		}
		entry["contexts"] = []any{context}
		list = append(list, entry)
	}
	f["issuers"] = list
	if contexts != nil {
		f["contexts"] = contexts
	}
	b, err := json.MarshalIndent(f, "", "  ")
	return append(b, '\n'), err
}

func (i issuerTrust) entry(base string) (entry, context map[string]any, err error) {
	raw, err := os.ReadFile(filepath.Join(i.dir, "issuer.json"))
	if err != nil {
		return nil, nil, err
	}
	var doc map[string]any
	if err := json.Unmarshal(raw, &doc); err != nil {
		return nil, nil, err
	}
	file := "context.jsonld"
	if base != "." {
		if file, err = filepath.Rel(base, filepath.Join(i.dir, file)); err != nil {
			return nil, nil, err
		}
	}
	ctx, err := os.ReadFile(filepath.Join(i.dir, "context.jsonld"))
	if err != nil {
		return nil, nil, err
	}
	id, _ := doc["id"].(string)
	entry = map[string]any{"id": id, "label": i.label, "document": doc, "types": i.types, "jurisdictions": i.places}
	if i.inForce != nil {
		entry["inForce"] = i.inForce
	} else {
		entry["inForce"] = map[string][]int{licensure.TypeLicence: inForceCodes()}
	}
	return entry, map[string]any{"url": id[:strings.LastIndex(id, "/")+1] + "context.jsonld", "sha256": sha256Hex(ctx), "file": filepath.ToSlash(file)}, nil
}

// inForceCodes are the legal statuses under which a licence lets somebody practise,
// with or without limits: active, active with conditions, probation, provisional.
func inForceCodes() []int {
	return []int{int(licensure.Active), int(licensure.ActiveWithConditions), int(licensure.Probation), int(licensure.Provisional)}
}
