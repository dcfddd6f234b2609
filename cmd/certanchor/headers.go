package main

import (
	"context"
	"flag"
	"fmt"
	"time"

	"github.com/certanchor/certanchor/anchor"
)

var headersCommand = command{
	name:    "headers",
	usage:   "sync|import|verify|pack --network NET [--chain rpc=URL|esplora=URL] [--in FILE] [--out FILE]",
	summary: "an own store of block headers, and checkpoint packs made from it",
	example: "certanchor headers sync --network mainnet --chain rpc=http://127.0.0.1:8332/?authfile=cookie --out mainnet.headers\n" +
		"  certanchor headers pack --network mainnet --in mainnet.headers --second other.headers --out mainnet.pack",
	run: (*app).headers,
}

// maxHeaderFile bounds a header store in bytes: a hundred years of mainnet.
const maxHeaderFile = 512 << 20

// A headersJob is one run of the command.
type headersJob struct {
	*app
	network anchor.Network
	in      string
	onto    string
	chain   string
	second  string
	until   int
	binary  bool
	out     string
}

func (a *app) headers(ctx context.Context, fs *flag.FlagSet, args []string) error {
	j := headersJob{app: a}
	name := fs.String("network", "", "mainnet, testnet3, testnet4, signet or regtest")
	fs.StringVar(&j.in, "in", "", "headers, 80 bytes each, from the genesis block or from where --onto or the store ends; sync: an evidence file too")
	fs.StringVar(&j.onto, "onto", "", "import: a store to go on from")
	fs.StringVar(&j.chain, "chain", "", "sync: rpc=URL, esplora=URL (several with commas), or embedded=FILE")
	fs.StringVar(&j.second, "second", "", "pack: a store or pack from elsewhere; only what both say is kept")
	fs.IntVar(&j.until, "until", 1<<30, "pack: the highest block to name")
	fs.BoolVar(&j.binary, "binary", false, "pack: 36 bytes a period, as the pack that is built in")
	fs.StringVar(&j.out, "out", "", "file to write; sync goes on from what it holds")
	operands, err := parse(fs, args)
	if err != nil {
		return err
	}
	verbs := map[string]func(context.Context) error{"sync": j.sync, "import": j.importFile, "verify": j.verify, "pack": j.pack}
	if len(operands) != 1 || verbs[operands[0]] == nil || *name == "" {
		return misuse("certanchor help headers", "headers needs sync, import, verify or pack, with --network")
	}
	if j.network, err = anchor.ParseNetwork(*name); err != nil {
		return misuse("say mainnet, testnet3, testnet4, signet or regtest", "%v", err)
	}
	verb := operands[0]
	switch {
	case j.in == "" && verb != "sync":
		return misuse("certanchor help headers", "%s needs --in", verb)
	case j.out == "" && verb != "verify":
		return misuse("certanchor help headers", "%s needs --out", verb)
	case verb == "sync" && (j.in == "") == (j.chain == ""):
		return misuse("certanchor help headers", "sync needs --chain or --in, one of them")
	}
	return verbs[verb](ctx)
}

func (j *headersJob) verify(context.Context) error {
	_, err := j.read(j.in)
	return err
}

func (j *headersJob) importFile(context.Context) error {
	raw, err := readFile(j.in, maxHeaderFile)
	if err != nil {
		return err
	}
	if j.onto != "" {
		before, err := readFile(j.onto, maxHeaderFile)
		if err != nil {
			return err
		}
		raw = append(before, raw...)
	}
	if _, err := j.check(raw); err != nil {
		return err
	}
	return j.write(raw, "headers")
}

func (j *headersJob) read(name string) (*anchor.HeaderStore, error) {
	raw, err := readFile(name, maxHeaderFile)
	if err != nil {
		return nil, err
	}
	return j.check(raw)
}

// check holds every header to the rules of the network, from the genesis block on, and
// mainnet's to the checkpoints that are built in.
func (j *headersJob) check(raw []byte) (*anchor.HeaderStore, error) {
	began := time.Now()
	store, err := anchor.NewHeaderStore(j.network, raw)
	if err != nil {
		return nil, misuse("the headers must begin at the genesis block and leave none out", "%v", err)
	}
	if err := j.agrees(store); err != nil {
		return nil, err
	}
	j.tellTip(store, time.Since(began))
	return store, nil
}

func (j *headersJob) tellTip(store *anchor.HeaderStore, took time.Duration) {
	tip, _ := store.Header(store.Tip())
	j.say("%d headers of %s obey its rules (%.1f s); the highest is %s of %s.", int(store.Tip())+1, j.network,
		took.Seconds(), tip.Hash(), tip.Time().Format(time.RFC3339))
}

// agrees refuses a chain that is not the one everybody else has: it may obey every rule and
// still be somebody's own.
func (j *headersJob) agrees(store *anchor.HeaderStore) error {
	if err := store.Agrees(anchor.BuiltinCheckpoints(j.network)); err != nil {
		return misuse("ask another node; nothing of this chain was written", "not the chain of the built-in checkpoints: %v", err)
	}
	return nil
}

// write writes a file and the line of a trust file that names it.
func (j *headersJob) write(data []byte, member string) error {
	if err := writeWhole(j.out, data); err != nil {
		return err
	}
	return j.tellLine(data, member)
}

func (j *headersJob) tellLine(data []byte, member string) error {
	fmt.Fprintf(j.stdout, "\"%s\": {\"%s\": {\"sha256\": \"%s\", \"file\": \"%s\"}}\n", member, j.network, sha256Hex(data), j.out)
	j.say("The line above names %s in a trust file.", j.out)
	return nil
}
