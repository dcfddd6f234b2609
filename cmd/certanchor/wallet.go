package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/certanchor/certanchor/credential"
	"github.com/certanchor/certanchor/verifier"
	"github.com/certanchor/certanchor/wallet"
)

const (
	walletUsage   = "VERB [ARGUMENT…] --wallet FILE --passphrase-file FILE"
	walletSummary = "the holder's side: keys, credentials, what is shown and to whom"
)

var walletCommand = command{
	name:    "wallet",
	usage:   walletUsage,
	summary: walletSummary,
	run:     (*app).walletRun,
}

// Environment variables that name the files of a wallet, so that they need not be given
// each time. None holds a secret.
const (
	walletEnv     = "CERTANCHOR_WALLET"
	passphraseEnv = "CERTANCHOR_WALLET_PASSPHRASE_FILE"
)

// A walletRun is one verb with its flags.
type walletRun struct {
	*app
	file, pass, phrase, backup            string
	words, days                           int
	curve, out, qr, trust                 string
	evidence, lists, urls, drops, picks   texts
	to, purpose, until, recipient, online string
	unproven, look, asDossier, recover    bool
	args                                  []string
	help                                  string // what tells of the verb
	wallet                                *wallet.Wallet
}

// A walletVerb is what can be done with a wallet, or to make one.
type walletVerb struct {
	name    string
	usage   string // the arguments
	summary string
	flags   string // those it takes besides the wallet and its passphrase
	example string // without "certanchor wallet"
	args    int    // how many; -1 is any number but none
	make    bool   // it makes a wallet
	run     func(r *walletRun, ctx context.Context) error
}

// walletVerbs are in the order in which they are needed.
var walletVerbs = []walletVerb{
	{"create", "[--words 12]", "make a wallet, and print its words", "words",
		"create --wallet me.wallet --passphrase-file pass", 0, true, (*walletRun).create},
	{"restore", "--phrase-file FILE [--backup FILE]", "bring a wallet back from its words, and a backup", "phrase-file backup",
		"restore --wallet new.wallet --phrase-file words --backup cloud.backup", 0, true, (*walletRun).restore},
	{"backup", "--out FILE", "write all but the words, sealed with them", "out",
		"backup --out cloud.backup", 0, false, (*walletRun).saveBackup},
	{"phrase", "", "print the words again", "",
		"phrase", 0, false, (*walletRun).tellPhrase},
	{"answer", "INVITATION [--trust FILE] [--out FILE] [--qr FILE]", "introduce the wallet to an issuer who invited it; INVITATION is a file, a text, or -", "curve out qr trust",
		"answer invitation.json --trust trust.json --out answer.txt", 1, false, (*walletRun).answer},
	{"keys", "", "list the keys, and which are current", "",
		"keys", 0, false, (*walletRun).keys},
	{"rotate", "ISSUER [--recover] [--out FILE] [--qr FILE]", "make the next key for an issuer, and the message that tells of it", "curve out qr recover",
		"rotate https://board.example/issuer.json --out rotation.txt", 1, false, (*walletRun).rotate},
	{"import", "PATH… --trust FILE", "verify credentials and keep them; PATH is a file, a folder, a zip archive, a text, or -", "trust evidence status url look unproven",
		"import licence.json --trust trust.json --evidence evidence.json", -1, false, (*walletRun).take},
	{"refresh", "--trust FILE", "judge all records again, by newer lists", "trust evidence status online",
		"refresh --trust trust.json --status revocation.json --status revocation.jwt", 0, false, (*walletRun).refresh},
	{"list", "", "list the records", "",
		"list", 0, false, (*walletRun).list},
	{"show", "RECORD [--out FILE]", "print a record as it was received", "out",
		"show 78ca2ab69381", 1, false, (*walletRun).show},
	{"reminders", "[--days N]", "list what ends soon", "days",
		"reminders --days 180", 0, false, (*walletRun).reminders},
	{"present", "REQUEST [--look] [--out FILE]", "answer a verifier's request; REQUEST is a file, a text, or -", "look out drop pick dossier",
		"present request.json --look", 1, false, (*walletRun).present},
	{"dossier", "RECORD… --to NAME --purpose TEXT --out FILE", "write records with all that is needed to judge them", "to purpose until out recipient",
		"dossier 78ca2ab69381 --to \"Hospital of Alderfen\" --purpose credentialing \\\n      --out dossier.json", -1, false, (*walletRun).dossier},
	{"claims", "RECORD", "what a record says, a line for each value", "",
		"claims 78ca2ab69381", 1, false, (*walletRun).claims},
	{"text", "RECORD [--to NAME --purpose TEXT] [--out FILE] [--qr FILE]", "write a record as one line of text, or as a QR code", "to purpose until out qr",
		"text 78ca2ab69381 --qr licence.png", 1, false, (*walletRun).text},
	{"print", "RECORD --out FILE.pdf [--to NAME --purpose TEXT]", "write a record as a PDF for paper, with its QR code and the file in it", "to purpose until out",
		"print 78ca2ab69381 --out licence.pdf", 1, false, (*walletRun).print},
	{"consent", "RECORD --to NAME --purpose TEXT --until DATE [--out FILE]", "sign a receipt of consent", "to purpose until out",
		"consent 78ca2ab69381 --to \"Hospital of Alderfen\" --purpose credentialing \\\n      --until 2027-06-30 --out consent.json", 1, false, (*walletRun).consent},
	{"shares", "[--out FILE]", "list what was shown to whom", "out",
		"shares", 0, false, (*walletRun).shares},
	{"export", "--out DIR", "write everything but the keys, in open formats and in the clear", "out",
		"export --out everything", 0, false, (*walletRun).export},
	{"forget", "RECORD", "destroy a record", "",
		"forget 78ca2ab69381", 1, false, (*walletRun).forget},
}

