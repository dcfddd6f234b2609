package main

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"flag"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/certanchor/certanchor/credential"
	"github.com/certanchor/certanchor/verifier"
	"github.com/certanchor/certanchor/wallet"
)

var requestCommand = command{
	name:    "request",
	usage:   "--audience URL --verifier NAME --purpose TEXT --type TYPE… --out FILE",
	summary: "ask a holder for credentials: a request file, good for one answer",
	example: "certanchor request --audience https://hospital.example --verifier \"Hospital of Alderfen\" \\\n" +
		"      --purpose credentialing --type LicenceCredential --out request.json\n" +
		"  certanchor request --audience https://hospital.example --verifier \"Hospital of Alderfen\" \\\n" +
		"      --purpose credentialing --type LicenceCredential --claim credentialSubject.number --out request.json",
	run: (*app).request,
}

// request writes a request with a new nonce. A verifier who needs more than types writes
// the file by hand; docs/wallet.md has all of it.
func (a *app) request(_ context.Context, fs *flag.FlagSet, args []string) error {
	audience := fs.String("audience", "", "who asks: an URL or DID, which the answer is bound to")
	name := fs.String("verifier", "", "the same as a name, for the holder")
	purpose := fs.String("purpose", "", "what for, in words")
	until := fs.String("until", "", "date until which what is shown will be used")
	life := fs.Duration("life", 24*time.Hour, "how long the request can be answered, such as 72h")
	recipient := fs.String("recipient", "", "age recipient (age1…): the answer comes as a sealed dossier")
	var types, optional texts
	fs.Var(&types, "type", "type of a credential that is needed; may be given again")
	fs.Var(&optional, "optional", "type of a credential that the holder may leave out; may be given again")
	var claims texts
	fs.Var(&claims, "claim", "a claim of each credential, such as credentialSubject.number: asks for SD-JWTs that show nothing else; may be given again")
	format := fs.String("format", wallet.FormatSDJWT, "with --claim: vc+sd-jwt, or dc+sd-jwt for SD-JWT VCs, whose claims have no credentialSubject before them")
	out := fs.String("out", "", "file to write")
	picture := fs.String("qr", "", "FILE.png or FILE.svg to write as a QR code too")
	operands, err := parse(fs, args)
	if err != nil {
		return err
	}
	if err := checkQR(*picture, *out); err != nil {
		return err
	}
	if *format != wallet.FormatSDJWT && *format != wallet.FormatDC {
		return misuse("say vc+sd-jwt or dc+sd-jwt", "no format %q with --claim", *format)
	}
	named := false
	fs.Visit(func(f *flag.Flag) { named = named || f.Name == "format" })
	if named && len(claims) == 0 {
		return misuse("name with --claim what is to be shown; without it whole credentials are asked for", "--format goes with --claim")
	}
	if *life <= 0 {
		return misuse("such as --life 24h", "--life %v is no time to answer in", *life)
	}
	for _, list := range []texts{types, optional, claims} {
		if slices.Contains(list, "") {
			return misuse("certanchor help request", "a --type, --optional or --claim is empty")
		}
	}
	if *picture != "" && *out == "" {
		return misuse("name the file with --out", "the answer is judged by the request: a picture of it is not enough")
	}
	if len(operands) > 0 || *audience == "" || *purpose == "" || len(types)+len(optional) == 0 {
		return misuse("certanchor help request", "request needs --audience, --purpose and --type")
	}
	for _, c := range claims {
		head, _, nested := strings.Cut(c, ".")
		if *format == wallet.FormatDC && head == "credentialSubject" {
			return misuse("such as --claim number", "--claim %s: in dc+sd-jwt the claims have no credentialSubject before them", oneLine(c))
		}
		if *format == wallet.FormatSDJWT && !nested {
			a.say("--claim %s: a claim about the holder is called credentialSubject.%s.", oneLine(c), oneLine(c))
		}
	}
	var nonce [32]byte
	if _, err := rand.Read(nonce[:]); err != nil {
		return err
	}
	q := wallet.Request{Version: 1, Type: wallet.TypeRequest, Verifier: *name, Audience: *audience, Purpose: *purpose, Until: *until, Sealed: *recipient,
		Nonce: base64.RawURLEncoding.EncodeToString(nonce[:]), Expires: time.Now().UTC().Truncate(time.Second).Add(*life)}
	for i, t := range append(types, optional...) {
		c := wallet.CredentialQuery{ID: fmt.Sprintf("c%d", i+1), Format: wallet.FormatLDP}
		c.Meta.TypeValues = [][]string{{t}}
		if len(claims) > 0 {
			c.Format = *format
		}
		if c.Format == wallet.FormatDC {
			c.Meta.TypeValues, c.Meta.VCTValues = nil, []string{vctOf(t)}
		}
		for _, claim := range claims {
			c.Claims = append(c.Claims, wallet.ClaimQuery{Path: anyTexts(strings.Split(claim, "."))})
		}
		q.Query.Credentials = append(q.Query.Credentials, c)
		if len(optional) > 0 {
			required := i < len(types)
			q.Query.CredentialSets = append(q.Query.CredentialSets, wallet.CredentialSet{Options: [][]string{{c.ID}}, Required: &required})
		}
	}
	b, err := json.MarshalIndent(q, "", "  ")
	if err != nil {
		return err
	}
	if _, err := wallet.ParseRequest(b); err != nil {
		return misuse("certanchor help request", "%v", err)
	}
	text, err := q.Text()
	if err != nil {
		return err
	}
	if err := a.writeWithQR(*out, append(b, '\n'), *picture, text, "send the file"); err != nil {
		return err
	}
	a.say("Keep this file: certanchor verify --request judges the answer by it. Take one answer only, or somebody could show it again.")
	return nil
}

