package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/certanchor/certanchor/anchor"
	"github.com/certanchor/certanchor/anchor/regtest"
	"github.com/certanchor/certanchor/issuer"
	"github.com/certanchor/certanchor/licensure"
)

var issueCommand = command{
	name:    "issue",
	usage:   "--issuer DIR --in PATH --out DIR",
	summary: "issue a batch of drafts: sign, bind to one root, anchor it, write credentials",
	example: "certanchor issue --issuer board --in drafts.jsonl --out credentials",
	run:     (*app).issue,
}

// Depth of the embedded chain above a batch: enough confirmations, and the eleven
// blocks after it that close the interval of its time.
const (
	embeddedDepth = 12
	confirmDepth  = 6
	maturity      = regtest.CoinbaseMaturity + 1
)

func (a *app) issue(ctx context.Context, fs *flag.FlagSet, args []string) error {
	dir := fs.String("issuer", "", "the issuer's folder, made by keygen")
	in := fs.String("in", "", "drafts: .jsonl, .json, a folder of .json, or a .csv roster")
	template := fs.String("template", "", "for a .csv roster: a draft whose texts name columns as {{Column}}")
	out := fs.String("out", "", "folder for the credentials")
	chain := fs.String("chain", "embedded", "embedded, embedded=FILE, mocknet, or endpoints: rpc=URL,esplora=URL")
	fallback := fs.Int64("fee-rate", 0, "satoshis per 1,000 virtual bytes, where a node makes no estimate")
	state := fs.String("state", "", "state folder (DIR/state)")
	status := fs.String("status", "bitstring", "bitstring: W3C status lists; none: no entry in the credentials")
	form := fs.String("form", string(issuer.FormLD), "ld: Data Integrity; sd-jwt: claims that can be shown singly; dc+sd-jwt: the same as SD-JWT VC, for wallets of that kind; both: ld and sd-jwt; or several: ld,dc+sd-jwt")
	copies := fs.Int("copies", 1, "with sd-jwt: single-use copies of each, so that two verifiers cannot match them")
	request := fs.String("request", "", "seal only, and write a request for a shared anchor to this file")
	answer := fs.String("answer", "", "finish with the answer to that request, made by: anchors combine")
	psbtOut := fs.String("psbt-out", "", "fund, and write the transaction to this file for a signer elsewhere")
	psbtIn := fs.String("psbt-in", "", "go on with the transaction that came back from the signer")
	freeText := fs.Bool("free-text", false, "drafts may hold free text: somebody has read it, and it tells nothing about anybody's health")
	feeCap := fs.Int64("fee-cap", 100_000, "most satoshis to pay for the transaction")
	pass := fs.String("passphrase-file", "", "file with the passphrase of the keys; - reads standard input")
	operands, err := parse(fs, args)
	if err != nil {
		return err
	}
	if len(operands) > 0 || *dir == "" || *in == "" || *out == "" {
		return misuse("certanchor help issue", "issue needs --issuer, --in and --out")
	}
	if *status != "bitstring" && *status != "none" {
		return misuse("say bitstring or none", "no status form %q", *status)
	}
	drafts, err := issuer.ReadDrafts(*in, *template)
	if err != nil {
		return asMisuse(err)
	}
	forms, err := formsOf(*form)
	if err != nil {
		return err
	}
	drafts = issuer.InForm(drafts, forms...)
	if *copies < 1 || *copies > issuer.MaxCopies || *copies > 1 && slices.Equal(forms, []issuer.Form{issuer.FormLD}) {
		return misuse("certanchor help issue", "--copies goes with an SD-JWT in --form, from 1 to %d", issuer.MaxCopies)
	}
	drafts = issuer.Copies(drafts, *copies)
	if *request != "" && *answer != "" {
		return misuse("certanchor help issue", "--request comes first, --answer later")
	}
	j := job{app: a, dir: *dir, state: *state, chain: *chain, status: *status, request: *request, answer: *answer, psbtOut: *psbtOut, psbtIn: *psbtIn, freeText: *freeText, fallback: anchor.FeeRate(*fallback), feeCap: anchor.Sats(*feeCap), passphrase: once(a.passphrase(*pass))}
	return j.run(ctx, drafts, *out)
}