func walletVerbNamed(name string) (walletVerb, bool) {
	i := slices.IndexFunc(walletVerbs, func(v walletVerb) bool { return v.name == name })
	if i < 0 {
		return walletVerb{}, false
	}
	return walletVerbs[i], true
}

// takes reports whether a verb has a use for a flag.
func (v *walletVerb) takes(flag string) bool {
	return flag == "wallet" || flag == "passphrase-file" || slices.Contains(strings.Fields(v.flags), flag)
}

// walletHelp tells of one verb, or lists all.
func (a *app) walletHelp(fs *flag.FlagSet, args []string) {
	for _, name := range args {
		v, ok := walletVerbNamed(name)
		if !ok {
			continue
		}
		its := flag.NewFlagSet(v.name, flag.ContinueOnError)
		fs.VisitAll(func(f *flag.Flag) {
			if v.takes(f.Name) {
				its.Var(f.Value, f.Name, usageFor(f.Usage, v.name))
				its.Lookup(f.Name).DefValue = f.DefValue
			}
		})
		a.usage(command{name: "wallet " + v.name, usage: v.usage, summary: v.summary, example: "certanchor wallet " + v.example}, its)
		return
	}
	fmt.Fprintf(a.stdout, "certanchor wallet %s\n\n%s\n\nVerbs:\n", walletUsage, walletSummary)
	for _, v := range walletVerbs {
		wrapped(a.stdout, fmt.Sprintf("  %-10s ", v.name), v.summary)
	}
	fmt.Fprintf(a.stdout, "\n%s and %s may name wallet and passphrase file.\n", walletEnv, passphraseEnv)
	fmt.Fprintln(a.stdout, "\nStart with:  certanchor wallet create --wallet me.wallet --passphrase-file pass")
	fmt.Fprintln(a.stdout, "More about one verb:  certanchor help wallet present")
}

// usageFor is what a flag is for with one verb: "answer, rotate: …; text: …" without the
// verbs, and what is for others.
func usageFor(usage, verb string) string {
	var own []string
	for _, part := range strings.Split(usage, "; ") {
		head, rest, ok := strings.Cut(part, ": ")
		verbs := strings.Split(head, ", ")
		_, named := walletVerbNamed(verbs[0])
		switch {
		case ok && named && slices.Contains(verbs, verb):
			own = append(own, rest)
		case ok && named && len(own) > 0:
			return strings.Join(own, "; ")
		case !ok || !named:
			own = append(own, part)
		}
	}
	return strings.Join(own, "; ")
}

