// Command certanchor-pkcs11 signs the transactions of certanchor with a key in a PKCS #11
// token. It stands where the token is; the transaction comes and goes as a file.
//
//	certanchor-pkcs11 public --module LIB --token LABEL --key LABEL --pin-file FILE
//	certanchor-pkcs11 sign   --module LIB --token LABEL --key LABEL --pin-file FILE --in tx.psbt --out signed.psbt
package main

import (
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/certanchor/certanchor/anchor"
	"github.com/certanchor/certanchor/anchor/pkcs11"
)

const (
	exitOK    = 0
	exitUsage = 64
	exitIO    = 74
)

// maxPacket bounds the file that is read, in bytes; package anchor judges it.
const maxPacket = 16 << 20

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

func run(args []string, stdout, stderr io.Writer) int {
	err := sign(args, stdout, stderr)
	var key *pkcs11.Error
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return exitOK
	case errors.As(err, &key) && key.Code == pkcs11.CodeToken:
		fmt.Fprintln(stderr, "certanchor-pkcs11:", err)
		return exitIO
	}
	fmt.Fprintln(stderr, "certanchor-pkcs11:", err)
	return exitUsage
}

var errUsage = errors.New("say public or sign, with --module, --token and --key; sign also needs --in and --out")

func sign(args []string, stdout, stderr io.Writer) error {
	fs := flag.NewFlagSet("certanchor-pkcs11", flag.ContinueOnError)
	fs.SetOutput(stderr)
	var c pkcs11.Config
	fs.StringVar(&c.Module, "module", "", "the token's PKCS #11 library")
	fs.StringVar(&c.Token, "token", "", "label of the token")
	fs.StringVar(&c.PINFile, "pin-file", "", "file with the PIN, mode 0600 (or set "+pkcs11.PINFileVariable+" to its name)")
	label := fs.String("key", "", "label of the secp256k1 key")
	in := fs.String("in", "", "sign: the transaction, made by: certanchor issue --psbt-out")
	out := fs.String("out", "", "sign: file for the signed transaction")
	feeCap := fs.Int64("fee-cap", 100_000, "sign: most satoshis to pay")
	if len(args) == 0 {
		return errUsage
	}
	verb := args[0]
	if err := fs.Parse(args[1:]); err != nil {
		return err
	}
	signing := verb == "sign" && *in != "" && *out != ""
	if !signing && verb != "public" || c.Module == "" || c.Token == "" || *label == "" || fs.NArg() > 0 {
		return errUsage
	}
	token, err := pkcs11.Open(c)
	if err != nil {
		return err
	}
	defer token.Close()
	key, err := token.AnchorKey(*label)
	if err != nil {
		return err
	}
	if !signing {
		fmt.Fprintln(stdout, hex.EncodeToString(key.PublicKey().SerializeCompressed()))
		return nil
	}
	packet, err := readFile(*in)
	if err != nil {
		return err
	}
	signed, p, err := anchor.SignPSBT(packet, key, anchor.Sats(*feeCap))
	if err != nil {
		return err
	}
	if err := replace(*out, signed); err != nil {
		return err
	}
	fmt.Fprintln(stdout, *out)
	fmt.Fprintf(stderr, "Signed: root %x, fee %d sats, change %d sats to the key itself, nothing else.\n", p.Root, p.Fee, p.Change)
	return nil
}

func readFile(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, maxPacket))
}

// replace writes a file that is there whole or not at all.
func replace(name string, data []byte) error {
	f, err := os.CreateTemp(filepath.Dir(name), ".certanchor-")
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}