// vctOf is the vct of a type: types of the built-in context by their short name.
func vctOf(name string) string {
	if strings.Contains(name, ":") {
		return name
	}
	return credential.LicensureTerms + name
}

// readRequest reads the request that an answer is judged by; nil if none is named.
func readRequest(name string) (*wallet.Request, error) {
	if name == "" {
		return nil, nil
	}
	raw, err := readFile(name, maxDataFile)
	if err != nil {
		return nil, err
	}
	q, err := wallet.ParseRequest(raw)
	if err != nil {
		return nil, misuse("give the file that certanchor request wrote", "%s: %v", name, err)
	}
	return q, nil
}

func askedOf(q *wallet.Request) verifier.Request {
	if q == nil {
		return verifier.Request{}
	}
	return q.Asked()
}

// unanswered tells what a good presentation does not show of what was asked for; such a
// one is not enough, so that the whole is indeterminate.
func (p *printer) unanswered(q *wallet.Request, reports ...*verifier.Report) {
	if q == nil || p.status() != exitOK {
		return
	}
	if missing := q.Unanswered(reports...); len(missing) > 0 {
		p.counts[verifier.Indeterminate]++
		if !p.asJSON {
			fmt.Fprintf(p.w, "NOT ANSWERED: nothing valid was shown for %s\n", oneLine(strings.Join(missing, ", ")))
		}
	}
}

// A dossierCheck is how dossiers are judged.
type dossierCheck struct {
	*printer
	ev       *verifier.Evidence
	trust    *verifier.Trust
	at       time.Time
	request  *wallet.Request
	identity string
}

// verifyDossier judges the documents of dossiers by what is in them. Evidence that the
// verifier has besides counts too: a newer status list, say.
func (a *app) verifyDossier(files []string, c dossierCheck) error {
	for _, name := range files {
		raw, err := readFile(name, maxDataFile)
		if err != nil {
			return err
		}
		if raw, err = openDossier(name, raw, c.identity); err != nil {
			return err
		}
		d, err := wallet.ParseDossier(raw)
		if err != nil {
			return misuse("is it a dossier? a presentation is judged by certanchor verify FILE; else ask the holder for the file as the wallet wrote it", "%s: %v", name, err)
		}
		d.Evidence.Merge(c.ev)
		if !c.asJSON {
			fmt.Fprintf(c.w, "%s: %d documents, made %s for %s, purpose: %s (as the file says; nobody signed that)\n",
				oneLine(name), len(d.Documents), d.Made.Format(time.RFC3339), oneLine(d.For), oneLine(d.Purpose))
		}
		c.many = len(d.Documents) > 1
		reports := d.Check(askedOf(c.request), c.trust, c.at)
		for i, r := range reports {
			if err := c.report(fmt.Sprintf("document %d", i+1), r); err != nil {
				return err
			}
		}
		c.unanswered(c.request, reports...)
	}
	c.summary()
	return exitStatus(c.status())
}

// isDossier reports whether a file is a dossier or sealed, and so nothing to judge as it is.
func isDossier(raw []byte) bool {
	if wallet.IsSealed(raw) {
		return true
	}
	_, err := wallet.ParseDossier(raw)
	return err == nil
}

func openDossier(name string, raw []byte, identity string) ([]byte, error) {
	if !wallet.IsSealed(raw) {
		return raw, nil
	}
	if identity == "" {
		return nil, misuse("name your identity file with --identity", "%s is sealed", name)
	}
	ids, err := readFile(identity, maxMessageFile)
	if err != nil {
		return nil, err
	}
	if raw, err = wallet.OpenSealed(raw, ids); err != nil {
		return nil, misuse("is it sealed for this identity?", "%s: %v", name, err)
	}
	return raw, nil
}