func (a *app) walletRun(ctx context.Context, fs *flag.FlagSet, args []string) error {
	r := &walletRun{app: a}
	fs.StringVar(&r.file, "wallet", os.Getenv(walletEnv), "the vault ($"+walletEnv+")")
	fs.StringVar(&r.pass, "passphrase-file", os.Getenv(passphraseEnv), "file with its passphrase; - reads a line from standard input ($"+passphraseEnv+" names the file)")
	fs.StringVar(&r.phrase, "phrase-file", "", "restore: file with the words; - reads a line from standard input")
	fs.StringVar(&r.backup, "backup", "", "restore: the backup; without it only the keys come back")
	fs.IntVar(&r.words, "words", 24, "create: 12 or 24 words")
	fs.IntVar(&r.days, "days", 90, "reminders: how many days ahead to look")
	fs.StringVar(&r.curve, "curve", string(wallet.Ed25519), "answer, rotate: Ed25519 or P-256")
	fs.BoolVar(&r.recover, "recover", false, "rotate: sign with the recovery key of the words, where the key that the issuer knows is not at hand")
	fs.StringVar(&r.out, "out", "", "file to write, for export a folder")
	fs.StringVar(&r.qr, "qr", "", "answer, rotate, text: FILE.png or FILE.svg to write as a QR code")
	fs.StringVar(&r.trust, "trust", "", "import, refresh: the trust file to verify with; answer: take only an invitation signed by an issuer it names")
	fs.Var(&r.evidence, "evidence", "import, refresh: evidence file; may be given again")
	fs.Var(&r.lists, "status", "import, refresh: a status list; may be given again")
	fs.StringVar(&r.online, "online", "", "refresh: whom to ask, as in verify; lists are fetched whole")
	fs.Var(&r.urls, "url", "import: an address to fetch from, the only one that is visited; may be given again")
	fs.BoolVar(&r.unproven, "unproven", false, "import: keep what could not be checked in full, marked as such")
	fs.BoolVar(&r.look, "look", false, "import, present: only tell what would be kept or leave")
	fs.Var(&r.drops, "drop", "present: an optional credential of the request to leave out; may be given again")
	fs.Var(&r.picks, "pick", "present: QUERY=RECORD, where another than the newest is to be shown")
	fs.BoolVar(&r.asDossier, "dossier", false, "present: put the presentation into a dossier with its evidence")
	fs.StringVar(&r.to, "to", "", "dossier, consent: who receives it; text: who receives it, if somebody else does, for the share log")
	fs.StringVar(&r.purpose, "purpose", "", "dossier, consent, text: what for")
	fs.StringVar(&r.until, "until", "", "dossier, consent, text: date until which it may be used")
	fs.StringVar(&r.recipient, "recipient", "", "dossier: age recipient (age1…) to encrypt it to")
	operands, err := parse(fs, args)
	if errors.Is(err, flag.ErrHelp) {
		a.walletHelp(fs, args)
		return exitStatus(exitOK)
	}
	if err != nil {
		return err
	}
	if len(operands) == 0 {
		return misuse("certanchor help wallet", "wallet needs a verb")
	}
	verb, known := walletVerbNamed(operands[0])
	if !known {
		return misuse("certanchor help wallet lists what there is", "no such thing as wallet %s", operands[0])
	}
	r.args, r.help = operands[1:], "certanchor help wallet "+verb.name
	if n := len(r.args); verb.args >= 0 && n != verb.args || verb.args < 0 && n == 0 && len(r.urls) == 0 {
		much := "little"
		if n > 0 {
			much = "much"
		}
		return misuse("certanchor "+strings.TrimSpace("wallet "+verb.name+" "+verb.usage)+"; more: "+r.help, "too %s for wallet %s", much, verb.name)
	}
	var needless []string
	fs.Visit(func(f *flag.Flag) {
		if !verb.takes(f.Name) {
			needless = append(needless, "--"+f.Name)
		}
	})
	if len(needless) > 0 {
		return misuse(r.help, "wallet %s has no use for %s", verb.name, strings.Join(needless, ", "))
	}
	if err := checkQR(r.qr, r.out); err != nil {
		return err
	}
	if r.file == "" {
		return misuse("name it with --wallet FILE, or in "+walletEnv, "no wallet is named")
	}
	for _, own := range []string{r.file, wallet.Previous(r.file)} {
		if sameFile(r.out, own) || sameFile(r.qr, own) {
			return misuse("choose another file; a wallet is never overwritten", "the file to write is %s, the wallet", own)
		}
	}
	for _, name := range []string{r.out, r.qr} { // what is shown is written down before it is: better now
		if err := checkFolder(name); err != nil {
			return err
		}
	}
	if !verb.make {
		c, err := r.config()
		if err != nil {
			return err
		}
		if r.wallet, err = wallet.Open(c); err != nil {
			return r.fault(err)
		}
		defer r.wallet.Close()
	}
	return r.fault(verb.run(r, ctx))
}