// formsOf reads --form.
func formsOf(flag string) ([]issuer.Form, error) {
	if flag == "both" {
		flag = string(issuer.FormLD + "," + issuer.FormSDJWT)
	}
	var forms []issuer.Form
	for _, name := range strings.Split(flag, ",") {
		f := issuer.Form(name)
		if !slices.Contains(issuer.Forms(), f) || slices.Contains(forms, f) {
			return nil, misuse("say ld, sd-jwt, dc+sd-jwt, both, or several with commas between", "no form %q, or twice the same", name)
		}
		forms = append(forms, f)
	}
	return forms, nil
}

// asMisuse marks what the caller can mend.
func asMisuse(err error) error {
	if err == nil || statusOf(err) == exitUsage {
		return err
	}
	return misuse("", "%v", err)
}

// once asks for a passphrase once, however many keys need it.
func once(ask func() (string, error)) func() (string, error) {
	if ask == nil {
		return nil
	}
	var phrase string
	var err error
	asked := false
	return func() (string, error) {
		if !asked {
			phrase, err = ask()
			asked = true
		}
		return phrase, err
	}
}

// A job is one batch on its way.
type job struct {
	app                       *app
	dir, state, chain, status string
	request, answer           string // files of a shared anchor
	psbtOut, psbtIn           string // files for a signer elsewhere
	freeText                  bool
	feeCap                    anchor.Sats
	fallback                  anchor.FeeRate
	passphrase                func() (string, error)

	issuer   *issuer.Issuer
	key      *issuer.AnchorKey
	embedded *regtest.Chain // nil with real nodes
}

func (j *job) stateDir() string {
	if j.state != "" {
		return j.state
	}
	return filepath.Join(j.dir, "state")
}

// open opens the issuer for writing.
func (j *job) open() error {
	signer, id, err := issuer.SigningKey(j.dir, j.passphrase)
	if err != nil {
		return err
	}
	// Only the public part: the key that pays is opened when something is signed here.
	if j.key, err = issuer.AnchorAddress(j.dir); err != nil {
		return err
	}
	c := issuer.Config{Dir: j.dir, StateDir: j.stateDir(), Signer: signer, KeyID: id, AnchorKeyID: j.key.ID,
		CheckDraft: j.checkMedical, Purposes: medicalPurposes, Weighty: licensure.Weighty, Closing: j.snapshot, Hook: j.app.issuerHook}
	if j.status == "none" {
		c.Closing = nil
		c.Purposes = func([]string) []issuer.Purpose { return nil }
	}
	j.issuer, err = issuer.Open(c)
	return err
}

// checkMedical holds drafts of the medical types to their rules; others are left to
// the contexts.
func (j *job) checkMedical(draft map[string]any) error {
	if _, ours := licensure.TypeOf(draft); !ours {
		return nil
	}
	if places := licensure.FreeText(draft); len(places) > 0 && !j.freeText {
		return &licensure.RuleError{Rule: "PR-10", Detail: "free text at " + strings.Join(places, ", ") + ": if it holds nothing about anybody's health, issue with --free-text"}
	}
	return licensure.CheckDraft(draft)
}

// medicalPurposes gives licences, whose legal status changes, a message beside the
// revocation of the document.
func medicalPurposes(types []string) []issuer.Purpose {
	if slices.Contains(types, licensure.TypeRegistrySnapshot) || slices.ContainsFunc(types, licensure.Private) {
		return nil // the next one takes its place
	}
	if !slices.Contains(types, licensure.TypeLicence) {
		return []issuer.Purpose{issuer.Revocation}
	}
	message := issuer.Purpose{Name: "message", Size: 4}
	for s := range 16 {
		message.Messages = append(message.Messages, licensure.LegalStatus(s).String())
	}
	return []issuer.Purpose{issuer.Revocation, message}
}

