package pkcs11

import (
	"bytes"
	"os"
	"strings"
	"sync"

	"github.com/miekg/pkcs11"
)

// PINFileVariable names the environment variable with the name of the PIN file, for when
// Config names none. The PIN itself is never taken from a flag or from the environment,
// which others can read.
const PINFileVariable = "CERTANCHOR_PKCS11_PIN_FILE"

// maxPINFile bounds the file in bytes; tokens take PINs of some dozen characters.
const maxPINFile = 1 << 10

// A Config says which token to open.
type Config struct {
	Module  string // the token's library, a file
	Token   string // the token's label
	PINFile string // its first line is the user PIN; only its owner may read it
}

// A Token is open and logged in. Calls are safe for concurrent use; the token is asked
// for one signature at a time.
type Token struct {
	mu      sync.Mutex
	module  *pkcs11.Ctx
	session pkcs11.SessionHandle
	started bool // by us, so that Close ends it
}

// Open loads the library, finds the token by its label and logs in. Codes: module,
// pin-file, no-token, many-tokens, wrong-pin, pin-locked, token.
func Open(c Config) (*Token, error) {
	pin, err := readPIN(c.PINFile)
	if err != nil {
		return nil, err
	}
	t := &Token{module: pkcs11.New(c.Module)}
	if t.module == nil {
		return nil, fail(CodeModule, nil, "%q is not a PKCS #11 library that can be loaded", c.Module)
	}
	if err := t.start(); err != nil {
		t.module.Destroy()
		return nil, err
	}
	if err := t.login(c.Token, pin); err != nil {
		t.end()
		return nil, err
	}
	return t, nil
}

// start initialises the library. It may have been, by another token of this process.
func (t *Token) start() error {
	err := t.module.Initialize()
	if isCode(err, pkcs11.CKR_CRYPTOKI_ALREADY_INITIALIZED) {
		return nil
	}
	if err != nil {
		return fail(CodeModule, err, "the library does not start; does it have its configuration?")
	}
	t.started = true
	return nil
}

func (t *Token) login(label, pin string) error {
	slot, err := t.find(label)
	if err != nil {
		return err
	}
	if t.session, err = t.module.OpenSession(slot, pkcs11.CKF_SERIAL_SESSION); err != nil {
		return fail(CodeToken, err, "no session with token %q", label)
	}
	switch err := t.module.Login(t.session, pkcs11.CKU_USER, pin); {
	case err == nil, isCode(err, pkcs11.CKR_USER_ALREADY_LOGGED_IN):
		return nil
	case isCode(err, pkcs11.CKR_PIN_INCORRECT, pkcs11.CKR_PIN_INVALID, pkcs11.CKR_PIN_LEN_RANGE):
		return fail(CodePIN, nil, "token %q refuses the PIN; it locks after a few wrong ones", label)
	case isCode(err, pkcs11.CKR_PIN_LOCKED):
		return fail(CodePINLocked, nil, "token %q is locked after too many wrong PINs; its security officer can set a new one", label)
	default:
		return fail(CodeToken, err, "no login to token %q", label)
	}
}

// find returns the slot of the one token with that label.
func (t *Token) find(label string) (slot uint, err error) {
	slots, err := t.module.GetSlotList(true)
	if err != nil {
		return 0, fail(CodeToken, err, "no list of tokens")
	}
	found, others := 0, []string{}
	for _, s := range slots {
		info, err := t.module.GetTokenInfo(s)
		if err != nil || info.Flags&pkcs11.CKF_TOKEN_INITIALIZED == 0 {
			continue
		}
		if name := strings.TrimRight(info.Label, " \x00"); name == label {
			slot = s
			found++
		} else {
			others = append(others, name)
		}
	}
	switch {
	case found == 0:
		return 0, fail(CodeNoToken, nil, "no token %q; there are %q", label, others)
	case found > 1:
		return 0, fail(CodeManyTokens, nil, "%d tokens are called %q", found, label)
	}
	return slot, nil
}

func readPIN(name string) (string, error) {
	if name == "" {
		name = os.Getenv(PINFileVariable)
	}
	if name == "" {
		return "", fail(CodePINFile, nil, "name the file with the PIN, or set %s to its name", PINFileVariable)
	}
	info, err := os.Stat(name)
	if err != nil {
		return "", fail(CodePINFile, err, "the PIN cannot be read")
	}
	if !info.Mode().IsRegular() || info.Size() > maxPINFile {
		return "", fail(CodePINFile, nil, "%s is not a file with a PIN", name)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return "", fail(CodePINFile, nil, "others can read the PIN; chmod 600 %s", name)
	}
	data, err := os.ReadFile(name)
	if err != nil {
		return "", fail(CodePINFile, err, "the PIN cannot be read")
	}
	line, _, _ := bytes.Cut(data, []byte("\n"))
	pin := strings.TrimRight(string(line), "\r")
	if pin == "" {
		return "", fail(CodePINFile, nil, "the first line of %s is empty", name)
	}
	return pin, nil
}

// Close logs out and ends the session. Keys of the token cannot be used afterwards.
func (t *Token) Close() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.module == nil {
		return nil
	}
	err := t.module.CloseSession(t.session)
	t.end()
	if err != nil {
		return fail(CodeToken, err, "the session does not close")
	}
	return nil
}

func (t *Token) end() {
	if t.started {
		// Nothing is lost if the library does not end well.
		_ = t.module.Finalize()
	}
	t.module.Destroy()
	t.module = nil
}