// sameFile reports whether two names are those of one file.
func sameFile(a, b string) bool {
	one, err := os.Stat(a)
	if err != nil {
		return false
	}
	other, err := os.Stat(b)
	return err == nil && os.SameFile(one, other)
}

func (r *walletRun) config() (wallet.Config, error) {
	ask := r.passphrase(r.pass)
	if ask == nil {
		return wallet.Config{}, misuse("give --passphrase-file FILE, or - for standard input", "the wallet needs its passphrase")
	}
	pass, err := ask()
	return wallet.Config{File: r.file, Passphrase: pass, Work: r.walletWork}, err
}

// fault gives the errors of a wallet their hints.
func (r *walletRun) fault(err error) error {
	var (
		open    *wallet.OpenError
		content *wallet.ContentsError
		refused *wallet.RefusedError
		collect *wallet.CollectError
		request *wallet.RequestError
		log     *wallet.ShareLogError
		invited *wallet.InvitationError
	)
	switch {
	case errors.As(err, &open) && open.Previous != "":
		return misuse("if the passphrase is right, the version before is "+open.Previous+": copy it away, then open the copy with --wallet", "%v", err)
	case errors.As(err, &open):
		return misuse("check the passphrase, and that this is a wallet; a damaged one comes back with: certanchor wallet restore", "%v", err)
	case errors.As(err, &invited):
		return misuse(invitationHints[invited.Code], "%v", err)
	case errors.As(err, &log):
		return misuse("lines were taken away, moved or changed after they were written", "%v", err)
	case errors.As(err, &content):
		return misuse("is it the right file, and this program new enough?", "%v", err)
	case errors.As(err, &refused) && refused.Code == "presentation":
		return misuse("", "%v", err)
	case errors.As(err, &refused):
		return misuse(refusedHint(refused), "%v", err)
	case errors.As(err, &collect):
		return misuse("nothing was kept", "%v", err)
	case errors.As(err, &request) && len(r.args) > 0:
		return misuse("is it a request? else ask the verifier for another; docs/wallet.md tells what can be answered", "%s: %v", place(r.args[0]), err)
	case errors.Is(err, wallet.ErrExists):
		return misuse("choose another file with --wallet; a wallet is never overwritten", "%v: %s", err, r.file)
	case errors.Is(err, wallet.ErrNoRelation):
		return misuse("certanchor wallet keys lists them; in a wallet that came back from the words alone, say --recover", "%v", err)
	case errors.Is(err, wallet.ErrPhrase):
		return misuse("compare each word with the paper; order counts", "%v", err)
	case errors.Is(err, wallet.ErrPick):
		return misuse("--pick QUERY=RECORD; certanchor wallet present REQUEST --look lists both", "%v", err)
	case errors.Is(err, wallet.ErrLocked):
		return misuse("wait until the other command has ended", "%v", err)
	case errors.Is(err, wallet.ErrWeakPassphrase):
		return misuse("write a longer one into the first line of the passphrase file", "%v", err)
	case errors.Is(err, wallet.ErrInvitationExpired), errors.Is(err, wallet.ErrRequestExpired):
		return misuse("", "%s: %v", place(r.args[0]), err)
	case errors.Is(err, syscall.EISDIR):
		return misuse("name a file", "%v", err)
	}
	return err
}