func (j *job) run(ctx context.Context, drafts issuer.Drafts, out string) error {
	if err := j.open(); err != nil {
		return err
	}
	defer j.issuer.Close()
	folder, err := j.issuer.OpenFolder(out)
	if err != nil {
		return err
	}
	network, chain, err := j.openChain()
	if err != nil {
		return err
	}
	defer j.closeChain()
	b, err := j.issuer.Seal(ctx, network, drafts)
	if err != nil {
		return err
	}
	if b.State() == issuer.Closed {
		j.app.say("These drafts were issued on %s; nothing was issued again.", b.Created().Format(time.RFC3339))
	}
	switch {
	case j.request != "":
		return j.writeRequest(b, j.request)
	case j.psbtOut != "":
		return j.writePSBT(ctx, b, chain)
	case j.answer != "":
		err = j.adopt(b, j.answer)
	case chain != nil:
		err = j.anchor(ctx, b, chain)
	}
	if err != nil {
		return err
	}
	if err := b.Finish(published{folder, j.dir}); err != nil {
		return err
	}
	if j.status == "bitstring" {
		if err := j.publishOnce(); err != nil {
			return err
		}
	}
	j.done(b, out)
	return nil
}

// openChain opens the chain that --chain names; none for a mock chain.
func (j *job) openChain() (anchor.Network, ledger, error) {
	switch {
	case j.chain == "mocknet":
		return "", nil, nil
	case isNode(j.chain):
		if j.key.Network == "" {
			return "", nil, misuse("make an issuer with --network", "the keys of this issuer are for mock chains")
		}
		c, err := openNodes(j.key.Network, j.chain, j.fallback)
		return j.key.Network, c, err
	}
	file, err := embeddedFile(j.chain, j.stateDir())
	if err != nil {
		return "", nil, err
	}
	if j.key.Network != anchor.Regtest {
		return "", nil, misuse("name a node with --chain rpc=URL or esplora=URL; regtest keys are for the embedded chain", "the keys of this issuer are for %q, the embedded chain is regtest", j.key.Network)
	}
	j.embedded, err = regtest.Open(file, j.app.chainOptions...)
	return anchor.Regtest, j.embedded, err
}

func (j *job) closeChain() {
	if j.embedded != nil {
		j.embedded.Close()
	}
}

// embeddedFile returns the file of the embedded chain.
func embeddedFile(chain, stateDir string) (string, error) {
	if chain == "embedded" {
		return filepath.Join(stateDir, "chain"), nil
	}
	if file, ok := strings.CutPrefix(chain, "embedded="); ok && file != "" {
		return file, nil
	}
	return "", misuse("say embedded, embedded=FILE or mocknet", "no chain %q", chain)
}

// anchor pays for the root and waits until its transaction is confirmed. The embedded
// chain is mined: to the issuer's own address for coins, then over the transaction.
func (j *job) anchor(ctx context.Context, b *issuer.Batch, chain ledger) error {
	if err := j.firstCoins(ctx, b); err != nil {
		return err
	}
	if err := b.Fund(ctx, chain, j.key.Address, j.feeCap); err != nil {
		return err
	}
	if err := j.sign(b); err != nil {
		return err
	}
	if err := b.Broadcast(ctx, chain); err != nil {
		return err
	}
	for b.State() == issuer.Sent {
		n, err := b.Confirm(ctx, chain, confirmDepth)
		if err != nil {
			return err
		}
		if b.State() != issuer.Sent {
			break
		}
		if err := j.wait(ctx, b, n); err != nil {
			return err
		}
	}
	return nil
}

// sign signs the transaction, here or by what came back from a signer elsewhere.
func (j *job) sign(b *issuer.Batch) error {
	if b.State() != issuer.Funded {
		return nil
	}
	if j.psbtIn != "" {
		raw, err := readFile(j.psbtIn, maxListFile)
		if err != nil {
			return err
		}
		return b.SignedBy(raw)
	}
	key, err := issuer.OpenAnchorKey(j.dir, j.passphrase)
	if err != nil {
		return err
	}
	return b.Sign(key)
}

