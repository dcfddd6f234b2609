package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"time"

	"github.com/certanchor/certanchor/anchor"
)

var headersCommand = command{
	name:    "headers",
	usage:   "import|verify|pack --network NET --in FILE [--out FILE]",
	summary: "an own store of block headers, and checkpoint packs made from it",
	example: "certanchor headers import --network mainnet --in headers.bin --out mainnet.headers",
	run:     (*app).headers,
}

// maxHeaderFile bounds a header store in bytes: a hundred years of mainnet.
const maxHeaderFile = 512 << 20

// period is the number of blocks between two checkpoints.
const period = 2016

func (a *app) headers(_ context.Context, fs *flag.FlagSet, args []string) error {
	name := fs.String("network", "", "mainnet, testnet3, testnet4, signet or regtest")
	in := fs.String("in", "", "headers, 80 bytes each; they begin at the genesis block, or where --onto ends")
	onto := fs.String("onto", "", "import: a store to go on from")
	out := fs.String("out", "", "import, pack: file to write")
	operands, err := parse(fs, args)
	if err != nil {
		return err
	}
	if len(operands) != 1 || *in == "" || *name == "" {
		return misuse("certanchor help headers", "headers needs import, verify or pack, with --network and --in")
	}
	network, err := anchor.ParseNetwork(*name)
	if err != nil {
		return misuse("say mainnet, testnet3, testnet4, signet or regtest", "%v", err)
	}
	raw, err := readFile(*in, maxHeaderFile)
	if err != nil {
		return err
	}
	if *onto != "" {
		before, err := readFile(*onto, maxHeaderFile)
		if err != nil {
			return err
		}
		raw = append(before, raw...)
	}
	store, err := a.checkHeaders(network, raw)
	if err != nil {
		return err
	}
	switch verb := operands[0]; {
	case verb == "verify":
		return nil
	case verb == "import" && *out != "":
		return a.writeHeaders(*out, raw, network, "headers")
	case verb == "pack" && *out != "":
		pack, err := packOf(network, store)
		if err != nil {
			return err
		}
		return a.writeHeaders(*out, pack, network, "checkpoints")
	}
	return misuse("certanchor help headers", "import and pack need --out")
}

// checkHeaders holds every header to the rules of the network, from the genesis block on.
func (a *app) checkHeaders(network anchor.Network, raw []byte) (*anchor.HeaderStore, error) {
	began := time.Now()
	store, err := anchor.NewHeaderStore(network, raw)
	if err != nil {
		return nil, misuse("the headers must begin at the genesis block and leave none out", "%v", err)
	}
	tip, _ := store.Header(store.Tip())
	a.say("%d headers of %s obey its rules (%.1f s); the highest is %s of %s.", int(store.Tip())+1, network,
		time.Since(began).Seconds(), tip.Hash(), tip.Time().Format(time.RFC3339))
	return store, nil
}

// writeHeaders writes a file and the line of a trust file that names it.
func (a *app) writeHeaders(out string, data []byte, network anchor.Network, member string) error {
	if err := writeWhole(out, data); err != nil {
		return err
	}
	fmt.Fprintf(a.stdout, "\"%s\": {\"%s\": {\"sha256\": \"%s\", \"file\": \"%s\"}}\n", member, network, sha256Hex(data), out)
	a.say("Wrote %s. The line above names it in a trust file.", out)
	return nil
}

// packOf makes a checkpoint of the last block of every whole period of a store, with the
// difficulty of the period that follows.
func packOf(network anchor.Network, store *anchor.HeaderStore) ([]byte, error) {
	var list []anchor.Checkpoint
	for h := anchor.Height(period - 1); h < store.Tip(); h += period {
		last, _ := store.Header(h)
		next, _ := store.Header(h + 1)
		list = append(list, anchor.Checkpoint{Height: h, Hash: last.Hash(), NextBits: next.Bits()})
	}
	if len(list) == 0 {
		return nil, misuse("import more headers", "a pack needs at least %d headers; these are fewer", period+1)
	}
	pack, err := anchor.NewCheckpointPack(network, list)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	data, err := pack.MarshalJSON()
	out.Write(data)
	out.WriteByte('\n')
	return out.Bytes(), err
}