// refusedHint is what to do about a document that was not kept.
func refusedHint(e *wallet.RefusedError) string {
	all := verifier.Codes()
	i := slices.IndexFunc(all, func(c verifier.CodeInfo) bool { return string(c.Code) == e.Code })
	switch {
	case e.Code == "malformed":
		return "it was not kept; is it the credential as its issuer gave it out?"
	case e.Code == "issuer-unknown":
		return "it was not kept; --trust needs a trust file that names the issuer, or --unproven keeps it, marked so"
	case i >= 0 && all[i].Result == verifier.Failed:
		return "it was not kept, and --unproven does not change that: ask the issuer for it again"
	}
	return "it was not kept; --evidence and --status bring what is missing, or --unproven keeps it, marked so"
}

// place is how an argument is called in a message: a long text by its head.
func place(arg string) string {
	if i := strings.LastIndex(arg, ":"); strings.HasPrefix(arg, "certanchor:") && i > 0 {
		return arg[:i] + ":…"
	}
	return arg
}

var invitationHints = map[string]string{
	"unsigned":         "nothing was answered; ask the issuer for a signed one (introduce invite --sign), or leave out --trust and make sure otherwise whose it is",
	"issuer-unknown":   "nothing was answered; is it the issuer you expect, and the right trust file?",
	"key":              "nothing was answered; the trust file may be older than the issuer's key: get a new one from where you got it",
	"key-not-in-force": "nothing was answered; is your clock right? else ask the issuer for an invitation signed with its present key",
	"signature":        "nothing was answered; do not trust where this came from: ask the issuer for another, by a way you know",
}

func (r *walletRun) create(context.Context) error {
	if r.words != 12 && r.words != 24 {
		return misuse("say --words 12 or --words 24", "a wallet has 12 or 24 words, not %d", r.words)
	}
	c, err := r.config()
	if err != nil {
		return err
	}
	w, err := wallet.Create(c, r.words)
	if err != nil {
		return err
	}
	defer w.Close()
	fmt.Fprintln(r.stdout, w.Phrase())
	r.say("Made %s. Write these %d words on paper: with a backup they bring everything back, and whoever has them has your keys.", r.file, r.words)
	r.say("Next: certanchor wallet answer INVITATION --out answer.json")
	return nil
}

func (r *walletRun) restore(context.Context) error {
	ask := r.passphrase(r.phrase)
	if ask == nil {
		return misuse("give --phrase-file FILE, or - for standard input", "restore needs the words")
	}
	words, err := ask()
	if err != nil {
		return err
	}
	c, err := r.config()
	if err != nil {
		return err
	}
	var backup []byte
	if r.backup != "" {
		if backup, err = readFile(r.backup, maxDataFile); err != nil {
			return err
		}
	}
	w, err := wallet.Restore(c, words, backup)
	var sealed *wallet.OpenError
	if errors.As(err, &sealed) {
		return misuse("try another backup; nothing was made", "the backup does not open: the words are of another wallet, or the file is damaged")
	}
	if err != nil {
		return err
	}
	defer w.Close()
	fmt.Fprintln(r.stdout, r.file)
	r.say("Restored %d relations and %d credentials.", len(w.Relations()), len(w.Records()))
	if backup == nil {
		r.say("The keys come back when an issuer is named again: certanchor wallet rotate ISSUER --recover, or answer an invitation. Credentials and share log need a backup.")
	} else {
		r.say("What was shown after this backup was written is not in its share log, and single-use copies that were shown since count as fresh: ask issuers for new ones.")
	}
	return nil
}