// writePSBT funds the batch and writes its transaction for a signer elsewhere.
func (j *job) writePSBT(ctx context.Context, b *issuer.Batch, chain ledger) error {
	if chain == nil {
		return misuse("leave --chain out", "a mock chain has no transactions")
	}
	if err := j.firstCoins(ctx, b); err != nil {
		return err
	}
	if err := b.Fund(ctx, chain, j.key.Address, j.feeCap); err != nil {
		return err
	}
	packet, err := b.PSBT()
	if err == nil {
		err = writeWhole(j.psbtOut, packet)
	}
	if err != nil {
		return err
	}
	fmt.Fprintln(j.app.stdout, j.psbtOut)
	j.app.say("Root %s, fee %d sats. Where the key is: certanchor anchors sign --issuer DIR --in %s --out signed.psbt", b.Root(), b.Fee(), j.psbtOut)
	j.app.say("Then run this again with --psbt-in signed.psbt.")
	return nil
}

// firstCoins mines coins where the embedded chain has none for the issuer.
func (j *job) firstCoins(ctx context.Context, b *issuer.Batch) error {
	if j.embedded == nil || b.State() != issuer.Sealed {
		return nil
	}
	coins, err := j.embedded.Coins(ctx, j.key.Address)
	if err == nil && len(coins) == 0 {
		j.app.say("The embedded chain (regtest) mines %d blocks to %s, for coins to pay with.", maturity, j.key.Address)
		_, err = j.embedded.Mine(maturity, j.key.Address, time.Now())
	}
	return err
}

// pollEvery is how often a real node is asked for confirmations.
const pollEvery = 30 * time.Second

// wait lets time pass until it makes sense to ask again: on the embedded chain by mining.
func (j *job) wait(ctx context.Context, b *issuer.Batch, n anchor.Confirmations) error {
	if j.embedded != nil {
		_, err := j.embedded.Mine(max(1, embeddedDepth-int(n)), j.key.Address, time.Now())
		return err
	}
	j.app.say("Transaction %s has %d of %d confirmations. Stop at any time: the same command goes on from here.", b.TxID(), n, confirmDepth)
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(pollEvery):
		return nil
	}
}

// publishOnce publishes the lists if one of them has never been.
func (j *job) publishOnce() error {
	lists, err := j.issuer.PublishLists(time.Now())
	if err == nil {
		j.app.say("Published %d status lists in %s.", len(lists), filepath.Join(j.dir, "status"))
	}
	return err
}

func (j *job) done(b *issuer.Batch, out string) {
	fmt.Fprintf(j.app.stdout, "%s\n", out)
	count := b.Count()
	if b.Closing() {
		count--
		j.app.say("The lists as published, and the head of the record, ride with this batch: %s.", filepath.Join(j.dir, "status", snapshotFile))
	}
	j.app.say("Issued %d credentials into %s.", count, out)
	if b.Mock() {
		j.app.say("They are anchored on no chain (mocknet): no verifier accepts that, and none should.")
		return
	}
	j.app.say("Root %s in transaction %s.", b.Root(), b.TxID())
	j.app.say("Next: certanchor evidence --issuer %s --out evidence.json %s", j.dir, filepath.Join(out, "*.json"))
}

func sha256Hex(b []byte) string { return fmt.Sprintf("%x", sha256.Sum256(b)) }

// readFile reads a file of at most limit bytes; a longer one is cut one byte above the
// limit, so that whoever judges it sees that it is too long.
func readFile(name string, limit int64) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, misuse("check the name and who may read it", "%v", err)
	}
	var data bytes.Buffer
	if info, err := f.Stat(); err == nil && info.Mode().IsRegular() {
		data.Grow(int(min(info.Size(), limit)) + bytes.MinRead) // one read for thousands of small files
	}
	_, err = data.ReadFrom(io.LimitReader(f, limit+1))
	if errors.Is(err, syscall.EISDIR) {
		err = misuse("name the files in it", "%s is a folder", name)
	}
	return data.Bytes(), errors.Join(err, f.Close())
}