func (r *walletRun) saveBackup(context.Context) error {
	if r.out == "" {
		return misuse("certanchor wallet backup --out FILE", "backup needs --out")
	}
	if err := r.wallet.Backup(r.out); err != nil {
		return err
	}
	fmt.Fprintln(r.stdout, r.out)
	r.say("Sealed with your words: keep it anywhere, apart from them.")
	return nil
}

func (r *walletRun) tellPhrase(context.Context) error {
	fmt.Fprintln(r.stdout, r.wallet.Phrase())
	return nil
}

func (r *walletRun) answer(context.Context) error {
	raw, err := r.input(r.args[0])
	if err != nil {
		return err
	}
	i, err := credential.ParseInvitation(raw)
	if err != nil {
		return misuse("is it the right file? else ask the issuer for another", "%s is not an invitation: %v", place(r.args[0]), err)
	}
	curve, err := r.curveNamed()
	if err != nil {
		return err
	}
	verified := ""
	if r.trust != "" {
		trust, err := r.trustFile()
		if err != nil {
			return err
		}
		if verified, err = r.wallet.CheckInvitation(i, trust); err != nil {
			return err
		}
	}
	n, err := r.wallet.Answer(i, curve)
	if err != nil {
		return err
	}
	if err := r.wallet.Save(); err != nil {
		return err
	}
	text, err := n.Text()
	if err != nil {
		return err
	}
	if err := r.writeWithQR(r.out, []byte(text+"\n"), r.qr, text, "send the answer as a file, with --out"); err != nil {
		return err
	}
	if verified != "" {
		r.say("For %s, %s: the invitation is signed by its key of your trust file.", oneLine(verified), printable(i.Issuer))
	} else {
		r.say("For %s, which calls itself %q: nobody has verified the name.", printable(i.Issuer), oneLine(i.Name))
	}
	r.say("Your DID for this issuer alone: %s", n.DID)
	r.say("Next: give the answer to the issuer (certanchor introduce accept).")
	return nil
}

func (r *walletRun) curveNamed() (wallet.Curve, error) {
	curve := wallet.Curve(r.curve)
	if curve != wallet.Ed25519 && curve != wallet.P256 {
		return "", misuse("say Ed25519 or P-256", "no curve %q", r.curve)
	}
	return curve, nil
}

// rotate makes the next key for an issuer, and the message that tells the issuer of it.
func (r *walletRun) rotate(context.Context) error {
	curve, err := r.curveNamed()
	if err != nil {
		return err
	}
	n, err := r.wallet.Rotate(r.args[0], curve, r.recover)
	if err != nil {
		return err
	}
	text, err := n.Text()
	if err != nil {
		return err
	}
	if err := r.wallet.Save(); err != nil {
		return err
	}
	if err := r.writeWithQR(r.out, []byte(text+"\n"), r.qr, text, "send it as a file, with --out"); err != nil {
		return err
	}
	r.say("Your new DID for %s: %s", printable(n.Issuer), n.NewDID)
	r.say("Give the message to the issuer within a week, who issues again to the new DID. What you hold can be shown until it is revoked. Make a new backup.")
	return nil
}

// keys lists what this wallet is for each issuer.
func (r *walletRun) keys(context.Context) error {
	if len(r.wallet.Relations()) == 0 {
		r.say("There is none yet; certanchor wallet answer makes one for the issuer of an invitation.")
	}
	issuer := ""
	for _, k := range r.wallet.Relations() {
		if k.Issuer != issuer {
			issuer = k.Issuer
			fmt.Fprintln(r.stdout, oneLine(issuer))
		}
		state := "current"
		if r.wallet.Replaced(k.DID) {
			state = "replaced"
		}
		fmt.Fprintf(r.stdout, "  %-7s  key %d  since %s  %-8s  %s\n", k.Curve, k.Index, k.Created.Format(time.DateOnly), state, k.DID)
	}
	return nil
}

// input reads a file, standard input for "-", or takes the text of a QR code itself.
func (r *walletRun) input(arg string) ([]byte, error) {
	if strings.HasPrefix(arg, "certanchor:") {
		return []byte(arg), nil
	}
	return r.readInput(arg, maxDataFile)
}
